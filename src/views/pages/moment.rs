//! Dates and times as a payer reads them. The page cannot know the payer's time zone without
//! JavaScript, so every time says that it is UTC.

use super::locale::Locale;
use time::{OffsetDateTime, UtcOffset};

/// A time to the minute in the locale's style: `November 22, 2026, 06:08 UTC`.
pub(super) fn format_moment(at: OffsetDateTime, locale: Locale) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, day) = (at.year(), at.day());
    let month = locale
        .texts()
        .months
        .get(usize::from(u8::from(at.month())).wrapping_sub(1));
    let month = month.copied().unwrap_or_default();
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    match locale {
        Locale::En => format!("{month} {day}, {year}, {time} UTC"),
        Locale::De => format!("{day}. {month} {year}, {time} UTC"),
        Locale::Es | Locale::Pt => format!("{day} de {month} de {year}, {time} UTC"),
        Locale::Fr if day == 1 => format!("1er {month} {year} à {time} UTC"),
        Locale::Fr => format!("{day} {month} {year} à {time} UTC"),
        Locale::Ja => format!("{year}年{month}{day}日 {time}（UTC）"),
    }
}

/// A time as machines read it, for the `datetime` attribute: `2026-11-22T06:08:00Z`.
pub(super) fn machine_moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn writes_times_as_the_language_does() {
        let at = datetime!(2026-03-01 23:05:09 -1);
        for (locale, text) in [
            (Locale::En, "March 2, 2026, 00:05 UTC"),
            (Locale::De, "2. März 2026, 00:05 UTC"),
            (Locale::Es, "2 de marzo de 2026, 00:05 UTC"),
            (Locale::Fr, "2 mars 2026 à 00:05 UTC"),
            (Locale::Pt, "2 de março de 2026, 00:05 UTC"),
            (Locale::Ja, "2026年3月2日 00:05（UTC）"),
        ] {
            assert_eq!(format_moment(at, locale), text);
        }
        assert_eq!(machine_moment(at), "2026-03-02T00:05:09Z");
    }
}
