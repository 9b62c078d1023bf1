//! Examples: JSON with its parts set apart, and the request as a command to paste.

use askama::filters::{Html, escape};
use serde_json::Value;
use std::fmt::{self, Write};

/// A piece of code as HTML, safe to put in a page; empty if there is none.
#[derive(Default)]
pub(super) struct Code(pub String);

impl Code {
    /// JSON over several lines.
    pub fn json(value: &Value) -> Self {
        let mut page = String::new();
        // Writing into a string cannot fail.
        let _ = write_json(&mut page, value, 0);
        Self(page)
    }

    /// The text as it is.
    pub fn push(&mut self, text: &str) {
        // Writing into a string cannot fail.
        let _ = write_text(&mut self.0, text);
    }

    /// The command's data: JSON between single quotes of the shell.
    pub fn push_data(&mut self, value: &Value) {
        self.push(" \\\n  -d '");
        // An escaped quote ends the string, stands for itself and begins the string again.
        self.0
            .push_str(&Self::json(value).0.replace("&#39;", "&#39;\\&#39;&#39;"));
        self.push("'");
    }
}

fn write_text(page: &mut String, text: &str) -> fmt::Result {
    let escaped = escape(text, Html).map_err(|_| fmt::Error)?;
    write!(page, "{escaped}")
}

fn write_json(page: &mut String, value: &Value, depth: usize) -> fmt::Result {
    match value {
        Value::Object(members) if !members.is_empty() => {
            page.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                begin_line(page, index, depth + 1)?;
                write_span(page, "name", &Value::String(name.clone()))?;
                page.push_str(": ");
                write_json(page, member, depth + 1)?;
            }
            write!(page, "\n{:1$}}}", "", depth * 2)
        }
        Value::Array(items) if !items.is_empty() => {
            page.push('[');
            for (index, item) in items.iter().enumerate() {
                begin_line(page, index, depth + 1)?;
                write_json(page, item, depth + 1)?;
            }
            write!(page, "\n{:1$}]", "", depth * 2)
        }
        Value::String(_) => write_span(page, "string", value),
        Value::Null | Value::Bool(_) | Value::Number(_) => write_span(page, "word", value),
        Value::Object(_) | Value::Array(_) => write_text(page, &value.to_string()),
    }
}

fn begin_line(page: &mut String, index: usize, depth: usize) -> fmt::Result {
    let comma = if index > 0 { "," } else { "" };
    write!(page, "{comma}\n{:1$}", "", depth * 2)
}

fn write_span(page: &mut String, class: &str, value: &Value) -> fmt::Result {
    write!(page, "<span class=\"{class}\">")?;
    write_text(page, &value.to_string())?;
    page.push_str("</span>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn escapes_and_keeps_the_text_whole() {
        let value = json!({"a": ["<b>", 1, null], "c": {}});
        let page = Code::json(&value).0;
        assert!(page.contains("&#60;b&#62;") && !page.contains("<b>"));
        let plain = page.replace("</span>", "").replace("&#34;", "\"");
        let plain = plain.replace("&#60;", "<").replace("&#62;", ">");
        let spans = ["name", "string", "word"].map(|class| format!("<span class=\"{class}\">"));
        let plain = spans
            .iter()
            .fold(plain, |text, span| text.replace(span, ""));
        assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), value);
    }
}
