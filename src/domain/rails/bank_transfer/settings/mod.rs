//! The settings of a bank account that is paid into, as a merchant gives them.

#[cfg(test)]
mod tests;

use super::{
    Address, Bic, Iban, PixKey, Reference, ReferenceKind, Scheme,
    characters::{ASCII, EUROPEAN, LATIN, read_line},
    fields::Fields,
};
use crate::base::invalid::Invalid;
use serde::Serialize;
use serde_json::Value;
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many days a payment waits for its transfer if the merchant does not say.
const WAIT_DAYS: u8 = 7;
/// Most characters of a holder's name in SEPA and in a QR-bill.
const LONGEST_NAME: usize = 70;

/// An account that transfers can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    holder: Holder,
    wait_days: u8,
}

/// Whose account it is and how it is reached, by scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An account that SEPA reaches.
    Epc {
        /// The holder's name: at most 70 characters.
        name: String,
        /// The account.
        iban: Iban,
        /// Its bank; always there where the bank is outside of the European Economic Area.
        bic: Option<Bic>,
    },
    /// An account in Switzerland or Liechtenstein.
    Swiss {
        /// The holder's name: at most 70 characters.
        name: String,
        /// The account.
        iban: Iban,
        /// Its bank.
        bic: Option<Bic>,
        /// Where the holder lives.
        address: Address,
    },
    /// An account that Pix finds by a key.
    Pix {
        /// The holder's name: at most 25 characters of ASCII.
        name: String,
        /// The key.
        key: PixKey,
        /// The holder's town: at most 15 characters of ASCII.
        city: String,
    },
}

/// The settings of a bank transfer account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BankTransferSettings)]
#[serde(deny_unknown_fields)]
pub struct SettingsObject {
    /// Whose rules it follows.
    scheme: Scheme,
    /// The holder's name, as the bank knows it: at most 70 characters; for `pix` 25 of ASCII.
    #[schema(min_length = 1, max_length = 70, example = "Corner Café")]
    name: String,
    /// The account of `epc` and `swiss`. A QR-IBAN gets QR references, any other account creditor
    /// references (ISO 11649).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "iban", max_length = 64, example = "DE89370400440532013000")]
    iban: Option<String>,
    /// The account's bank. `epc` needs it where the bank is outside of the European Economic Area.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, pattern = "^[A-Za-z0-9]{8}([A-Za-z0-9]{3})?$", example = "COBADEFFXXX")]
    bic: Option<String>,
    /// The holder's address; `swiss` needs it, and no other scheme has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Address, required = false)]
    address: Option<Address>,
    /// The key of `pix`: a CPF, a CNPJ, an e-mail address, a phone number with `+55`, a UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, max_length = 77)]
    pix_key: Option<String>,
    /// The holder's town; `pix` needs it, and no other scheme has it. At most 15 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 15)]
    city: Option<String>,
    /// For how many days a payment waits for its transfer: 1 to 90, 7 if left out.
    #[schema(required = false, minimum = 1, maximum = 90, default = 7)]
    wait_days: u8,
}

impl Settings {
    /// Reads the object at the JSON pointer `at`, or says which member of it is at fault. A member
    /// that the scheme does not use is refused, as one that nobody knows is.
    pub fn parse(at: &str, value: &Value) -> Result<Self, Invalid> {
        let known = [
            "scheme",
            "name",
            "iban",
            "bic",
            "address",
            "pix_key",
            "city",
            "wait_days",
        ];
        let fields = Fields::read(at, value, &known)?;
        let scheme: Scheme = fields.parsed("scheme", str::parse)?;
        let unused: &[&str] = match scheme {
            Scheme::Epc => &["address", "pix_key", "city"],
            Scheme::Swiss => &["pix_key", "city"],
            Scheme::Pix => &["iban", "bic", "address"],
        };
        if let Some(name) = unused.iter().find(|name| fields.value(name).is_some()) {
            let detail = format!("the scheme {scheme} does not use it: leave it out");
            return Err(fields.fault(name, detail));
        }
        let holder = match scheme {
            Scheme::Epc => epc(&fields)?,
            Scheme::Swiss => swiss(&fields)?,
            Scheme::Pix => pix(&fields)?,
        };
        let wait_days = fields.number("wait_days", (1, 90), WAIT_DAYS)?;
        Ok(Self { holder, wait_days })
    }

    /// As they are stored and shown: [`Self::parse`] reads them back the same.
    pub fn object(&self) -> SettingsObject {
        let object = SettingsObject {
            scheme: self.scheme(),
            name: self.name().to_owned(),
            iban: None,
            bic: None,
            address: None,
            pix_key: None,
            city: None,
            wait_days: self.wait_days,
        };
        let text = ToString::to_string;
        match &self.holder {
            Holder::Epc { iban, bic, .. } => SettingsObject {
                iban: Some(iban.to_string()),
                bic: bic.as_ref().map(text),
                ..object
            },
            Holder::Swiss {
                iban, bic, address, ..
            } => SettingsObject {
                iban: Some(iban.to_string()),
                bic: bic.as_ref().map(text),
                address: Some(address.clone()),
                ..object
            },
            Holder::Pix { key, city, .. } => SettingsObject {
                pix_key: Some(key.to_string()),
                city: Some(city.clone()),
                ..object
            },
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        match &self.holder {
            Holder::Epc { .. } => Scheme::Epc,
            Holder::Swiss { .. } => Scheme::Swiss,
            Holder::Pix { .. } => Scheme::Pix,
        }
    }

    /// Whose account it is.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The holder's name.
    pub fn name(&self) -> &str {
        match &self.holder {
            Holder::Epc { name, .. } | Holder::Swiss { name, .. } | Holder::Pix { name, .. } => {
                name
            }
        }
    }

    /// What a payer sends money to, without blanks: the IBAN or the Pix key.
    pub fn account(&self) -> String {
        match &self.holder {
            Holder::Epc { iban, .. } | Holder::Swiss { iban, .. } => iban.to_string(),
            Holder::Pix { key, .. } => key.to_string(),
        }
    }

    /// For how long a payment waits for its transfer.
    pub fn wait(&self) -> Duration {
        Duration::days(self.wait_days.into())
    }

    /// What form its references have. A QR-IBAN takes QR references only, and no other account
    /// takes them (SIX Implementation Guidelines QR-bill).
    pub fn reference_kind(&self) -> ReferenceKind {
        match &self.holder {
            Holder::Swiss { iban, .. } if iban.is_qr() => ReferenceKind::Qr,
            Holder::Swiss { .. } | Holder::Epc { .. } | Holder::Pix { .. } => {
                ReferenceKind::Creditor
            }
        }
    }

    /// The reference at this account of what this is the id of.
    pub fn reference(&self, id: Uuid) -> Reference {
        Reference::mint(self.reference_kind(), id)
    }
}

fn epc(fields: &Fields<'_>) -> Result<Holder, Invalid> {
    let name = fields.required("name")?;
    let iban = fields.parsed("iban", Iban::parse)?;
    if !iban.is_in_sepa() {
        let detail = "is of a country that SEPA does not reach";
        return Err(fields.fault("iban", detail));
    }
    let bic = bic(fields)?;
    if bic.is_none() && !iban.is_in_eea() {
        let detail = "is required beside an IBAN from outside of the European Economic Area";
        return Err(fields.fault("bic", detail));
    }
    Ok(Holder::Epc {
        name: read_line(&fields.place("name"), name, LONGEST_NAME, EUROPEAN)?,
        iban,
        bic,
    })
}

fn swiss(fields: &Fields<'_>) -> Result<Holder, Invalid> {
    let name = fields.required("name")?;
    let iban = fields.parsed("iban", Iban::parse)?;
    if !iban.is_swiss() {
        let detail = "must be of Switzerland or Liechtenstein: it begins with CH or LI";
        return Err(fields.fault("iban", detail));
    }
    let address = fields.value("address");
    let address = address
        .ok_or_else(|| fields.fault("address", "is required: banks take no QR-bill without one"))?;
    Ok(Holder::Swiss {
        name: read_line(&fields.place("name"), name, LONGEST_NAME, LATIN)?,
        iban,
        bic: bic(fields)?,
        address: Address::read(&fields.place("address"), address)?,
    })
}

fn pix(fields: &Fields<'_>) -> Result<Holder, Invalid> {
    let name = fields.required("name")?;
    let city = fields.required("city")?;
    Ok(Holder::Pix {
        name: read_line(&fields.place("name"), name, 25, ASCII)?,
        key: fields.parsed("pix_key", PixKey::parse)?,
        city: read_line(&fields.place("city"), city, 15, ASCII)?,
    })
}

fn bic(fields: &Fields<'_>) -> Result<Option<Bic>, Invalid> {
    let text = fields.optional("bic")?;
    let read = |text| Bic::parse(text).map_err(|error| fields.fault("bic", error.to_string()));
    text.map(read).transpose()
}
