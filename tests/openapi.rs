//! The contract that is checked in is that of the code, and holds for every operation.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};
use threadpay::http::openapi;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");

fn document() -> Value {
    serde_json::from_str(&openapi::document()).unwrap()
}

/// Method, path and operation of all that the document tells.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

#[test]
fn the_file_is_what_the_code_says() {
    let file = fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        file == openapi::document(),
        "openapi/openapi.json is not what the code says: run `cargo run -- openapi > openapi/openapi.json` and read the difference"
    );
}

/// The tests of roles and of walls between merchants go by the document: a route that it does not
/// tell would be tested by none.
#[test]
fn every_route_is_told() {
    let http = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http");
    let api = fs::read_dir(format!("{http}/api")).unwrap();
    let files = api.map(|door| door.unwrap().path());
    let files = files.chain([format!("{http}/operations.rs").into()]);
    let routes = files.map(|path| fs::read_to_string(path).unwrap().matches(".route(").count());
    assert_eq!(routes.sum::<usize>(), operations(&document()).len());
}

#[test]
fn every_operation_is_told_in_full() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let text = |member: &str| operation[member].as_str().unwrap_or_default();
        assert!(!text("summary").is_empty(), "{name} has no summary");
        assert!(
            ids.insert(text("operationId")),
            "{name} has no id of its own"
        );
        assert!(operation["tags"].is_array(), "{name} has no tag");
        let bodies = [&operation["requestBody"]].into_iter();
        let responses = operation["responses"].as_object().unwrap();
        for body in bodies.chain(responses.values()) {
            let contents = body["content"].as_object().into_iter().flatten();
            for (kind, media) in contents.filter(|(kind, _)| kind.ends_with("json")) {
                let told = media["examples"].is_object() || !media["example"].is_null();
                assert!(told, "{name} has no example of {kind}");
            }
        }
    }
}

#[test]
fn every_call_with_a_key_tells_the_errors_of_keys() {
    let document = document();
    let secured = operations(&document)
        .into_iter()
        .filter(|(_, operation)| operation.get("security").is_none());
    let mut count = 0;
    for (name, operation) in secured {
        count += 1;
        let needs_id = name.contains('{');
        let statuses = ["401", "403", "429", "500", "503"].into_iter();
        for status in statuses.chain(needs_id.then_some("404")) {
            let told = operation["responses"].get(status).is_some();
            assert!(told, "{name} does not tell of {status}");
        }
        let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
        let parameters = operation["parameters"].as_array();
        let takes_key = parameters.is_some_and(|all| all.contains(&key));
        assert_eq!(takes_key, name.starts_with("post "), "{name}");
    }
    assert!(count > 25);
}

#[test]
fn an_example_shows_what_the_call_did() {
    let document = document();
    let example = |path: &str, status: &str| {
        let media = &document["paths"][path]["post"]["responses"][status]["content"];
        let examples = media["application/json"]["examples"].as_object().unwrap();
        let place = examples.values().next().unwrap()["$ref"].as_str().unwrap();
        document.pointer(place.trim_start_matches('#')).unwrap()["value"].clone()
    };
    let made = example("/v1/payment_intents", "201");
    assert_eq!(made["status"], "requires_payment");
    assert_eq!(made["amount_captured"], "0.00");
    let canceled = example("/v1/payment_intents/{id}/cancel", "200");
    assert_eq!(canceled["status"], "canceled");
    let off = example("/v1/payment_links/{id}/deactivate", "200");
    assert_eq!(off["status"], "inactive");
}

#[test]
fn names_and_descriptions_serve_programs() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
        let words = schema["enum"].as_array().into_iter().flatten();
        for word in words.map(|word| word.as_str().unwrap()) {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._".contains(&b);
            assert!(word.bytes().all(is_plain), "{name} {word}");
            let told = schema["description"].as_str().unwrap_or_default();
            assert!(told.contains(&format!("`{word}`: ")), "{name} {word}");
        }
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let told = property["description"].is_string();
            assert!(told, "{name}.{field} is not told");
        }
    }
}

#[test]
fn what_a_request_may_hold_is_told_to_programs() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let intent = &schemas["IntentRequest"]["properties"];
    assert_eq!(intent["description"]["maxLength"], 500);
    assert!(intent["description"]["pattern"].is_string());
    assert_eq!(intent["metadata"]["propertyNames"]["maxLength"], 40);
    assert_eq!(intent["amount"]["$ref"], "#/components/schemas/Amount");
    let list = &document["paths"]["/v1/payment_intents"]["get"]["parameters"];
    let cursors = list.as_array().unwrap().iter();
    let cursors = cursors.filter(|p| p["name"] == "after" || p["name"] == "before");
    let id = json!({"$ref": "#/components/schemas/IntentId"});
    assert!(cursors.map(|p| &p["schema"]).eq([&id, &id]));
    // All that a cancellation says may be left out, so the body may be, too.
    for (path, required) in [("/cancel", false), ("/confirm", true)] {
        let path = format!("/v1/payment_intents/{{id}}{path}");
        let body = &document["paths"][&path]["post"]["requestBody"];
        assert_eq!(body["required"], required, "{path}");
    }
}
