//! Why a value of a request cannot be read, in words for callers. What `serde` would say by itself
//! names types of Rust.

use super::pointer;
use crate::base::problem::ProblemCode;
use crate::http::Problem;
use serde::de::{Error, Expected, Unexpected};
use serde_json::Value;
use serde_path_to_error::Path;
use std::fmt;

/// Most characters of what a caller sent that an answer repeats.
const REPEATED_MAX: usize = 64;

/// Why a value cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// The object has no such member.
    Unknown(String),
    /// The member is not there.
    Missing(&'static str),
    /// A sentence about the value.
    Wrong(String),
}

impl Fault {
    /// The value should be of another kind.
    pub fn kind(wanted: &str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self::Wrong(format!("must be {wanted}, not {found}"))
    }

    /// The problem with the value at the end of `path`.
    pub fn at(&self, path: &Path) -> Problem {
        let mut place = pointer::of(path);
        let code = match self {
            Self::Unknown(_) => ProblemCode::UnknownField,
            Self::Missing(name) => {
                pointer::push(&mut place, name);
                ProblemCode::InvalidRequest
            }
            Self::Wrong(_) => ProblemCode::InvalidRequest,
        };
        Problem::new(code, self.to_string()).at(place)
    }
}

/// What a caller sent, short enough to be repeated.
pub(super) fn repeated(text: &str) -> String {
    let short: String = text.chars().take(REPEATED_MAX).collect();
    format!("{short:?}")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "there is no field {} here", repeated(name)),
            Self::Missing(_) => f.write_str("is required"),
            Self::Wrong(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(sentence: T) -> Self {
        Self::Wrong(sentence.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Wrong("is of a kind that is not taken here".to_owned())
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Wrong("has a value that is not taken here".to_owned())
    }

    fn invalid_length(length: usize, _: &dyn Expected) -> Self {
        Self::Wrong(format!("must not have {length} parts"))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let known = known.join(", ");
        Self::Wrong(format!("{} is not one of: {known}", repeated(word)))
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(name.to_owned())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::Wrong(format!("{name:?} is given twice"))
    }
}
