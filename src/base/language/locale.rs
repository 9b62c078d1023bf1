//! How one reader's language is chosen and written: a language, and the region's way of writing
//! amounts.

use super::{
    Language, Texts,
    cldr::{self, Style},
};
use std::fmt;

/// A language as one region writes it: German as in Austria.
#[derive(Clone, Copy)]
pub struct Locale {
    language: Language,
    /// The region's tag in CLDR, such as `de-AT`; the language's own where it has no other style.
    region: &'static str,
    style: &'static Style,
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        Self::of(language, language.code())
    }
}

impl Default for Locale {
    fn default() -> Self {
        Language::default().into()
    }
}

impl PartialEq for Locale {
    fn eq(&self, other: &Self) -> bool {
        (self.language, self.region) == (other.language, other.region)
    }
}

impl Eq for Locale {}

impl fmt::Debug for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.region)
    }
}

/// How much a reader wants a language, in thousandths: `q=0.8` of RFC 9110 is 800.
type Weight = u16;

impl Locale {
    /// Reads a tag of BCP 47, such as `de`, `de-AT` or `es-Latn-MX`; `None` if we do not have the
    /// language. A region that we know nothing of writes as most of the language do.
    pub fn parse(tag: &str) -> Option<Self> {
        let mut parts = tag.trim().split('-');
        let code = parts.next()?;
        let mut all = Language::ALL.iter().copied();
        let language = all.find(|language| language.code().eq_ignore_ascii_case(code))?;
        let is_region = |part: &&str| {
            part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic())
                || part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())
        };
        // After a singleton such as `u` come extensions.
        let region = parts.take_while(|part| part.len() > 1).find(is_region);
        Some(match region {
            Some(region) => Self::of(language, &format!("{}-{region}", language.code())),
            None => language.into(),
        })
    }

    /// Picks the language that the reader wants most from an `Accept-Language` header
    /// (RFC 9110, section 12.5.4), English if none fits.
    ///
    /// Of two equal wishes the first wins, and what cannot be read is passed over. Written here
    /// because the crates for it take `q=0` for a wish.
    pub fn negotiate(header: &str) -> Self {
        let mut best = (Self::default(), 0);
        for (locale, weight) in header.split(',').filter_map(wish) {
            if weight > best.1 {
                best = (locale, weight);
            }
        }
        best.0
    }

    fn of(language: Language, tag: &str) -> Self {
        let style = cldr::style(tag).or_else(|| cldr::style(language.code()));
        let (region, style) = style.unwrap_or_else(|| (language.code(), &cldr::PLAIN));
        Self {
            language,
            region,
            style,
        }
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// The language's tag for the `lang` attribute, such as `de`.
    pub fn tag(self) -> &'static str {
        self.language.tag()
    }

    /// What is said in this language.
    pub fn texts(self) -> &'static Texts {
        self.language.texts()
    }

    pub(super) fn style(self) -> &'static Style {
        self.style
    }
}

/// Reads one range of the header, such as `de-CH;q=0.8`. A language we lack is no wish;
/// `*` stands for whatever we serve by default.
fn wish(range: &str) -> Option<(Locale, Weight)> {
    let (tag, weight) = match range.split_once(';') {
        Some((tag, parameter)) => (tag, weight(parameter.trim())?),
        None => (range, 1000),
    };
    let locale = match tag.trim() {
        "*" => Some(Locale::default()),
        tag => Locale::parse(tag),
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
        for (header, language) in [
            ("", Language::En),
            ("de", Language::De),
            ("de-AT,de;q=0.9,en;q=0.5", Language::De),
            ("en;q=0.5, ja;q=0.9", Language::Ja),
            ("PT-br", Language::Pt),
            ("zh-CN,zh;q=0.9,fr;q=0.2", Language::Fr),
            ("es;q=0.8,fr;q=0.8", Language::Es),
            ("de;q=0,fr;q=0.001", Language::Fr),
            ("de;q=0", Language::En),
            ("sv,*;q=0.5", Language::En),
            ("*,de;q=0.9", Language::En),
            ("de;q=2,fr;q=0.1", Language::Fr),
            (
                "de;q=0.1234,fr;q=-1,es;level=1,,;;,ja;q=1.000",
                Language::Ja,
            ),
            ("den,esx,\u{ff1b}", Language::En),
        ] {
            assert_eq!(Locale::negotiate(header).language, language, "{header:?}");
        }
    }

    #[test]
    fn a_region_is_kept_where_it_writes_in_a_way_of_its_own() {
        for (tag, region) in [
            ("de-AT", "de-AT"),
            ("de-at", "de-AT"),
            ("es-Latn-MX", "es-MX"),
            ("es-419", "es-419"),
            ("en-u-ca-gregory", "en"),
            ("fr-XX", "fr"),
            ("ja-US", "ja"),
        ] {
            assert_eq!(Locale::parse(tag).unwrap().region, region);
        }
        assert_eq!(Locale::parse("sv-SE"), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in ".{0,80}") {
            let _ = Locale::negotiate(&header);
        }
    }
}
