//! Typed ids: a UUIDv7 in storage, a prefix and 26 characters of Crockford base32 in print.
//!
//! The printed form sorts by the time the id was made, as the UUID does.

use std::{fmt, str::FromStr};
use time::{Duration, OffsetDateTime};
use ulid::{ULID_LEN, Ulid};
use uuid::Uuid;

/// The text is not an id of the kind that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 26 characters")]
pub struct IdError {
    /// The prefix that the id should have had.
    pub prefix: &'static str,
}

/// The 26 characters of an id in Crockford's base32, in small letters.
fn base32(id: Uuid, buffer: &mut [u8; ULID_LEN]) -> &str {
    let text = Ulid(id.as_u128()).array_to_str(buffer);
    text.make_ascii_lowercase();
    text
}

fn print(prefix: &str, id: Uuid, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(base32(id, &mut [0; ULID_LEN]))
}

/// What is printed of an id that has no type of its own, such as that of a request.
pub fn printed(prefix: &str, id: Uuid) -> String {
    [prefix, "_", base32(id, &mut [0; ULID_LEN])].concat()
}

fn parse(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let wrong = || IdError { prefix };
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or_else(wrong)?;
    let ulid = Ulid::from_string(rest).map_err(|_| wrong())?;
    let id = Uuid::from_u128(ulid.0);
    // One spelling for an id: capitals and look-alike letters are refused.
    if base32(id, &mut [0; ULID_LEN]) == rest {
        Ok(id)
    } else {
        Err(wrong())
    }
}

/// What is in the printed form of an id, of whatever it is.
pub fn uuid_of(printed: &str) -> Option<Uuid> {
    let (_, id) = printed.split_once('_')?;
    Some(Uuid::from_u128(Ulid::from_string(id).ok()?.0))
}

/// The cell, as every handle names it that is given out: keys, tokens of pages, access tokens,
/// receipts.
pub const CELL: &str = "00";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What its printed form begins with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print($prefix, self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print($prefix, self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01kmz6v7h3e8r9t2x4c5b6n7m8")])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

/// How far the clocks that ids and rows are made by may differ.
const CLOCKS_DIFFER: Duration = Duration::minutes(5);

/// Ids between which all is that was made in a span of time, and little else: they sort by time.
pub fn made_between(
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
) -> (Option<Uuid>, Option<Uuid>) {
    let first = |at: OffsetDateTime| {
        let millis = at.unix_timestamp_nanos() / 1_000_000;
        let millis = u128::try_from(millis).unwrap_or_default();
        Uuid::from_u128(millis << 80)
    };
    (
        from.map(|from| first(from.saturating_sub(CLOCKS_DIFFER))),
        to.map(|to| first(to.saturating_add(CLOCKS_DIFFER))),
    )
}

ids! {
    /// A merchant: the tenant that owns everything else.
    MerchantId = "mer";
    /// An API key.
    KeyId = "key";
    /// A payment intent.
    IntentId = "pi";
    /// An attempt: one request to a rail.
    AttemptId = "pa";
    /// A payment link.
    LinkId = "pl";
    /// A refund.
    RefundId = "re";
    /// A journal entry.
    EntryId = "je";
    /// An event.
    EventId = "evt";
    /// A callback endpoint.
    EndpointId = "ep";
    /// A delivery of one event to one endpoint.
    DeliveryId = "dlv";
    /// A part of the feed that is sent to an endpoint again.
    ReplayId = "rpl";
    /// A rail account: who the merchant is with a provider.
    RailAccountId = "ra";
    /// A movement: money that no payment intent waits for.
    MovementId = "mv";
    /// A statement: a file of a bank's about an account.
    StatementId = "st";
    /// A line of a statement.
    StatementLineId = "sl";
    /// A settlement: a payout of a provider's.
    SettlementId = "se";
    /// A line of a settlement.
    SettlementLineId = "sel";
    /// An event of a provider's.
    RailEventId = "rev";
}

/// The smallest id that can be made at this time: ids sort by the millisecond they are made in.
pub fn first_id(time: time::OffsetDateTime) -> Uuid {
    let millis = u128::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_back_and_sorts_like_its_uuid(a: u128, b: u128) {
            let (a, b) = (IntentId(Uuid::from_u128(a)), IntentId(Uuid::from_u128(b)));
            prop_assert_eq!(a.to_string().parse::<IntentId>(), Ok(a));
            prop_assert_eq!(a.to_string().len(), 29);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn refuses_other_kinds_and_other_spellings() {
        let id = IntentId(Uuid::from_u128(1)).to_string();
        assert!(id.parse::<RefundId>().is_err());
        for text in [
            "",
            "pi",
            "pi_",
            "pi_1",
            &id.to_uppercase(),
            &id.replace("pi_", "pi_0"),
            &id.replace("00001", "0000l"),
        ] {
            assert!(text.parse::<IntentId>().is_err(), "{text}");
        }
    }
}
