//! Which characters a scheme takes in names and addresses.

use crate::base::invalid::{Invalid, read_text};

/// A set of characters, with its name in messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Characters {
    is_taken: fn(char) -> bool,
    about: &'static str,
}

/// Those of the QR-bill since version 2.3 of its guidelines: Latin letters of Europe, digits, signs.
pub(super) const LATIN: Characters = Characters {
    is_taken: is_latin,
    about: "Latin letters, digits and signs (Unicode's Basic Latin, Latin-1 and Latin Extended-A, Șș, Țț and €)",
};

/// Those of SEPA's extended set (EPC217-08): Latin, Greek and Cyrillic letters, digits, signs.
pub(super) const EUROPEAN: Characters = Characters {
    is_taken: |c| is_latin(c) || matches!(c, '\u{370}'..='\u{4ff}'),
    about: "Latin, Greek and Cyrillic letters, digits and signs",
};

/// Those of a BR Code: one byte each, as its lengths count bytes.
pub(super) const ASCII: Characters = Characters {
    is_taken: |c| matches!(c, ' '..='~'),
    about: "letters without accents, digits and signs (ASCII)",
};

fn is_latin(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{17f}' | '\u{218}'..='\u{21b}' | '\u{20ac}')
        && c != '\u{ad}'
}

/// Reads a text of one line at `param`: 1 to `longest` of these characters, without blanks around
/// it.
pub(super) fn read_line(
    param: &str,
    text: &str,
    longest: usize,
    characters: Characters,
) -> Result<String, Invalid> {
    let text = read_text(param, text.trim(), longest)?;
    match text.chars().find(|c| !(characters.is_taken)(*c)) {
        None => Ok(text),
        Some(other) => {
            let detail = format!("holds {other:?}, and the scheme takes {}", characters.about);
            Err(Invalid::field(param, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_takes_its_own() {
        let read = |text: &str, set| read_line("/name", text, 70, set).is_ok();
        for (text, sets) in [
            ("Cafe & Co. (Bern)", [true, true, true]),
            ("Café Łódź Țară €", [true, true, false]),
            ("Καφέ Кафе", [false, true, false]),
            ("東京", [false, false, false]),
            ("two\nlines", [false, false, false]),
            ("\u{202e}evil", [false, false, false]),
            ("", [false, false, false]),
            (" \t ", [false, false, false]),
        ] {
            let found = [LATIN, EUROPEAN, ASCII].map(|set| read(text, set));
            assert_eq!(found, sets, "{text:?}");
        }
        assert_eq!(read_line("/name", " A ", 1, ASCII), Ok("A".to_owned()));
        assert!(read(&"é".repeat(70), LATIN) && !read(&"é".repeat(71), LATIN));
    }
}
