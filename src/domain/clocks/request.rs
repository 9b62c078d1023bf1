//! The request to move a clock on.

use crate::base::invalid::Invalid;
use serde::Deserialize;
use std::{fmt, str::FromStr};
use time::Duration;

/// The longest way that a clock is moved at once.
const MOST: Duration = Duration::days(366);

/// The body of `POST /v1/sandbox/clock`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockRequest {
    /// How far: a whole number and its unit, `s`, `m`, `h`, `d` or `w`. From a second to 366 days,
    /// and ten years in all.
    #[schema(pattern = "^[1-9][0-9]{0,7}[smhdw]$", example = "30d")]
    advance: String,
}

impl ClockRequest {
    /// The way that the clock is moved, or the field at fault.
    pub fn parse(&self) -> Result<Advance, Invalid> {
        self.advance.parse()
    }
}

/// What a span is counted in, and its seconds.
const UNITS: [(char, i64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 3600),
    ('d', 86_400),
    ('w', 604_800),
];

/// How far a clock is moved on, as it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    count: u32,
    unit: char,
    seconds: i64,
}

impl Advance {
    /// The same as a span of time.
    pub fn span(self) -> Duration {
        Duration::seconds(self.seconds)
    }
}

impl fmt::Display for Advance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl FromStr for Advance {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        read(text)
            .filter(|advance| (Duration::SECOND..=MOST).contains(&advance.span()))
            .ok_or_else(|| {
                let detail = "must be a whole number and a unit (s, m, h, d or w), from 1s to 366d, such as \"30d\"";
                Invalid::field("/advance", detail)
            })
    }
}

fn read(text: &str) -> Option<Advance> {
    let mut units = UNITS.into_iter();
    let (digits, unit, seconds) =
        units.find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, unit, seconds)))?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let count: u32 = digits.parse().ok().filter(|_| plain)?;
    Some(Advance {
        count,
        unit,
        seconds: seconds * i64::from(count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_its_unit() {
        for (text, seconds) in [
            ("1s", 1),
            ("90m", 5400),
            ("36h", 129_600),
            ("366d", 31_622_400),
            ("52w", 31_449_600),
            ("31622400s", 31_622_400),
        ] {
            let advance: Advance = text.parse().unwrap();
            assert_eq!(advance.span(), Duration::seconds(seconds), "{text}");
            assert_eq!(advance.to_string(), text);
        }
        for text in [
            "",
            "s",
            "1",
            "0s",
            "-1d",
            "+1d",
            "01d",
            "1.5d",
            "1 d",
            "1D",
            "1y",
            "367d",
            "53w",
            "1d1h",
            "31622401s",
            "99999999999s",
            "\u{661}d",
            "1\u{df}",
        ] {
            assert!(text.parse::<Advance>().is_err(), "{text:?}");
        }
    }
}
