//! Texts of banks, made fit to keep.

use super::{
    details::{Reference, ReferenceKind},
    refused::Reason,
};

/// Longest text: the longest of a bank's is 9 lines of 140 (ISO 20022), and a batch repeats them.
pub(super) const TEXT_BYTES_MAX: usize = 16 * 1024;

/// Longest id: OFX's `FITID` has up to 255, all others less. They stand in indexes, which have an
/// end, too.
pub(super) const ID_BYTES_MAX: usize = 255;

/// What banks write where an id has to stand and there is none (SEPA's rule books, SWIFT).
const NONE: [&str; 3] = ["NOTPROVIDED", "NONREF", "NOTAVAILABLE"];

/// The text without blanks around it and without control characters, which Postgres (NUL) and
/// people cannot read; none if nothing is left.
pub(super) fn clean(text: &str) -> Result<Option<String>, Reason> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Reason::TooMuch {
            what: "bytes in one text",
            most: TEXT_BYTES_MAX,
        });
    }
    let text = text.replace("\r\n", "\n");
    let readable = text.chars().map(|c| match c {
        '\n' => '\n',
        c if c.is_control() => ' ',
        c => c,
    });
    let text: String = readable.collect();
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// An id; none where there is none, or a word that says so.
pub(super) fn identifier(text: &str) -> Result<Option<String>, Reason> {
    if text.trim().len() > ID_BYTES_MAX {
        return Err(Reason::TooMuch {
            what: "bytes in one reference",
            most: ID_BYTES_MAX,
        });
    }
    let is_word = |id: &String| !NONE.iter().any(|none| id.eq_ignore_ascii_case(none));
    Ok(clean(text)?.map(|id| id.replace('\n', "")).filter(is_word))
}

/// Adds a reference, unless it is a word for none or is there.
pub(super) fn refer(
    to: &mut Vec<Reference>,
    kind: ReferenceKind,
    text: &str,
) -> Result<(), Reason> {
    if let Some(value) = identifier(text)? {
        let reference = Reference { kind, value };
        if !to.contains(&reference) {
            // A batch of orders may name some; thousands in one line are an attack on `contains`.
            if to.len() >= REFERENCES_MAX {
                let what = "references in one line";
                let most = REFERENCES_MAX;
                return Err(Reason::TooMuch { what, most });
            }
            to.push(reference);
        }
    }
    Ok(())
}

/// Most references of one line: an invoice each, in a payment of many.
const REFERENCES_MAX: usize = 500;

/// Adds a piece of text on a line of its own, unless the text ends with it.
pub(super) fn append(text: &mut Option<String>, piece: &str) -> Result<(), Reason> {
    let Some(piece) = clean(piece)? else {
        return Ok(());
    };
    let Some(text) = text else {
        *text = Some(piece);
        return Ok(());
    };
    if text.len() + piece.len() > TEXT_BYTES_MAX {
        return Err(Reason::TooMuch {
            what: "bytes in one text",
            most: TEXT_BYTES_MAX,
        });
    }
    if !text.ends_with(&piece) {
        text.push('\n');
        text.push_str(&piece);
    }
    Ok(())
}

/// Takes a text for something that may be said once; what is said first stays.
pub(super) fn keep(place: &mut Option<String>, text: &str) -> Result<(), Reason> {
    if place.is_none() {
        *place = clean(text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_people_can_read() {
        assert_eq!(
            clean(" a\0b\r\nc\u{1} ").unwrap().as_deref(),
            Some("a b\nc")
        );
        assert_eq!(clean("\r\n\t").unwrap(), None);
        for none in ["", " ", "NONREF", "NotProvided"] {
            assert_eq!(identifier(none).unwrap(), None);
        }
        assert_eq!(identifier("RF18").unwrap().as_deref(), Some("RF18"));
        assert!(clean(&"x".repeat(TEXT_BYTES_MAX + 1)).is_err());
        assert!(identifier(&"x".repeat(ID_BYTES_MAX + 1)).is_err());
    }
}
