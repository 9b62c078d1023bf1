//! The address of an account's holder, in parts: banks take no other since 21 November 2025
//! (SIX Implementation Guidelines QR-bill 2.3, address type S).

use super::{
    characters::{LATIN, read_line},
    countries::is_country,
    fields::Fields,
};
use crate::base::invalid::Invalid;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Where the holder of a Swiss account lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BankTransferAddress)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The street, or the name of the place. At most 70 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 70, example = "Bahnhofstrasse")]
    street: Option<String>,
    /// The number of the house. At most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 16, example = "1")]
    building: Option<String>,
    /// The postal code, without a country before it. At most 16 characters.
    #[schema(min_length = 1, max_length = 16, example = "8001")]
    postcode: String,
    /// The town. At most 35 characters.
    #[schema(min_length = 1, max_length = 35, example = "Zürich")]
    town: String,
    /// The country, by the two capital letters of ISO 3166-1.
    #[schema(pattern = "^[A-Z]{2}$", example = "CH")]
    country: String,
}

impl Address {
    /// Reads the object at the JSON pointer `at`, or says which member of it is at fault.
    pub(super) fn read(at: &str, value: &Value) -> Result<Self, Invalid> {
        let names = ["street", "building", "postcode", "town", "country"];
        let fields = Fields::read(at, value, &names)?;
        let line =
            |name: &str, text: &str, longest| read_line(&fields.place(name), text, longest, LATIN);
        let optional = |name: &str, longest| {
            let text = fields.optional(name)?;
            text.map(|text| line(name, text, longest)).transpose()
        };
        let required = |name: &str, longest| line(name, fields.required(name)?, longest);
        let country = fields.required("country")?;
        if !is_country(country) {
            let detail = "must be the two capital letters of a country (ISO 3166-1), such as CH";
            return Err(fields.fault("country", detail));
        }
        Ok(Self {
            street: optional("street", 70)?,
            building: optional("building", 16)?,
            postcode: required("postcode", 16)?,
            town: required("town", 35)?,
            country: country.to_owned(),
        })
    }

    /// Street, building, postal code, town and country, as the QR-bill orders them; what is not
    /// there is empty.
    pub(super) fn lines(&self) -> [&str; 5] {
        [
            self.street.as_deref().unwrap_or_default(),
            self.building.as_deref().unwrap_or_default(),
            &self.postcode,
            &self.town,
            &self.country,
        ]
    }
}
