//! Closed lists of words that stand in the schema and the API.

use std::{fmt, str::FromStr};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// A word that is not one of the list that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not one of: {known}")]
pub struct UnknownName {
    /// The word that was found.
    pub found: String,
    /// The words that there are, with commas between.
    pub known: String,
}

impl UnknownName {
    /// `found` is none of `known`.
    pub fn new(found: &str, known: &[&str]) -> Self {
        Self {
            found: found.chars().take(64).collect(),
            known: known.join(", "),
        }
    }
}

/// A word as it is stored. One that a newer version has written and this one does not know is passed
/// through as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<T> {
    /// One of the list.
    Known(T),
    /// One that this version does not know.
    Other(String),
}

impl<T: FromStr> Word<T> {
    /// The word of this text.
    pub fn read(text: String) -> Self {
        match text.parse() {
            Ok(known) => Self::Known(known),
            Err(_) => Self::Other(text),
        }
    }
}

impl<T> From<T> for Word<T> {
    fn from(known: T) -> Self {
        Self::Known(known)
    }
}

impl<T: PartialEq> PartialEq<T> for Word<T> {
    fn eq(&self, known: &T) -> bool {
        matches!(self, Self::Known(word) if word == known)
    }
}

impl<T: fmt::Display> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(word) => word.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl<T: fmt::Display> serde::Serialize for Word<T> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// The schema of a closed list of words, which explains each of them.
pub fn schema(title: &str, words: &[&str], about: &[&str]) -> RefOr<Schema> {
    let lines = title.lines().map(str::trim);
    let title = lines.collect::<Vec<_>>().join(" ");
    let meanings = words.iter().zip(about);
    let meanings = meanings.map(|(word, about)| format!("\n- `{word}`: {}", about.trim()));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(format!(
            "{}\n{}",
            title.trim(),
            meanings.collect::<String>()
        )))
        .enum_values(Some(words.iter().copied()))
        .into()
}

/// Defines an enum whose variants each have one word, printed, parsed and documented alike.
#[macro_export]
macro_rules! names {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($(#[doc = $about:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[doc = $about])* $variant,)* }

        impl $name {
            /// Every word, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// What each word means, in the same order.
            pub const ABOUT: &'static [&'static str] = &[$(concat!($($about),*)),*];

            /// The word in the schema and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::base::names::UnknownName;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    other => Err($crate::base::names::UnknownName::new(other, Self::WORDS)),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = String::deserialize(d)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let title = concat!($($doc, "\n"),*);
                $crate::base::names::schema(title, Self::WORDS, Self::ABOUT)
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
