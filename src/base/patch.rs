//! Members of a JSON merge patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// What a merge patch says of a member that may be absent. Goes with `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It is left out: nothing changes.
    #[default]
    Keep,
    /// It is null: what was there goes away.
    Clear,
    /// This is its value from now on.
    Set(T),
}

impl<T> Patch<T> {
    /// The value after the patch.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The new value, where one that goes away leaves `default`; none if nothing changes.
    pub fn or_default(self, default: T) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(default),
            Self::Set(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(reader)?;
        Ok(value.map_or(Self::Clear, Self::Set))
    }
}

/// For `#[serde(default, deserialize_with = "given")]`: a member that may be left out and must not
/// be null.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(reader).map(Some)
}
