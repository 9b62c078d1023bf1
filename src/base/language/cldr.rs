//! How each region writes amounts: the table of Unicode CLDR that `tests/browser/cldr.mjs` prints.

use std::{collections::HashMap, sync::LazyLock};

const TABLE: &str = include_str!("cldr.tsv");

/// How a region writes numbers, and where it puts a currency and its sign.
#[derive(Debug)]
pub(super) struct Style {
    tags: Vec<&'static str>,
    pub decimal: &'static str,
    pub group: &'static str,
    /// Fewest digits before the decimal separator at which groups are made.
    pub grouped_from: usize,
    /// Digits of the groups before the last one, which has three.
    pub higher_group: usize,
    /// Where a sign such as `€` is put; `¤#` and `-¤#`.
    pub beside_signs: Patterns,
    /// Where letters stand, which need a space.
    pub beside_letters: Patterns,
    signs: HashMap<&'static str, &'static str>,
}

/// Where the currency `¤`, the number `#` and the minus sign stand.
#[derive(Debug)]
pub(super) struct Patterns {
    pub positive: &'static str,
    pub negative: &'static str,
}

impl Style {
    /// The currency's sign where the region has one, else its code.
    pub fn sign<'a>(&self, code: &'a str) -> &'a str
    where
        'static: 'a,
    {
        self.signs.get(code).copied().unwrap_or(code)
    }
}

static STYLES: LazyLock<Vec<Style>> = LazyLock::new(read);

/// Every sign that a currency has in some region.
pub(super) fn signs(code: &str) -> impl Iterator<Item = &'static str> + use<'_> {
    STYLES
        .iter()
        .filter_map(move |style| style.signs.get(code).copied())
}

/// The style of a tag such as `de-AT`, with the tag as CLDR writes it.
pub(super) fn style(tag: &str) -> Option<(&'static str, &'static Style)> {
    STYLES.iter().find_map(|style| {
        let mut tags = style.tags.iter();
        let found = tags.find(|known| known.eq_ignore_ascii_case(tag))?;
        Some((*found, style))
    })
}

/// Digits and codes alone, for a language that the table does not have.
pub(super) static PLAIN: LazyLock<Style> = LazyLock::new(|| Style {
    tags: Vec::new(),
    decimal: ".",
    group: ",",
    grouped_from: 4,
    higher_group: 3,
    beside_signs: Patterns {
        positive: "¤ #",
        negative: "-¤ #",
    },
    beside_letters: Patterns {
        positive: "¤ #",
        negative: "-¤ #",
    },
    signs: HashMap::new(),
});

/// Reads the table: of each language the style of most of its regions comes first, and the
/// others name the signs that differ.
fn read() -> Vec<Style> {
    let mut styles: Vec<Style> = Vec::new();
    let mut common = HashMap::new();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    for mut style in lines.filter_map(line) {
        if style.tags.iter().any(|tag| !tag.contains('-')) {
            common = style.signs.clone();
        }
        for (code, sign) in &common {
            style.signs.entry(code).or_insert(sign);
        }
        styles.push(style);
    }
    styles
}

fn line(line: &'static str) -> Option<Style> {
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    Some(Style {
        tags: next()?.split(' ').collect(),
        decimal: next()?,
        group: next()?,
        grouped_from: next()?.parse().ok()?,
        higher_group: next()?.parse().ok()?,
        beside_signs: Patterns {
            positive: next()?,
            negative: next()?,
        },
        beside_letters: Patterns {
            positive: next()?,
            negative: next()?,
        },
        signs: next()?
            .split(' ')
            .filter_map(|sign| sign.split_once('='))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::language::Language;

    #[test]
    fn every_line_is_read_and_every_language_has_a_style() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(read().len(), lines);
        for language in Language::ALL {
            assert!(style(language.code()).is_some(), "{language:?}");
        }
    }

    #[test]
    fn no_sign_stands_for_two_currencies() {
        for style in read() {
            let mut signs: Vec<&str> = style.signs.values().copied().collect();
            signs.sort_unstable();
            let all = signs.len();
            signs.dedup();
            assert_eq!(signs.len(), all, "{:?}", style.tags);
        }
    }
}
