//! Finding one's way in an OpenAPI document, which is read as plain JSON: what is absent or of
//! another shape reads as empty, for a page that lacks a line is better than none.

use serde_json::{Map, Value, json};

/// Deepest nesting of schemas that is followed; a schema may contain itself.
const DEPTH_MAX: usize = 6;

/// An OpenAPI document.
pub(super) struct Document<'a> {
    root: &'a Value,
}

impl<'a> Document<'a> {
    pub fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// The text at a JSON pointer.
    pub fn text(&self, pointer: &str) -> &'a str {
        let node = self.root.pointer(pointer);
        node.and_then(Value::as_str).unwrap_or_default()
    }

    /// The items of the array at a JSON pointer.
    pub fn list(&self, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let node = self.root.pointer(pointer);
        node.and_then(Value::as_array).into_iter().flatten()
    }

    /// The members of the object at a JSON pointer.
    pub fn map(&self, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        let node = self.root.pointer(pointer);
        node.into_iter().flat_map(entries)
    }

    /// Follows `$ref` to what it names.
    pub fn resolve(&self, node: &'a Value) -> &'a Value {
        let mut node = node;
        for _ in 0..DEPTH_MAX {
            let target = node.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|target| target.strip_prefix('#'));
            match target.and_then(|pointer| self.root.pointer(pointer)) {
                Some(found) => node = found,
                None => break,
            }
        }
        node
    }

    /// The example that the document has under the name of a schema.
    pub fn named_example(&self, schema: &str) -> Option<&'a Value> {
        let pointer = format!("/components/examples/{schema}/value");
        self.root.pointer(&pointer)
    }

    /// A value that fits a schema: the one it gives as an example, else one made from its parts.
    pub fn example(&self, schema: &'a Value) -> Value {
        self.example_within(schema, DEPTH_MAX)
    }

    fn example_within(&self, schema: &'a Value, depth: usize) -> Value {
        let name = text(schema, "$ref").strip_prefix("#/components/schemas/");
        if let Some(named) = name.and_then(|name| self.named_example(name)) {
            return named.clone();
        }
        let schema = self.resolve(schema);
        if let Some(given) = given_example(schema) {
            return given.clone();
        }
        let Some(deeper) = depth.checked_sub(1) else {
            return Value::Null;
        };
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.example_within(part, deeper));
            let parts = parts.filter_map(|part| part.as_object().cloned());
            return Value::Object(parts.flatten().collect::<Map<_, _>>());
        }
        if let Some(choice) = choices(schema).next() {
            return self.example_within(choice, deeper);
        }
        match kind_of(schema) {
            "object" => {
                let members = properties(schema).map(|(name, property)| {
                    (name.to_owned(), self.example_within(property, deeper))
                });
                Value::Object(members.collect())
            }
            "array" => {
                let item = schema
                    .get("items")
                    .map(|items| self.example_within(items, deeper));
                Value::Array(item.into_iter().collect())
            }
            "integer" | "number" => json!(0),
            "boolean" => json!(false),
            "string" => json!("…"),
            _ => Value::Null,
        }
    }
}

/// The members of an object, in the document's order.
pub(super) fn entries(node: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = node.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// The properties of an object's schema.
pub(super) fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema.get("properties").into_iter().flat_map(entries)
}

/// The alternatives of a schema, without `null`.
pub(super) fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    let all = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key)?.as_array());
    all.flatten().filter(|choice| kind_of(choice) != "null")
}

/// A schema's type, its first that is not `null` if it has several.
pub(super) fn kind_of(schema: &Value) -> &str {
    let named = |kind: &Value| kind.as_str().is_some_and(|kind| kind != "null");
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => kinds
            .iter()
            .find(|kind| named(kind))
            .and_then(Value::as_str)
            .unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

/// The text of a member.
pub(super) fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// An id for an element that can be linked to: letters, digits and hyphens.
pub(super) fn anchor(kind: &str, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().map(plain).collect();
    format!("{kind}-{}", name.trim_matches('-'))
}

/// The example that a schema, a media type or a parameter gives itself.
pub(super) fn given_example(node: &Value) -> Option<&Value> {
    // Schemas list their examples, media types and parameters name them.
    let several = node.get("examples");
    let listed = several.and_then(|examples| examples.get(0));
    let named = several.into_iter().flat_map(entries).next();
    let first = listed.or_else(|| named?.1.get("value"));
    node.get("example")
        .or(first)
        .or_else(|| node.get("const"))
        .or_else(|| node.get("default"))
        .or_else(|| node.get("enum")?.get(0))
}
