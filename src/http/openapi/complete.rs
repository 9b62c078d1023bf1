//! What holds for all operations, added to the document by rule.

use super::{
    schemas,
    shared::{Shared, members},
};
use serde_json::{Map, Value, json};

/// What we send to callback endpoints; no handler of ours tells it.
const WEBHOOKS: &str = include_str!("webhooks.json");

/// Adds to `document` what its operations have in common.
pub(super) fn complete(document: &mut Value) {
    let mut shared = Shared::new();
    for (path, item) in members(document.pointer_mut("/paths")) {
        for (method, operation) in members(Some(item)) {
            if let Some(operation) = operation.as_object_mut() {
                complete_operation(path, method, operation, &mut shared);
            }
        }
    }
    if let Some(document) = document.as_object_mut() {
        let webhooks = serde_json::from_str(WEBHOOKS).unwrap_or_default();
        document.insert("webhooks".to_owned(), webhooks);
    }
    schemas::complete(document.pointer_mut("/components/schemas"));
    if let Some(components) = document
        .pointer_mut("/components")
        .and_then(Value::as_object_mut)
    {
        components.extend(shared.into_components());
    }
}

fn complete_operation(
    path: &str,
    method: &str,
    operation: &mut Map<String, Value>,
    shared: &mut Shared,
) {
    let takes_key = path.starts_with("/v1/") && path != "/v1/oauth/token";
    let mut common = Vec::new();
    if takes_key {
        common = common_answers(path, method, operation);
    } else {
        operation.insert("security".to_owned(), json!([]));
    }
    let is_post = takes_key && method == "post";
    if is_post {
        let parameters = operation.entry("parameters").or_insert(json!([]));
        let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
        if let Some(all) = parameters.as_array_mut() {
            all.push(key);
        }
    }
    if let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    {
        for name in common {
            shared.add_response(name, responses);
        }
        for (status, response) in responses {
            shared.complete_response(status, response, is_post);
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        shared.add_examples(body);
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
        names.extend(["BadRequestOrKey", "KeyInUse"]);
    }
    if operation.contains_key("requestBody") {
        names.extend(["BadRequest", "BodyTooLarge", "NotJson"]);
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let mut parameters = parameters.into_iter().flatten();
    if parameters.any(|p| p.get("in") == Some(&json!("query"))) {
        names.push("InvalidParameter");
    }
    names
}
