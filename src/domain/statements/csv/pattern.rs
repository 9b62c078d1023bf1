//! How a table writes its days.

use super::super::{
    day::{calendar, no_day},
    refused::Reason,
};
use time::Date;

/// A piece of a day's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// A year of so many digits: four, or two for the years from 1980 to 2079.
    Year(usize),
    /// A month of so many digits at least.
    Month(usize),
    /// A day of so many digits at least.
    Day(usize),
    /// This sign.
    Sign(char),
}

/// The pattern of a day, such as `DD.MM.YYYY`.
#[derive(Debug)]
pub(super) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Reads a pattern: year, month and day once each, and signs between.
    pub(super) fn read(text: &str) -> Result<Self, Reason> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let words = [
            ("YYYY", Piece::Year(4)),
            ("YY", Piece::Year(2)),
            ("MM", Piece::Month(2)),
            ("M", Piece::Month(1)),
            ("DD", Piece::Day(2)),
            ("D", Piece::Day(1)),
        ];
        while let Some(sign) = rest.chars().next() {
            let word = words.iter().find(|(word, _)| rest.starts_with(word));
            let (length, piece) = word
                .map_or((sign.len_utf8(), Piece::Sign(sign)), |(word, piece)| {
                    (word.len(), *piece)
                });
            pieces.push(piece);
            rest = rest.get(length..).unwrap_or_default();
        }
        let count = |is: fn(&Piece) -> bool| pieces.iter().filter(|piece| is(piece)).count();
        let is_whole = count(|piece| matches!(piece, Piece::Year(_))) == 1
            && count(|piece| matches!(piece, Piece::Month(_))) == 1
            && count(|piece| matches!(piece, Piece::Day(_))) == 1
            && count(|piece| matches!(piece, Piece::Sign(c) if c.is_alphanumeric())) == 0
            && text.len() <= 20;
        is_whole.then_some(Self(pieces)).ok_or_else(|| {
            let reason = "the mapping cannot be used: date_format has YYYY or YY, MM or M, and DD or D once each, such as DD.MM.YYYY";
            Reason::Mapping(reason.to_owned())
        })
    }

    /// The day of a text; a time may follow.
    pub(super) fn day(&self, field: &'static str, text: &str) -> Result<Date, Reason> {
        self.parts(text)
            .and_then(|(year, month, day)| calendar(year, month, day))
            .ok_or_else(|| no_day(field, text))
    }

    fn parts(&self, text: &str) -> Option<(i32, i32, i32)> {
        let (mut year, mut month, mut day) = (0, 0, 0);
        let mut rest = text;
        for piece in &self.0 {
            match piece {
                Piece::Year(2) => {
                    let short = number(&mut rest, 2, 2)?;
                    year = short + if short >= 80 { 1900 } else { 2000 };
                }
                Piece::Year(width) => year = number(&mut rest, *width, *width)?,
                Piece::Month(least) => month = number(&mut rest, *least, 2)?,
                Piece::Day(least) => day = number(&mut rest, *least, 2)?,
                Piece::Sign(sign) => rest = rest.strip_prefix(*sign)?,
            }
        }
        let ends = rest.is_empty() || rest.starts_with([' ', 'T']);
        ends.then_some((year, month, day))
    }
}

/// Takes a number of so many digits from the beginning.
fn number(rest: &mut &str, least: usize, most: usize) -> Option<i32> {
    let digits = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    let (number, after) = rest.split_at_checked(digits).filter(|_| digits >= least)?;
    *rest = after;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn reads_days_by_their_pattern() {
        let cases = [
            ("DD.MM.YYYY", "28.11.2026"),
            ("D.M.YY", "28.11.26"),
            ("MM/DD/YYYY", "11/28/2026 12:00"),
            ("YYYYMMDD", "20261128"),
            ("YYYY-MM-DD", "2026-11-28T12:00:00Z"),
        ];
        for (pattern, text) in cases {
            let day = Pattern::read(pattern).unwrap().day("x", text);
            assert_eq!(day, Ok(date!(2026 - 11 - 28)), "{pattern}");
        }
        let pattern = Pattern::read("DD.MM.YYYY").unwrap();
        for text in [
            "",
            "28.11.26",
            "2026-11-28",
            "31.02.2026",
            "28.11.2026x",
            "1.1.2026",
        ] {
            assert!(pattern.day("x", text).is_err(), "{text}");
        }
        for pattern in ["", "DD.MM", "DD.MM.YYYY DD", "dd.mm.yyyy", "MMM D YYYY"] {
            assert!(Pattern::read(pattern).is_err(), "{pattern}");
        }
    }
}
