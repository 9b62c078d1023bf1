//! What holds for all operations, added to the document by rule.

use super::{
    components::Components,
    event_schemas,
    json::{members, merge},
    schemas::{self, Schemas},
};
use serde_json::{Map, Value, json};

/// What no handler tells: headers, keys, and what we send to callback endpoints.
const FIXED: &str = include_str!("fixed.json");

/// Adds to `document` what its operations have in common.
pub(super) fn complete(document: &mut Value) {
    schemas::rename_lists(document);
    let mut components = Components::new();
    let known = Schemas::of(document);
    for (path, item) in members(document.pointer_mut("/paths")) {
        for (method, operation) in members(Some(item)) {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation((path, method), operation, &known, &mut components);
            }
        }
    }
    schemas::complete(document.pointer_mut("/components/schemas"));
    let schemas = document.pointer_mut("/components/schemas");
    if let Some(schemas) = schemas.and_then(Value::as_object_mut) {
        event_schemas::split(schemas);
    }
    merge(document, components.into_part());
    merge(document, serde_json::from_str(FIXED).unwrap_or_default());
}

fn complete_operation(
    (path, method): (&str, &str),
    operation: &mut Map<String, Value>,
    known: &Schemas,
    components: &mut Components,
) {
    let takes_key = path.starts_with("/v1/") && path != "/v1/oauth/token";
    complete_query(operation, known);
    let id = operation.get("operationId").and_then(Value::as_str);
    let id = id.unwrap_or_default().to_owned();
    let is_post = takes_key && method == "post";
    let mut common = Vec::new();
    if takes_key {
        common = common_answers(path, method, operation);
    } else {
        operation.insert("security".to_owned(), json!([]));
    }
    if is_post {
        let parameters = operation.entry("parameters").or_insert(json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        }
    }
    if let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    {
        for name in common {
            components.add_response(name, responses);
        }
        for (status, response) in responses {
            components.complete_response(status, response, is_post);
            if status.starts_with('2') {
                components.show_outcome(&id, response);
            }
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        components.add_examples(body);
        let schema = body.pointer("/content/application~1json/schema");
        if known.may_be_empty(schema)
            && let Some(body) = body.as_object_mut()
        {
            // No body at all is read as `{}`.
            body.insert("required".to_owned(), json!(false));
        }
    }
}

/// A cursor is an id of the list, and no other text holds a NUL.
fn complete_query(operation: &mut Map<String, Value>, known: &Schemas) {
    let answer = operation
        .get("responses")
        .and_then(|all| all.pointer("/200/content/application~1json/schema"));
    let cursor = known.ids_listed(answer);
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let is_cursor = ["after", "before"]
            .map(Value::from)
            .contains(&parameter["name"]);
        let is_query = parameter["in"] == "query";
        let Some(schema) = parameter.get_mut("schema") else {
            continue;
        };
        let is_plain = schema.as_object().is_some_and(|schema| schema.len() == 1);
        if let Some(cursor) = cursor.as_ref().filter(|_| is_cursor) {
            schema.clone_from(cursor);
        } else if is_query && is_plain && schema["type"] == "string" {
            schema["pattern"] = json!(r"^[^\x00]*$");
        }
    }
}

/// Names of the answers that an operation can have because of its shape.
fn common_answers(path: &str, method: &str, operation: &Map<String, Value>) -> Vec<&'static str> {
    let mut names = vec![
        "Unauthorized",
        "Forbidden",
        "RateLimited",
        "Failed",
        "Unavailable",
    ];
    if path.contains('{') {
        names.push("NotFound");
    }
    if method == "post" {
        names.extend(["InvalidJsonOrKey", "KeyInUse", "InvalidPost"]);
    }
    // A DELETE needs no body, but one that is sent is read.
    if operation.contains_key("requestBody") || method == "delete" {
        names.extend([
            "InvalidJson",
            "BodyLate",
            "BodyTooLarge",
            "NotJson",
            "InvalidChange",
        ]);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let mut parameters = parameters.into_iter().flatten();
    if parameters.any(|p| p.get("in") == Some(&json!("query"))) {
        names.push("InvalidParameter");
    }
    names.push("UnknownParameter");
    names
}
