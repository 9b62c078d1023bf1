//! Objects that stand as themselves where they were asked for, and as their id elsewhere; and words
//! and times as Stripe writes them.

use super::super::ObjectId;
use crate::base::names::Word;
use serde::{Deserialize, Deserializer};
use std::str::FromStr;

/// What has an id at Stripe.
pub trait Identified {
    /// Its id.
    fn id(&self) -> &ObjectId;
}

/// An object, or only its id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Expandable<T> {
    /// It was not asked for.
    Id(ObjectId),
    /// The object.
    Object(Box<T>),
}

impl<T: Identified> Expandable<T> {
    /// Its id.
    pub fn id(&self) -> &ObjectId {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => object.id(),
        }
    }
}

impl<T> Expandable<T> {
    /// The object, if it was asked for.
    pub fn object(&self) -> Option<&T> {
        match self {
            Self::Id(_) => None,
            Self::Object(object) => Some(object),
        }
    }
}

/// An object of which only the id matters, however it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Expandable<Named>")]
pub struct Link(pub ObjectId);

#[derive(Deserialize)]
struct Named {
    id: ObjectId,
}

impl From<Expandable<Named>> for Link {
    fn from(found: Expandable<Named>) -> Self {
        match found {
            Expandable::Id(id) => Self(id),
            Expandable::Object(object) => Self(object.id),
        }
    }
}

/// Reads a word of a list; `None` where it is missing or null.
pub(super) fn word<'de, D, T>(from: D) -> Result<Option<Word<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    Ok(Option::<String>::deserialize(from)?.map(Word::read))
}
