//! Components that operations share: common answers, examples, headers.

use super::{
    json::{members, merge},
    problems,
};
use crate::base::problem::ProblemCode as Code;
use serde_json::{Map, Value, json};

/// The examples of whole objects, each under the name of its schema.
const EXAMPLES: &str = include_str!("examples.json");

/// Answers that many operations can have, as components: name and codes, all of one status.
const COMMON: [(&str, &[Code]); 16] = [
    ("InvalidJson", &[Code::InvalidJson]),
    (
        "InvalidJsonOrKey",
        &[
            Code::InvalidJson,
            Code::IdempotencyKeyRequired,
            Code::IdempotencyKeyInvalid,
        ],
    ),
    ("Unauthorized", &[Code::Unauthorized]),
    ("Forbidden", &[Code::Forbidden]),
    ("NotFound", &[Code::NotFound]),
    ("KeyInUse", &[Code::IdempotencyKeyInUse]),
    ("BodyLate", &[Code::RequestTimeout]),
    ("BodyTooLarge", &[Code::BodyTooLarge]),
    ("NotJson", &[Code::UnsupportedMediaType]),
    (
        "InvalidPost",
        &[
            Code::UnknownField,
            Code::UnknownParameter,
            Code::IdempotencyKeyReused,
        ],
    ),
    (
        "InvalidChange",
        &[Code::UnknownField, Code::UnknownParameter],
    ),
    (
        "InvalidParameter",
        &[Code::InvalidRequest, Code::UnknownParameter],
    ),
    ("UnknownParameter", &[Code::UnknownParameter]),
    ("RateLimited", &[Code::RateLimited]),
    ("Failed", &[Code::InternalError]),
    ("Unavailable", &[Code::Overloaded, Code::Unavailable]),
];

/// What differs from the example of an object where an operation has just given it, by the id of
/// the operation.
const OUTCOMES: &str = include_str!("outcomes.json");

/// The statuses that come with the header `Retry-After`.
const RETRY_LATER: [&str; 3] = ["409", "429", "503"];

/// Components that operations refer to; only those that some operation does are kept.
pub(super) struct Components {
    known: Map<String, Value>,
    examples: Map<String, Value>,
    responses: Map<String, Value>,
}

impl Components {
    /// None yet.
    pub fn new() -> Self {
        Self {
            known: serde_json::from_str(EXAMPLES).unwrap_or_default(),
            examples: Map::new(),
            responses: Map::new(),
        }
    }

    /// Adds the common answer of this name, or what it says to the answer that the operation has
    /// of that status.
    pub fn add_response(&mut self, name: &'static str, responses: &mut Map<String, Value>) {
        let found = COMMON.iter().find(|(known, _)| *known == name);
        let Some((_, codes)) = found else { return };
        let Some(status) = codes.first().map(|code| code.status().to_string()) else {
            return;
        };
        let described = responses
            .get_mut(&status)
            .and_then(|own| own.get_mut("description"));
        if let Some(Value::String(description)) = described {
            let known = problems::named(description);
            let mut missing = codes.to_vec();
            missing.retain(|code| !known.contains(code));
            if !missing.is_empty() {
                description.push(' ');
                description.push_str(&problems::refused(&missing));
            }
        } else if !responses.contains_key(&status) {
            let mut response = json!({ "description": problems::refused(codes) });
            self.complete_response(&status, &mut response, false);
            self.responses.insert(name.to_owned(), response);
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            responses.insert(status, reference);
        }
    }

    /// Adds what an answer of this status has: a problem if it is an error, and headers.
    pub fn complete_response(&mut self, status: &str, response: &mut Value, is_post: bool) {
        let Some(members) = response.as_object_mut() else {
            return;
        };
        if members.contains_key("$ref") {
            return;
        }
        let is_error = status.starts_with(['4', '5']);
        if is_error && !members.contains_key("content") {
            let description = members.get("description").and_then(Value::as_str);
            let content = self.problem(description.unwrap_or_default());
            members.insert("content".to_owned(), content);
        }
        let header = if RETRY_LATER.contains(&status) {
            Some("Retry-After")
        } else if is_post && status.starts_with('2') {
            Some("Idempotent-Replayed")
        } else {
            None
        };
        if let Some(name) = header {
            let reference = json!({"$ref": format!("#/components/headers/{name}")});
            members.insert("headers".to_owned(), json!({ name: reference }));
        }
        self.add_examples(response);
    }

    /// The content of an error whose description names these codes.
    fn problem(&mut self, description: &str) -> Value {
        let codes = problems::named(description).into_iter();
        let examples: Map<_, _> = codes
            .map(|code| {
                let example = problems::example(code);
                (code.to_string(), self.refer(code.as_str(), &example))
            })
            .collect();
        json!({"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples,
        }})
    }

    /// Adds to every content of a body the example of its schema, if it has none of its own.
    pub fn add_examples(&mut self, body: &mut Value) {
        for (_, media) in members(body.get_mut("content")) {
            let schema = media.pointer("/schema/$ref").and_then(Value::as_str);
            let name = schema.and_then(|path| path.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.map(str::to_owned)
                && let Some(value) = self.example(&name)
                && let Some(media) = media.as_object_mut()
                && !media.contains_key("example")
            {
                let reference = self.refer(&name, &value);
                media.insert("examples".to_owned(), json!({ name: reference }));
            }
        }
    }

    /// Shows in the answer of an operation that went well what the operation did to its object.
    pub fn show_outcome(&mut self, operation: &str, response: &mut Value) {
        let outcomes: Value = serde_json::from_str(OUTCOMES).unwrap_or_default();
        let media = response.pointer_mut("/content/application~1json");
        let (Some(outcome), Some(media)) = (outcomes.get(operation), media) else {
            return;
        };
        let schema = media.pointer("/schema/$ref").and_then(Value::as_str);
        let name = schema.and_then(|path| path.rsplit('/').next());
        if let Some(mut example) = name.and_then(|name| self.example(name)) {
            merge(&mut example, outcome.clone());
            media["examples"] = json!({ operation: self.refer(operation, &example) });
        }
    }

    /// An object of this schema, or a list of one.
    fn example(&self, schema: &str) -> Option<Value> {
        let known = |name: &str| self.known.get(name).cloned();
        if schema == "EventList" {
            let event = known("Event")?;
            let place = event.get("sequence").cloned();
            return Some(
                json!({"object": "list", "data": [event], "has_more": false, "next_after": place}),
            );
        }
        known(schema).or_else(|| {
            let item = known(schema.strip_suffix("List")?)?;
            Some(json!({"object": "list", "data": [item], "has_more": false}))
        })
    }

    fn refer(&mut self, name: &str, value: &Value) -> Value {
        self.examples
            .insert(name.to_owned(), json!({ "value": value }));
        json!({"$ref": format!("#/components/examples/{name}")})
    }

    /// The components that are referred to, as a part of the document.
    pub fn into_part(self) -> Value {
        json!({"components": {"examples": self.examples, "responses": self.responses}})
    }
}
