//! The API reference: the OpenAPI document as a page to read, without script.

mod code;
mod document;
mod markdown;
mod operation;
mod schema;

use crate::base::language::{Language, Locale, Texts};
use askama::Template;
use code::Code;
use document::Document;
use markdown::markdown;
use operation::{Operation, operations};
use schema::{FieldList, fields, limits};
use serde_json::Value;

/// Renders the API reference from an OpenAPI 3.1 document. It is in English, as the API is.
pub fn reference_page(openapi: &Value) -> Result<String, askama::Error> {
    let doc = Document::new(openapi);
    View {
        locale: Locale::default(),
        // Its style is found from its own address, wherever that is.
        root: ".",
        t: Language::En.texts(),
        title: doc.text("/info/title"),
        version: doc.text("/info/version"),
        intro: markdown(doc.text("/info/description"), 2),
        groups: groups(&doc),
        schemas: schemas(&doc),
    }
    .render()
}

/// What the template sees.
#[derive(Template)]
#[template(path = "reference.html")]
struct View<'a> {
    locale: Locale,
    root: &'a str,
    t: &'static Texts,
    title: &'a str,
    version: &'a str,
    intro: String,
    groups: Vec<Group<'a>>,
    schemas: Vec<Schema<'a>>,
}

/// The operations of one tag.
struct Group<'a> {
    name: &'a str,
    anchor: String,
    intro: String,
    operations: Vec<Operation<'a>>,
}

/// A named schema of the document.
struct Schema<'a> {
    name: &'a str,
    anchor: String,
    intro: String,
    /// Allowed values and bounds, each as label and value.
    limits: Vec<(&'static str, String)>,
    fields: FieldList,
    example: Code,
}

/// The tags in the order of the document, then those that only operations name.
fn groups<'a>(doc: &Document<'a>) -> Vec<Group<'a>> {
    let listed = doc.list("/tags").filter_map(|tag| {
        let name = tag.get("name")?.as_str()?;
        Some((name, tag.get("description").and_then(Value::as_str)))
    });
    let mut tags: Vec<(&str, Option<&str>)> = listed.collect();
    let mut all = operations(doc);
    for operation in &all {
        if tags.iter().all(|(name, _)| *name != operation.tag) {
            tags.push((operation.tag, None));
        }
    }
    let group = |(name, intro): (&'a str, Option<&'a str>)| {
        let operations: Vec<_> = all.extract_if(.., |o| o.tag == name).collect();
        (!operations.is_empty()).then(|| Group {
            name,
            anchor: document::anchor("tag", name),
            intro: markdown(intro.unwrap_or_default(), 3),
            operations,
        })
    };
    tags.into_iter().filter_map(group).collect()
}

fn schemas<'a>(doc: &Document<'a>) -> Vec<Schema<'a>> {
    let named = doc.map("/components/schemas");
    named
        .map(|(name, schema)| Schema {
            name,
            anchor: document::anchor("schema", name),
            intro: markdown(document::text(schema, "description"), 4),
            limits: limits(schema),
            fields: fields(doc, schema),
            example: match doc.named_example(name) {
                Some(example) => Code::json(example),
                None => Code::json(&doc.example(schema)),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn openapi() -> Value {
        json!({
            "info": {"title": "Threadpay", "version": "1", "description": "<script>x</script>"},
            "servers": [{"url": "https://pay.example"}],
            "security": [{"key": []}],
            "tags": [{"name": "Intents", "description": "Ask for money."}, {"name": "Unused"}],
            "paths": {"/v1/things": {
                "parameters": [{"name": "Idempotency-Key", "in": "header", "required": true,
                    "schema": {"type": "string"}, "example": "k-1"}],
                "get": {"security": [], "responses": {"200": {"description": "A list."}}},
                "post": {"tags": ["Intents"], "operationId": "create_thing", "summary": "Create",
                    "requestBody": {"content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/Thing"}}}},
                    "responses": {
                        "201": {"description": "Made.", "content": {"application/json": {
                            "schema": {"$ref": "#/components/schemas/Thing"}}}},
                        "422": {"$ref": "#/components/responses/Invalid"}}},
            }},
            "components": {
                "responses": {"Invalid": {"description": "A field is not valid."}},
                "schemas": {"Thing": {"type": "object", "required": ["label"], "properties": {
                    "again": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Thing"}]},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "label": {"type": "string", "example": "it's <b>"},
                    "lines": {"type": "array", "items": {"type": "object", "properties": {
                        "quantity": {"type": "integer", "minimum": 1}}}},
                }}},
            },
        })
    }

    #[test]
    fn shows_operations_fields_examples_and_answers() {
        let page = reference_page(&openapi()).unwrap();
        for part in [
            "id=\"tag-Intents\"",
            "id=\"op-create-thing\"",
            "id=\"get-v1-things\"",
            "id=\"schema-Thing\"",
            "<a href=\"#schema-Thing\">Thing or null</a>",
            "Fields of <code>lines</code>",
            "One of <code>a, b</code>",
            "A field is not valid.",
            "curl -X POST &#34;https://pay.example/v1/things&#34;",
            "Idempotency-Key: k-1",
            "Authorization: Bearer $THREADPAY_API_KEY",
            "it&#39;\\&#39;&#39;s &#60;b&#62;",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("Authorization: Bearer").count(), 1);
        assert!(!page.contains("<script") && !page.contains("Unused"));
    }

    #[test]
    fn a_document_of_another_shape_is_an_empty_page() {
        for odd in [
            json!(null),
            json!([]),
            json!({"paths": 1, "tags": {}, "info": []}),
        ] {
            assert!(reference_page(&odd).unwrap().contains("<h1>"));
        }
    }
}
