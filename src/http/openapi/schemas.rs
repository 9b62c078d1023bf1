//! What holds for all schemas.

use super::components::members;
use serde_json::{Value, json};

/// Adds to the schemas what their types cannot say.
pub(super) fn complete(mut schemas: Option<&mut Value>) {
    let names: Vec<String> = members(schemas.as_deref_mut())
        .map(|(name, _)| name.clone())
        .collect();
    for (name, schema) in members(schemas) {
        if let Some(item) = name
            .strip_prefix("List_")
            .filter(|item| names.iter().any(|n| n == item))
        {
            let items = schema.pointer_mut("/properties/data/items");
            let reference = json!({"$ref": format!("#/components/schemas/{item}")});
            if let Some(items) = items {
                *items = reference;
            }
        }
        name_constants(schema);
        if !is_asked(name, schema) {
            require_nullable(schema);
        }
    }
}

/// Whether callers send it.
fn is_asked(name: &str, schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&json!(false)) || name.ends_with("Request")
}

/// A property that is told to be always the same is so for programs, too.
fn name_constants(schema: &mut Value) {
    for (_, property) in members(schema.get_mut("properties")) {
        let text = property.get("description").and_then(Value::as_str);
        let word = text.and_then(|text| text.strip_prefix("Always `")?.split_once('`'));
        let Some((word, _)) = word else { continue };
        let constant = match property.get("type").and_then(Value::as_str) {
            Some("boolean") => json!(word == "true"),
            Some(_) | None => json!(word),
        };
        if let Some(property) = property.as_object_mut() {
            property.remove("example");
            property.insert("const".to_owned(), constant);
        }
    }
}

/// What we answer always has all its properties, with null for what is not there. What may be
/// left out is not nullable.
fn require_nullable(schema: &mut Value) {
    let properties = members(schema.get_mut("properties"));
    let nullable = properties.filter(|(_, property)| is_nullable(property));
    let nullable: Vec<Value> = nullable.map(|(name, _)| json!(name)).collect();
    let required = schema.get_mut("required").and_then(Value::as_array_mut);
    if let Some(required) = required {
        required.extend(nullable);
    }
}

fn is_nullable(property: &Value) -> bool {
    let null = json!("null");
    let types = property.get("type").and_then(Value::as_array);
    let choices = property.get("oneOf").and_then(Value::as_array);
    types.is_some_and(|types| types.contains(&null))
        || choices.is_some_and(|choices| choices.iter().any(|c| c.get("type") == Some(&null)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_all_their_properties_and_lists_refer_to_their_items() {
        let thing = json!({"required": ["object"], "properties": {
            "object": {"description": "Always `thing`.", "type": "string", "example": "thing"},
            "gone": {"description": "Always `true`.", "type": "boolean"},
            "note": {"type": ["string", "null"]},
            "other": {"oneOf": [{"$ref": "#"}, {"type": "null"}]},
            "secret": {"type": "string"},
        }});
        let mut schemas = json!({
            "Thing": thing.clone(),
            "List_Thing": {"properties": {"data": {"items": thing.clone()}}},
            "ThingRequest": thing,
        });
        complete(Some(&mut schemas));
        let thing = &schemas["Thing"];
        assert_eq!(thing["required"], json!(["object", "note", "other"]));
        assert_eq!(thing["properties"]["object"]["const"], "thing");
        assert_eq!(thing["properties"]["gone"]["const"], true);
        assert_eq!(schemas["ThingRequest"]["required"], json!(["object"]));
        assert_eq!(
            schemas["List_Thing"]["properties"]["data"]["items"],
            json!({"$ref": "#/components/schemas/Thing"})
        );
    }
}
