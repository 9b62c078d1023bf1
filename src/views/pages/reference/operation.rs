//! Operations: one method on one path.

use super::code::Code;
use super::document::{Document, anchor, entries, given_example, text};
use super::markdown::markdown;
use super::schema::{FieldList, fields, kind, parameter};
use serde_json::Value;

/// One operation of the API.
pub(super) struct Operation<'a> {
    pub tag: &'a str,
    pub anchor: String,
    pub method: String,
    pub path: &'a str,
    pub summary: &'a str,
    pub description: String,
    pub deprecated: bool,
    pub parameters: FieldList,
    pub body: FieldList,
    pub responses: Vec<Response<'a>>,
    /// The request as a command for a shell.
    pub request: Code,
    /// The body of the first answer that has one.
    pub answer: Code,
}

/// One answer of an operation.
pub(super) struct Response<'a> {
    pub status: &'a str,
    pub description: String,
    pub kind: String,
    pub link: Option<String>,
}

/// An operation as the document has it.
struct Source<'d, 'a> {
    doc: &'d Document<'a>,
    method: &'static str,
    path: &'a str,
    node: &'a Value,
    parameters: Vec<&'a Value>,
}

/// Methods in the order in which they are shown, for one path.
const METHODS: [&str; 5] = ["post", "get", "put", "patch", "delete"];

/// All operations of the document.
pub(super) fn operations<'a>(doc: &Document<'a>) -> Vec<Operation<'a>> {
    let sources = doc.map("/paths").flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let node = item.get(method)?;
            let shared = [item, node]
                .into_iter()
                .filter_map(|at| at.get("parameters")?.as_array());
            let parameters = shared
                .flatten()
                .map(|parameter| doc.resolve(parameter))
                .collect();
            Some(Source {
                doc,
                method,
                path,
                node,
                parameters,
            })
        })
    });
    sources.map(|source| source.operation()).collect()
}

impl<'a> Source<'_, 'a> {
    fn operation(&self) -> Operation<'a> {
        let tags = self.node.get("tags").and_then(|tags| tags.get(0));
        let id = text(self.node, "operationId");
        let parameters = self
            .parameters
            .iter()
            .map(|given| parameter(self.doc, given));
        Operation {
            tag: tags.and_then(Value::as_str).unwrap_or("Other"),
            anchor: if id.is_empty() {
                anchor(self.method, self.path)
            } else {
                anchor("op", id)
            },
            method: self.method.to_uppercase(),
            path: self.path,
            summary: text(self.node, "summary"),
            description: markdown(text(self.node, "description"), 4),
            deprecated: self.node.get("deprecated") == Some(&Value::Bool(true)),
            parameters: FieldList {
                fields: parameters.collect(),
            },
            body: self
                .body()
                .map(|(_, media)| self.body_fields(media))
                .unwrap_or_default(),
            responses: self
                .responses()
                .map(|(status, node)| response(status, node))
                .collect(),
            request: self.request(),
            answer: self.answer(),
        }
    }

    /// The media type of the request's body, JSON if it has a choice.
    fn body(&self) -> Option<(&'a str, &'a Value)> {
        let body = self.doc.resolve(self.node.get("requestBody")?);
        content(body)
    }

    fn body_fields(&self, media: &'a Value) -> FieldList {
        let schema = media.get("schema");
        schema
            .map(|schema| fields(self.doc, schema))
            .unwrap_or_default()
    }

    fn responses(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.node.get("responses").into_iter().flat_map(entries);
        all.map(|(status, node)| (status, self.doc.resolve(node)))
    }

    /// The example of a media type, else one that fits its schema.
    fn example(&self, media: &'a Value) -> Option<Value> {
        let given = given_example(media).cloned();
        given.or_else(|| Some(self.doc.example(media.get("schema")?)))
    }

    fn answer(&self) -> Code {
        let good = self.responses().find(|(status, _)| status.starts_with('2'));
        let media = good.and_then(|(_, node)| content(node));
        match media {
            Some((kind, media)) if kind.ends_with("json") => self
                .example(media)
                .map(|example| Code::json(&example))
                .unwrap_or_default(),
            Some(_) | None => Code::default(),
        }
    }

    /// The request for `curl`.
    fn request(&self) -> Code {
        let mut code = Code::default();
        let server = self.doc.text("/servers/0/url");
        let server = if server.starts_with("http") {
            server
        } else {
            "$THREADPAY_URL"
        };
        let method = if self.method == "get" { "" } else { "-X " };
        let name = if self.method == "get" {
            String::new()
        } else {
            self.method.to_uppercase() + " "
        };
        code.push(&format!("curl {method}{name}\"{server}{}\"", self.path));
        if self.is_secured() {
            code.push(" \\\n  -H \"Authorization: Bearer $THREADPAY_API_KEY\"");
        }
        for header in self.parameters.iter().filter(|p| text(p, "in") == "header") {
            let name = text(header, "name");
            let value = given_example(header).and_then(Value::as_str).unwrap_or("…");
            code.push(&format!(" \\\n  -H \"{name}: {value}\""));
        }
        self.push_body(&mut code);
        code
    }

    fn push_body(&self, code: &mut Code) {
        let Some((kind, media)) = self.body() else {
            return;
        };
        let example = self.example(media).unwrap_or_default();
        if kind.ends_with("json") {
            code.push(&format!(" \\\n  -H \"Content-Type: {kind}\""));
            code.push_data(&example);
        } else {
            for (name, value) in entries(&example) {
                let value = value.as_str().unwrap_or("…");
                code.push(&format!(" \\\n  -d \"{name}={value}\""));
            }
        }
    }

    /// Whether a key is asked for: by the operation, else by the whole document.
    fn is_secured(&self) -> bool {
        match self.node.get("security").and_then(Value::as_array) {
            Some(own) => !own.is_empty(),
            None => self.doc.list("/security").next().is_some(),
        }
    }
}

fn response<'a>(status: &'a str, node: &'a Value) -> Response<'a> {
    let schema = content(node).and_then(|(_, media)| media.get("schema"));
    let (kind, link) = schema.map(kind).unwrap_or_default();
    Response {
        status,
        description: markdown(text(node, "description"), 5),
        kind,
        link,
    }
}

/// The media type and description of a content: JSON if there is, else the first.
fn content(node: &Value) -> Option<(&str, &Value)> {
    let all = || node.get("content").into_iter().flat_map(entries);
    all()
        .find(|(kind, _)| kind.ends_with("json"))
        .or_else(|| all().next())
}
