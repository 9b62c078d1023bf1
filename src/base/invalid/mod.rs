//! Input that cannot be taken: which field, why, and what to send instead.

mod card_number;
mod reference;

pub use reference::{ReferenceType, read_reference};

use crate::base::problem::ProblemCode;
use std::collections::BTreeMap;
use time::Duration;

/// One field of a request is at fault. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{param}: {detail}")]
pub struct Invalid {
    /// What is wrong, for programs.
    pub code: ProblemCode,
    /// The field as a JSON pointer (RFC 6901), such as `/line_items/0/label`.
    pub param: String,
    /// What is wrong and what to do, for people.
    pub detail: String,
}

impl Invalid {
    /// A fault of the field at `param` with the general code `invalid_request`.
    pub fn field(param: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::coded(ProblemCode::InvalidRequest, param, detail)
    }

    /// A fault of the field at `param` with a code of its own.
    pub fn coded(code: ProblemCode, param: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code,
            param: param.into(),
            detail: detail.into(),
        }
    }
}

/// Reads a text for people: what [`check_id`] takes, without card numbers in it. Line breaks of
/// every kind are read as LF.
pub fn read_text(param: &str, text: &str, longest: usize) -> Result<String, Invalid> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    check_id(param, &text, longest)?;
    refuse_cards(param, &text)?;
    Ok(text)
}

/// Reads a text for people where one is given.
pub fn read_optional(
    param: &str,
    text: Option<String>,
    longest: usize,
) -> Result<Option<String>, Invalid> {
    text.map(|text| read_text(param, &text, longest))
        .transpose()
}

fn refuse_cards(param: &str, text: &str) -> Result<(), Invalid> {
    if card_number::is_in(text) {
        let detail = "holds what looks like a card number, which must never be sent here; if it is an id of yours, put a letter right before it";
        return Err(Invalid::coded(
            ProblemCode::CardNumberNotAllowed,
            param,
            detail,
        ));
    }
    Ok(())
}

/// Takes a text of 1 to `longest` characters that holds no control characters but line breaks
/// and tabs. (Postgres cannot store NUL; the others only ever come by mistake or malice.)
pub fn check_id(param: &str, text: &str, longest: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length == 0 || length > longest {
        let detail = format!(
            "must have 1 to {longest} characters, it has {length}; leave the field out if there is nothing to say"
        );
        return Err(Invalid::field(param, detail));
    }
    if text
        .chars()
        .any(|c| c.is_control() && c != '\n' && c != '\t')
    {
        return Err(Invalid::field(param, "must not hold control characters"));
    }
    Ok(())
}

/// Reads at most 50 pairs of notes: keys of 1 to 40 characters, values of at most 500.
pub fn read_metadata(
    mut metadata: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Invalid> {
    if metadata.len() > 50 {
        return Err(Invalid::field(
            "/metadata",
            format!("holds at most 50 pairs, it has {}", metadata.len()),
        ));
    }
    for (key, value) in &mut metadata {
        check_id("/metadata", key, 40)?;
        refuse_cards("/metadata", key)?;
        if !value.is_empty() {
            let param = format!("/metadata/{}", key.replace('~', "~0").replace('/', "~1"));
            *value = read_text(&param, value, 500)?;
        }
    }
    Ok(metadata)
}

/// Takes a lifetime of 60 seconds to 90 days.
pub fn check_lifetime(seconds: i64) -> Result<Duration, Invalid> {
    if (60..=7_776_000).contains(&seconds) {
        Ok(Duration::seconds(seconds))
    } else {
        Err(Invalid::field(
            "/expires_in",
            "must be an integer of seconds from 60 to 7776000 (90 days)",
        ))
    }
}
