//! The languages that pages are written in, and how one is chosen.

use super::texts::{self, Texts};

/// A language of the pages, with its way of writing amounts and dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English; amounts as in `€1,234.50`.
    #[default]
    En,
    /// German; amounts as in `1.234,50 €`.
    De,
    /// Spanish; amounts as in `1234,50 €`.
    Es,
    /// French; amounts as in `1 234,50 €`.
    Fr,
    /// Portuguese as written in Brazil; amounts as in `€ 1.234,50`.
    Pt,
    /// Japanese; amounts as in `€1,234.50` and `￥1,235`.
    Ja,
}

/// How much a reader wants a language, in thousandths: `q=0.8` of RFC 9110 is 800.
type Weight = u16;

impl Locale {
    /// Every language, in the order in which they are tried.
    pub const ALL: [Self; 6] = [Self::En, Self::De, Self::Es, Self::Fr, Self::Pt, Self::Ja];

    /// Picks the language that the reader wants most from an `Accept-Language` header
    /// (RFC 9110, section 12.5.4), English if none fits.
    ///
    /// `de-AT` is served German. Of two equal wishes the first wins, and what cannot be read is
    /// passed over. Written here because the crates for it take `q=0` for a wish.
    pub fn negotiate(header: &str) -> Self {
        let mut best = (Self::default(), 0);
        for (locale, weight) in header.split(',').filter_map(wish) {
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    /// The language's tag for the `lang` attribute, such as `de`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::Pt => "pt-BR",
            Self::Ja => "ja",
        }
    }

    /// What the pages say in this language.
    pub(super) fn texts(self) -> &'static Texts {
        match self {
            Self::En => &texts::EN,
            Self::De => &texts::DE,
            Self::Es => &texts::ES,
            Self::Fr => &texts::FR,
            Self::Pt => &texts::PT,
            Self::Ja => &texts::JA,
        }
    }

    fn from_language(language: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| {
            let own = locale.tag().get(..2).unwrap_or_default();
            own.eq_ignore_ascii_case(language)
        })
    }
}

/// Reads one range of the header, such as `de-CH;q=0.8`. A language we lack is no wish;
/// `*` stands for whatever we serve by default.
fn wish(range: &str) -> Option<(Locale, Weight)> {
    let (tag, weight) = match range.split_once(';') {
        Some((tag, parameter)) => (tag, weight(parameter.trim())?),
        None => (range, 1000),
    };
    let language = tag.trim().split('-').next()?;
    let locale = if language == "*" {
        Some(Locale::default())
    } else {
        Locale::from_language(language)
    };
    locale.map(|locale| (locale, weight))
}

/// Reads `q=0.8`: at most three decimals, never above one.
fn weight(parameter: &str) -> Option<Weight> {
    let value = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let digits = decimals.len() <= 3 && decimals.bytes().all(|b| b.is_ascii_digit());
    let thousandths: Weight = format!("{decimals:0<3}").parse().ok()?;
    match (whole, digits) {
        ("0", true) => Some(thousandths),
        ("1", true) if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn picks_what_the_reader_wants_most() {
        for (header, locale) in [
            ("", Locale::En),
            ("de", Locale::De),
            ("de-AT,de;q=0.9,en;q=0.5", Locale::De),
            ("en;q=0.5, ja;q=0.9", Locale::Ja),
            ("PT-br", Locale::Pt),
            ("zh-CN,zh;q=0.9,fr;q=0.2", Locale::Fr),
            ("es;q=0.8,fr;q=0.8", Locale::Es),
            ("de;q=0,fr;q=0.001", Locale::Fr),
            ("de;q=0", Locale::En),
            ("sv,*;q=0.5", Locale::En),
            ("*,de;q=0.9", Locale::En),
            ("de;q=2,fr;q=0.1", Locale::Fr),
            ("de;q=0.1234,fr;q=-1,es;level=1,,;;,ja;q=1.000", Locale::Ja),
            ("den,esx,\u{ff1b}", Locale::En),
        ] {
            assert_eq!(Locale::negotiate(header), locale, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in ".{0,80}") {
            let _ = Locale::negotiate(&header);
        }
    }
}
