//! Times as text, one way everywhere: RFC 3339 in UTC with milliseconds and `Z`.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// The text is neither a time nor a date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a time: write RFC 3339 such as \"2026-11-22T06:00:00Z\" (\"+\" in a URL is written %2B) or a date such as \"2026-11-22\", which means midnight UTC"
)]
pub struct TimestampError(String);

/// The time in UTC, cut to milliseconds: `2026-11-22T06:00:00.123Z`. The year is one that
/// [`parse`] takes.
pub fn format(at: OffsetDateTime) -> String {
    String::from_utf8_lossy(&print(at)).into_owned()
}

/// By hand, since answers and events print several times each.
fn print(at: OffsetDateTime) -> [u8; 24] {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second, milli) = at.to_hms_milli();
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let numbers = [
        (0..4, u16::try_from(year).unwrap_or_default()),
        (5..7, u8::from(month).into()),
        (8..10, day.into()),
        (11..13, hour.into()),
        (14..16, minute.into()),
        (17..19, second.into()),
        (20..23, milli),
    ];
    for (place, mut number) in numbers {
        for digit in text.get_mut(place).into_iter().flatten().rev() {
            *digit += u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    text
}

/// Reads RFC 3339 with any offset, or `YYYY-MM-DD` as that day's midnight in UTC. The year is one
/// of four digits in UTC, too, so that what is taken can be printed and stored.
pub fn parse(text: &str) -> Result<OffsetDateTime, TimestampError> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339))
        .ok()
        .and_then(|at| at.checked_to_offset(UtcOffset::UTC))
        .filter(|at| (0..=9999).contains(&at.year()))
        .ok_or_else(|| TimestampError(text.chars().take(40).collect()))
}

/// For `#[serde(serialize_with = "crate::base::timestamp::serialize")]`.
pub fn serialize<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(&print(*at)))
}

/// For `#[serde(default, deserialize_with = "crate::base::timestamp::optional")]`: a text that
/// [`parse`] takes, where one is given.
pub fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<OffsetDateTime>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    #[test]
    fn prints_milliseconds_in_utc() {
        let cases = [
            (datetime!(2026-11-22 6:00 UTC), "2026-11-22T06:00:00.000Z"),
            (
                datetime!(2026-11-22 1:00:00.123_999 +2),
                "2026-11-21T23:00:00.123Z",
            ),
            (
                datetime!(0999-01-02 03:04:05.006 UTC),
                "0999-01-02T03:04:05.006Z",
            ),
        ];
        for (at, text) in cases {
            assert_eq!(format(at), text);
        }
    }

    #[test]
    fn reads_times_and_dates() {
        let cases = [
            ("2026-11-22", datetime!(2026-11-22 0:00 UTC)),
            ("2026-11-22T06:00:00Z", datetime!(2026-11-22 6:00 UTC)),
            (
                "2026-11-22T06:00:00.5+02:00",
                datetime!(2026-11-22 4:00:00.5 UTC),
            ),
        ];
        for (text, at) in cases {
            assert_eq!(parse(text), Ok(at), "{text}");
        }
        let wrong = [
            "",
            "now",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2026-11-22T06:00:00",
            "22.11.2026",
            "2026-11-22T06:00:00 02:00",
            "+2026-11-22",
            "-0001-11-22",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+00:01",
        ];
        for text in wrong {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_to_the_millisecond(millis in 0_i64..4_000_000_000_000) {
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap();
            prop_assert_eq!(parse(&format(at)), Ok(at));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
