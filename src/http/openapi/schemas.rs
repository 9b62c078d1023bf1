//! What holds for all schemas.

use super::json::members;
use serde_json::{Value, json};

/// What a text of a request may hold: all but control characters, save line breaks and tabs.
const TEXT: &str = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";

/// Adds to the schemas what their types cannot say.
pub(super) fn complete(mut schemas: Option<&mut Value>) {
    let names: Vec<String> = members(schemas.as_deref_mut())
        .map(|(name, _)| name.clone())
        .collect();
    for (name, schema) in members(schemas) {
        if let Some(item) = name
            .strip_suffix("List")
            .filter(|item| names.iter().any(|n| n == item))
        {
            let items = schema.pointer_mut("/properties/data/items");
            let reference = json!({"$ref": format!("#/components/schemas/{item}")});
            if let Some(items) = items {
                *items = reference;
            }
        }
        name_constants(schema);
        raise_descriptions(schema);
        if is_asked(name, schema) {
            limit_texts(schema);
        } else {
            require_nullable(schema);
        }
    }
}

/// Gives the lists plain names: `List_Refund`, as the type is called here, is `RefundList`.
pub(super) fn rename_lists(document: &mut Value) {
    let rename = |name: &str| {
        let item = name.strip_prefix("List_")?;
        Some(format!("{item}List"))
    };
    match document {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                if let Some(plain) = rename(&name)
                    && let Some(value) = members.remove(&name)
                {
                    members.insert(plain, value);
                }
            }
            members.values_mut().for_each(rename_lists);
        }
        Value::Array(items) => items.iter_mut().for_each(rename_lists),
        Value::String(text) => {
            if let Some((place, name)) = text.rsplit_once('/')
                && let Some(plain) = rename(name)
            {
                *text = format!("{place}/{plain}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is said of a property that may be null is beside the choice, where programs look for
/// it.
fn raise_descriptions(schema: &mut Value) {
    for (_, property) in members(schema.get_mut("properties")) {
        let choices = property.get_mut("oneOf").and_then(Value::as_array_mut);
        let choices = choices.into_iter().flatten();
        let texts: Vec<Value> = choices
            .filter_map(|choice| choice.as_object_mut()?.remove("description"))
            .collect();
        if let (Some(property), Some(text)) = (property.as_object_mut(), texts.into_iter().next())
            && !property.contains_key("description")
        {
            property.insert("description".to_owned(), text);
        }
    }
}

/// Whether callers send it.
fn is_asked(name: &str, schema: &Value) -> bool {
    schema.get("additionalProperties") == Some(&json!(false)) || name.ends_with("Request")
}

/// Texts that people read have a longest length and hold no control characters; notes likewise.
fn limit_texts(schema: &mut Value) {
    for (name, property) in members(schema.get_mut("properties")) {
        let Some(property) = property.as_object_mut() else {
            continue;
        };
        if name == "metadata" {
            let text = |most: u16| json!({"type": "string", "maxLength": most, "pattern": TEXT});
            let mut key = text(40);
            if let Some(key) = key.as_object_mut() {
                key.insert("minLength".to_owned(), json!(1));
            }
            property.insert("maxProperties".to_owned(), json!(50));
            property.insert("propertyNames".to_owned(), key);
            property.insert("additionalProperties".to_owned(), text(500));
        } else if property.contains_key("maxLength") && !property.contains_key("format") {
            property.insert("pattern".to_owned(), json!(TEXT));
        }
    }
}

/// Looks into the schemas as the handlers' types made them.
pub(super) struct Schemas(Value);

impl Schemas {
    /// Those of `document`.
    pub fn of(document: &Value) -> Self {
        Self(
            document
                .pointer("/components/schemas")
                .cloned()
                .unwrap_or_default(),
        )
    }

    /// The schema that `holder` refers to.
    fn referred(&self, holder: Option<&Value>) -> Option<(&str, &Value)> {
        let name = holder?.get("$ref")?.as_str()?.rsplit('/').next()?;
        let (name, schema) = self.0.as_object()?.get_key_value(name)?;
        Some((name, schema))
    }

    /// What refers to the ids of the items of a list, if this is the schema of one that is paged by
    /// them: the feed is not.
    pub fn ids_listed(&self, schema: Option<&Value>) -> Option<Value> {
        let (name, list) = self.referred(schema)?;
        if list.pointer("/properties/next_after").is_some() {
            return None;
        }
        let item = self.0.get(name.strip_suffix("List")?)?;
        item.pointer("/properties/id")
            .map(|id| json!({"$ref": id.get("$ref")}))
    }

    /// Whether a body of this schema may be empty.
    pub fn may_be_empty(&self, schema: Option<&Value>) -> bool {
        let referred = self.referred(schema);
        referred.is_some_and(|(_, schema)| schema.get("required").is_none())
    }
}

/// A property that is said to be always the same is so for programs, too.
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
            "other": {"oneOf": [{"$ref": "#", "description": "Why."}, {"type": "null"}]},
            "secret": {"type": "string"},
        }});
        let mut schemas = json!({
            "Thing": thing.clone(),
            "ThingList": {"properties": {"data": {"items": thing.clone()}}},
            "ThingRequest": thing,
        });
        complete(Some(&mut schemas));
        let thing = &schemas["Thing"];
        assert_eq!(thing["required"], json!(["object", "note", "other"]));
        assert_eq!(thing["properties"]["object"]["const"], "thing");
        assert_eq!(thing["properties"]["gone"]["const"], true);
        assert_eq!(thing["properties"]["other"]["description"], "Why.");
        assert_eq!(schemas["ThingRequest"]["required"], json!(["object"]));
        assert_eq!(
            schemas["ThingList"]["properties"]["data"]["items"],
            json!({"$ref": "#/components/schemas/Thing"})
        );
    }
}
