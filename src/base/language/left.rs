//! How far off a time is: that is true in every time zone, and a page cannot know its reader's.

use super::{Language, Locale, texts::fill};
use time::Duration;

/// How far off a time is, never more than it is: `in 23 hours`. None in the last two minutes.
pub fn format_left(left: Duration, locale: Locale) -> Option<String> {
    let counts = [left.whole_days(), left.whole_hours(), left.whole_minutes()];
    // From two on, so that each language needs its plural alone.
    let mut units = counts.into_iter().zip(units(locale.language()));
    let (count, unit) = units.find(|(count, _)| *count >= 2)?;
    Some(fill(unit, "count", &count.to_string()))
}

/// A number of days, hours and minutes that lie ahead.
fn units(language: Language) -> [&'static str; 3] {
    match language {
        Language::En => ["in {count} days", "in {count} hours", "in {count} minutes"],
        Language::De => [
            "in {count} Tagen",
            "in {count} Stunden",
            "in {count} Minuten",
        ],
        Language::Es => [
            "dentro de {count} días",
            "dentro de {count} horas",
            "dentro de {count} minutos",
        ],
        Language::Fr => [
            "dans {count} jours",
            "dans {count} heures",
            "dans {count} minutes",
        ],
        Language::Pt => ["em {count} dias", "em {count} horas", "em {count} minutos"],
        Language::Ja => ["{count}日後", "{count}時間後", "{count}分後"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_off_a_time_is() {
        let left = |left: Duration, language: Language| format_left(left, language.into());
        for (time, text) in [
            (Duration::days(90), Some("in 90 days")),
            (Duration::hours(48), Some("in 2 days")),
            (Duration::hours(48) - Duration::SECOND, Some("in 47 hours")),
            (
                Duration::hours(2) - Duration::SECOND,
                Some("in 119 minutes"),
            ),
            (Duration::seconds(119), None),
            (-Duration::days(3), None),
        ] {
            assert_eq!(left(time, Language::En).as_deref(), text, "{time}");
        }
        let day = Duration::hours(23);
        for (language, text) in [
            (Language::De, "in 23 Stunden"),
            (Language::Es, "dentro de 23 horas"),
            (Language::Fr, "dans 23 heures"),
            (Language::Pt, "em 23 horas"),
            (Language::Ja, "23時間後"),
        ] {
            assert_eq!(left(day, language).as_deref(), Some(text));
        }
    }
}
