//! Days, as banks write them.

use super::refused::{Reason, excerpt};
use time::{Date, Month};

/// Reads `2026-11-29`, also as the beginning of a time: the day is that of the bank's own clock.
pub(super) fn iso(field: &'static str, text: &str) -> Result<Date, Reason> {
    let (day, rest) = text.split_at_checked(10).unwrap_or((text, ""));
    let mut parts = day.split('-');
    let mut part = |width| digits(parts.next()?, width);
    let date = part(4).and_then(|year| Some((year, part(2)?, part(2)?)));
    let is_whole = rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-']);
    date.filter(|_| is_whole)
        .and_then(|(year, month, day)| calendar(year, month, day))
        .ok_or_else(|| no_day(field, text))
}

/// Reads `20261129`, also as the beginning of a time.
pub(super) fn long(field: &'static str, text: &str) -> Result<Date, Reason> {
    let part = |from, to, width| digits(text.get(from..to)?, width);
    let date = part(0, 4, 4).and_then(|year| calendar(year, part(4, 6, 2)?, part(6, 8, 2)?));
    date.ok_or_else(|| no_day(field, text))
}

/// Reads `261129`. Years from 80 on are of the 1900s, as in SWIFT's rules.
pub(super) fn short(field: &'static str, text: &str) -> Result<Date, Reason> {
    let part = |from, to| digits(text.get(from..to)?, 2);
    let date = part(0, 2).filter(|_| text.len() == 6).and_then(|year| {
        let century = if year >= 80 { 1900 } else { 2000 };
        calendar(century + year, part(2, 4)?, part(4, 6)?)
    });
    date.ok_or_else(|| no_day(field, text))
}

/// Reads `1129`, a day of the year in which it is nearest to `other`: banks book within weeks of
/// the value date.
pub(super) fn near(field: &'static str, text: &str, other: Date) -> Result<Date, Reason> {
    let part = |from, to| digits(text.get(from..to)?, 2);
    let parts = part(0, 2).zip(part(2, 4)).filter(|_| text.len() == 4);
    let (month, day) = parts.ok_or_else(|| no_day(field, text))?;
    let years = [other.year() - 1, other.year(), other.year() + 1];
    let days = years
        .into_iter()
        .filter_map(|year| calendar(year, month, day));
    days.min_by_key(|day| (day.to_julian_day() - other.to_julian_day()).abs())
        .ok_or_else(|| no_day(field, text))
}

/// A number of exactly `width` digits.
pub(super) fn digits(text: &str, width: usize) -> Option<i32> {
    let is_plain = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// The day, if the calendar has it.
pub(super) fn calendar(year: i32, month: i32, day: i32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    // Postgres and RFC 3339 know no year 0.
    let year = Some(year).filter(|year| *year > 0)?;
    Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
}

/// The text is no day.
pub(super) fn no_day(field: &'static str, text: &str) -> Reason {
    let text = excerpt(text);
    Reason::Date { field, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn reads_the_ways_of_banks() {
        for text in ["2026-11-29", "2026-11-29T23:59:59.999+05:00", "2026-11-29Z"] {
            assert_eq!(iso("x", text), Ok(date!(2026 - 11 - 29)), "{text}");
        }
        for text in ["20261129", "20261129120000.000[-5:EST]"] {
            assert_eq!(long("x", text), Ok(date!(2026 - 11 - 29)), "{text}");
        }
        assert_eq!(short("x", "261129"), Ok(date!(2026 - 11 - 29)));
        assert_eq!(short("x", "991231"), Ok(date!(1999 - 12 - 31)));
    }

    #[test]
    fn an_entry_date_is_near_its_value_date() {
        let cases = [
            ("1231", date!(2026 - 01 - 02), date!(2025 - 12 - 31)),
            ("0102", date!(2025 - 12 - 31), date!(2026 - 01 - 02)),
            ("0229", date!(2024 - 03 - 01), date!(2024 - 02 - 29)),
        ];
        for (text, other, day) in cases {
            assert_eq!(near("x", text, other), Ok(day));
        }
        assert!(near("x", "0230", date!(2024 - 03 - 01)).is_err());
    }

    #[test]
    fn refuses_what_no_calendar_has() {
        for text in [
            "",
            "2026",
            "2026-02-30",
            "2026-1-1",
            "0000-01-01",
            "2026-11-29x",
            "２０２６",
        ] {
            assert!(iso("x", text).is_err(), "{text}");
            assert!(long("x", text).is_err(), "{text}");
            assert!(short("x", text).is_err(), "{text}");
        }
    }
}
