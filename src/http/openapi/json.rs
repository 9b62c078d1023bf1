//! Parts of the document as JSON.

use serde_json::Value;

/// Adds the members of one document to another.
pub(super) fn merge(document: &mut Value, part: Value) {
    match (document, part) {
        (Value::Object(document), Value::Object(part)) => {
            for (name, value) in part {
                merge(document.entry(name).or_insert(Value::Null), value);
            }
        }
        (document, part) => *document = part,
    }
}

/// The members of an object; none if it is something else.
pub(super) fn members(node: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    node.and_then(Value::as_object_mut).into_iter().flatten()
}
