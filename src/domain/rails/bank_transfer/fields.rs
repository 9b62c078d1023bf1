//! The members of a JSON object, read strictly: each fault names its place.

use crate::base::{invalid::Invalid, problem::ProblemCode};
use serde_json::{Map, Value};

/// The members of an object that stands at a place.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain::rails) struct Fields<'a> {
    at: &'a str,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Reads `value`, an object that has members of these names and no others, at the JSON pointer
    /// `at`.
    pub fn read(at: &'a str, value: &'a Value, known: &[&str]) -> Result<Self, Invalid> {
        let members = value
            .as_object()
            .ok_or_else(|| Invalid::field(at, "must be an object"))?;
        let fields = Self { at, members };
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(fields),
            Some(name) => {
                let short: String = name.chars().take(64).collect();
                let detail = format!("there is no field {short:?} here");
                let place = fields.place(name);
                Err(Invalid::coded(ProblemCode::UnknownField, place, detail))
            }
        }
    }

    /// The JSON pointer of a member.
    pub fn place(&self, name: &str) -> String {
        format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"))
    }

    /// A fault of a member.
    pub fn fault(&self, name: &str, detail: impl Into<String>) -> Invalid {
        Invalid::field(self.place(name), detail)
    }

    /// A member as it is.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name)
    }

    /// A text, where there is one.
    pub fn optional(&self, name: &str) -> Result<Option<&'a str>, Invalid> {
        let read = |value: &'a Value| {
            let text = value.as_str();
            text.ok_or_else(|| self.fault(name, "must be a string"))
        };
        self.value(name).map(read).transpose()
    }

    /// A text that must be there.
    pub fn required(&self, name: &str) -> Result<&'a str, Invalid> {
        let found = self.optional(name)?;
        found.ok_or_else(|| self.fault(name, "is required"))
    }

    /// A text that must be there, read by `parse`, whose errors are sentences.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Invalid> {
        let text = self.required(name)?;
        parse(text).map_err(|error| self.fault(name, error.to_string()))
    }

    /// A whole number of `least` to `most`, or `default` where there is none.
    pub fn number(&self, name: &str, (least, most): (u8, u8), default: u8) -> Result<u8, Invalid> {
        let Some(value) = self.value(name) else {
            return Ok(default);
        };
        let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.fault(name, format!("must be an integer from {least} to {most}")))
    }
}
