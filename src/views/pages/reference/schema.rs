//! Schemas as lists of fields.

use super::document::{Document, anchor, choices, entries, kind_of, properties, text};
use super::markdown::markdown;
use askama::Template;
use serde_json::Value;

/// Deepest nesting of fields that is shown; a named schema is linked to instead.
const DEPTH_MAX: usize = 4;

/// The fields of an object, each perhaps with fields of its own.
#[derive(Default, Template)]
#[template(path = "reference_fields.html")]
pub(super) struct FieldList {
    pub fields: Vec<Field>,
}

/// A property, a parameter, or one of several shapes.
pub(super) struct Field {
    pub name: String,
    /// Where a parameter is: `path`, `query`, `header`. Empty for a property.
    pub place: String,
    pub kind: String,
    /// The named schema that it is.
    pub link: Option<String>,
    pub required: bool,
    pub description: String,
    /// Allowed values, default and bounds, each as label and value.
    pub limits: Vec<(&'static str, String)>,
    pub children: FieldList,
}

/// The fields of a schema, or its alternatives if it has several shapes.
pub(super) fn fields<'a>(doc: &Document<'a>, schema: &'a Value) -> FieldList {
    fields_within(doc, schema, DEPTH_MAX)
}

fn fields_within<'a>(doc: &Document<'a>, schema: &'a Value, depth: usize) -> FieldList {
    let schema = doc.resolve(schema);
    let Some(deeper) = depth.checked_sub(1) else {
        return FieldList::default();
    };
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    let own = properties(schema).map(|(name, property)| Field {
        required: required(name),
        ..field(doc, name, property, deeper)
    });
    let parts = schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let parts = parts.flat_map(|part| fields_within(doc, part, deeper).fields);
    let shapes = choices(schema).map(|shape| {
        let title = text(shape, "title");
        field(
            doc,
            if title.is_empty() { "one of" } else { title },
            shape,
            deeper,
        )
    });
    let mut fields: Vec<Field> = own.chain(parts).chain(shapes).collect();
    fields.sort_by_key(|field| !field.required);
    FieldList { fields }
}

fn field<'a>(doc: &Document<'a>, name: &str, schema: &'a Value, depth: usize) -> Field {
    let (kind, link) = kind(schema);
    let inner = schema.get("items").unwrap_or(schema);
    let children = if link.is_some() || name_of(inner).is_some() {
        FieldList::default()
    } else {
        fields_within(doc, inner, depth)
    };
    Field {
        name: name.to_owned(),
        place: String::new(),
        kind,
        link,
        required: false,
        description: markdown(description(doc, schema), 5),
        limits: limits(schema),
        children,
    }
}

/// A parameter of an operation.
pub(super) fn parameter<'a>(doc: &Document<'a>, parameter: &'a Value) -> Field {
    let parameter = doc.resolve(parameter);
    let schema = parameter.get("schema").unwrap_or(&Value::Null);
    Field {
        place: text(parameter, "in").to_owned(),
        required: parameter.get("required") == Some(&Value::Bool(true)),
        description: markdown(text(parameter, "description"), 5),
        ..field(doc, text(parameter, "name"), schema, 1)
    }
}

/// What a field says of itself, else what the schema that it names says.
fn description<'a>(doc: &Document<'a>, schema: &'a Value) -> &'a str {
    let own = text(schema, "description");
    let named = choices(schema).next().unwrap_or(schema);
    if own.is_empty() {
        text(doc.resolve(named), "description")
    } else {
        own
    }
}

/// The name of the schema that a reference points to.
fn name_of(schema: &Value) -> Option<&str> {
    text(schema, "$ref").rsplit_once('/').map(|(_, name)| name)
}

/// A schema's type in words, and the anchor of the named schema that it is.
pub(super) fn kind(schema: &Value) -> (String, Option<String>) {
    if let Some(name) = name_of(schema) {
        return (name.to_owned(), Some(anchor("schema", name)));
    }
    let nullable = if is_nullable(schema) { " or null" } else { "" };
    let shapes: Vec<_> = choices(schema).map(kind).collect();
    if !shapes.is_empty() {
        let words: Vec<&str> = shapes.iter().map(|(word, _)| word.as_str()).collect();
        let link = shapes.iter().find_map(|(_, link)| link.clone());
        return (
            words.join(" or ") + nullable,
            link.filter(|_| shapes.len() == 1),
        );
    }
    let (word, link) = match (kind_of(schema), schema.get("items"), text(schema, "format")) {
        ("array", Some(items), _) => {
            let (item, link) = kind(items);
            (format!("array of {item}"), link)
        }
        (word, _, "") => (word.to_owned(), None),
        (word, _, format) => (format!("{word}, {format}"), None),
    };
    (word + nullable, link)
}

fn is_nullable(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null" || kind.get("type").is_some_and(|t| t == "null");
    let lists = ["type", "oneOf", "anyOf"]
        .into_iter()
        .filter_map(|key| schema.get(key));
    lists.filter_map(Value::as_array).flatten().any(is_null)
}

/// What a schema allows: values, default and bounds, each as label and value.
pub(super) fn limits(schema: &Value) -> Vec<(&'static str, String)> {
    let labels = |key: &str| match key {
        "enum" => Some("One of"),
        "const" => Some("Always"),
        "default" => Some("Default"),
        "minimum" => Some("At least"),
        "maximum" => Some("At most"),
        "minLength" => Some("Shortest"),
        "maxLength" => Some("Longest"),
        "maxItems" => Some("Most items"),
        "pattern" => Some("Pattern"),
        _ => None,
    };
    let limits = entries(schema).filter_map(|(key, value)| Some((labels(key)?, words(value)?)));
    limits.collect()
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => Some(list.iter().filter_map(words).collect::<Vec<_>>().join(", ")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}
