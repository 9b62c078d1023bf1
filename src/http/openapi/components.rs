//! Components that operations share: common answers, examples, headers.

use super::problems;
use serde_json::{Map, Value, json};

/// The examples of whole objects, each under the name of its schema.
const EXAMPLES: &str = include_str!("examples.json");

/// Answers that many operations can have, as components: name, status and description.
const COMMON: [(&str, &str, &str); 15] = [
    (
        "BadRequest",
        "400",
        "`invalid_json`: the body cannot be read.",
    ),
    (
        "BadRequestOrKey",
        "400",
        "`invalid_json`, `idempotency_key_required`, `idempotency_key_invalid`.",
    ),
    (
        "Unauthorized",
        "401",
        "`unauthorized`: there is no key or token, or none that is valid.",
    ),
    (
        "Forbidden",
        "403",
        "`forbidden`: the role of the key may not do this.",
    ),
    (
        "NotFound",
        "404",
        "`not_found`: there is no such object, or it is another merchant's.",
    ),
    (
        "KeyInUse",
        "409",
        "`idempotency_key_in_use`: the first request with this key still runs.",
    ),
    (
        "BodyLate",
        "408",
        "`request_timeout`: the body did not arrive in time.",
    ),
    (
        "BodyTooLarge",
        "413",
        "`body_too_large`: a body has at most 64 KiB.",
    ),
    (
        "NotJson",
        "415",
        "`unsupported_media_type`: the body must be `application/json`.",
    ),
    (
        "KeyReused",
        "422",
        "`unknown_field`, `idempotency_key_reused`.",
    ),
    (
        "NoFields",
        "422",
        "`unknown_field`: the body has no fields.",
    ),
    (
        "InvalidParameter",
        "422",
        "`invalid_request`: `param` names the parameter at fault.",
    ),
    (
        "RateLimited",
        "429",
        "`rate_limited`: the key makes more requests a second than it may.",
    ),
    ("Failed", "500", "`internal_error`: a fault of ours."),
    (
        "Unavailable",
        "503",
        "`overloaded`: nothing was done. `unavailable`: the database is away.",
    ),
];

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

    /// Adds the common answer of this name, unless the operation has its own of that status.
    pub fn add_response(&mut self, name: &'static str, responses: &mut Map<String, Value>) {
        let found = COMMON.iter().find(|(known, ..)| *known == name);
        if let Some((_, status, description)) = found
            && !responses.contains_key(*status)
        {
            let mut response = json!({ "description": description });
            self.complete_response(status, &mut response, false);
            self.responses.insert(name.to_owned(), response);
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            responses.insert((*status).to_owned(), reference);
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
        let examples = problems::examples(description).into_iter();
        let examples: Map<_, _> = examples
            .map(|(code, value)| (code.to_owned(), self.refer(code, &value)))
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
            let item = known(schema.strip_prefix("List_")?)?;
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

/// The members of an object; none if it is something else.
pub(super) fn members(node: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    node.and_then(Value::as_object_mut).into_iter().flatten()
}
