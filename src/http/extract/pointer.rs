//! Where in a document a value stands, as a JSON pointer (RFC 6901).

use serde_path_to_error::{Path, Segment};

/// The pointer of a path.
pub(super) fn of(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            // The name of a variant is not a step into the document.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// One step further: to the member `name`.
pub(super) fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}
