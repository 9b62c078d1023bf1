//! JSON columns, and what of them this version cannot read.

use serde::de::DeserializeOwned;
use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueRef},
    types::Json,
};

/// JSON as a column has it. Where a newer version wrote what this one does not know, it is read all
/// the same, as what is wrong with it: that is a fault of one row, and not of the statement that
/// reads many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T>(Result<T, NotKnown>);

/// What is wrong with JSON that is stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotKnown(String);

impl<T> Stored<T> {
    /// What is stored.
    pub fn read(self) -> Result<T, NotKnown> {
        self.0
    }
}

impl<T> Type<Postgres> for Stored<T> {
    fn type_info() -> PgTypeInfo {
        <Json<T> as Type<Postgres>>::type_info()
    }

    fn compatible(ty: &PgTypeInfo) -> bool {
        <Json<T> as Type<Postgres>>::compatible(ty)
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Postgres> for Stored<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let read = <Json<T> as Decode<Postgres>>::decode(value);
        let read = read.map_err(|error| NotKnown(error.to_string()));
        Ok(Self(read.map(|Json(stored)| stored)))
    }
}
