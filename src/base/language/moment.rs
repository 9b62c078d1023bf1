//! Dates and times as a payer reads them. The page cannot know the payer's time zone without
//! JavaScript, so every time says that it is UTC.

use super::{Locale, texts::fill};
use time::{OffsetDateTime, UtcOffset};

/// A time to the minute in the locale's style: `November 22, 2026, 06:08 UTC`.
pub fn format_moment(at: OffsetDateTime, locale: Locale) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, day) = (at.year(), at.day());
    let t = locale.texts();
    let month = t
        .months
        .get(usize::from(u8::from(at.month())).wrapping_sub(1));
    let month = month.copied().unwrap_or_default();
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    let day = match day {
        1 => t.first_day.to_owned(),
        later => later.to_string(),
    };
    let parts = [
        ("day", day.as_str()),
        ("month", month),
        ("year", &year.to_string()),
        ("time", &time),
    ];
    parts
        .into_iter()
        .fold(t.moment.to_owned(), |text, (name, value)| {
            fill(&text, name, value)
        })
}

/// A time as machines read it, for the `datetime` attribute: `2026-11-22T06:08:00Z`.
pub fn machine_moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::language::Language;
    use time::macros::datetime;

    #[test]
    fn writes_times_as_the_language_does() {
        let at = datetime!(2026-03-01 23:05:09 -1);
        for (language, text) in [
            (Language::En, "March 2, 2026, 00:05 UTC"),
            (Language::De, "2. März 2026, 00:05 UTC"),
            (Language::Es, "2 de marzo de 2026, 00:05 UTC"),
            (Language::Fr, "2 mars 2026 à 00:05 UTC"),
            (Language::Pt, "2 de março de 2026, 00:05 UTC"),
            (Language::Ja, "2026年3月2日 00:05（UTC）"),
        ] {
            assert_eq!(format_moment(at, language.into()), text);
        }
        let first = datetime!(2026-03-01 12:00 UTC);
        let french = format_moment(first, Language::Fr.into());
        assert_eq!(french, "1er mars 2026 à 12:00 UTC");
        assert_eq!(machine_moment(at), "2026-03-02T00:05:09Z");
    }
}
