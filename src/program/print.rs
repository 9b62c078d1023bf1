//! How commands speak: results on standard output, all else on standard error.

use super::ProgramError;
use serde::Serialize;
use std::error::Error;
use std::io::{self, Write};

/// One line of result for people. Names in it may be anybody's, so nothing in it moves the cursor,
/// colors the text or turns its direction.
pub fn line(text: &str) -> Result<(), ProgramError> {
    write(&shown(text, |_| false))
}

/// One line of result for programs.
pub fn json(value: &impl Serialize) -> Result<(), ProgramError> {
    let text = serde_json::to_string(value).map_err(|e| ProgramError::Output(e.into()))?;
    // JSON may write every letter by its number, and what is left of these is in texts.
    let text = text.chars().map(|letter| {
        if is_hidden(letter) {
            format!("\\u{:04x}", u32::from(letter))
        } else {
            letter.to_string()
        }
    });
    write(&text.collect::<String>())
}

/// What we say ourselves, in as many lines as it has.
pub fn text(text: &str) -> Result<(), ProgramError> {
    write(text)
}

fn write(text: &str) -> Result<(), ProgramError> {
    let mut out = io::stdout().lock();
    let done = writeln!(out, "{text}").and_then(|()| out.flush());
    done.map_err(ProgramError::Output)
}

/// A remark for people, kept out of the result. It is no loss if nobody can read it.
pub fn remark(text: &str) {
    let text = shown(text, |letter| letter == '\n');
    let _ = writeln!(io::stderr(), "{text}");
}

/// The text with all that a terminal would obey, but for what is `meant`, written as `\u{1b}`.
fn shown(text: &str, meant: impl Fn(char) -> bool) -> String {
    let letters = text.chars().map(|letter| {
        if is_hidden(letter) && !meant(letter) {
            letter.escape_unicode().to_string()
        } else {
            letter.to_string()
        }
    });
    letters.collect()
}

/// Whether it is no letter but an order: controls, ends of lines, marks of direction.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// The one sentence that says why a command ended.
pub fn complaint(error: &dyn Error) {
    remark(&format!("threadpay: {}", sentence(&error.to_string())));
}

/// One line, whatever the database or the system put into its message.
fn sentence(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_that_is_printed() {
        let name = "a\u{1b}[31mb\nc\u{202e}d\u{9b}e Café 👩\u{200d}🍳";
        let visible = r"a\u{1b}[31mb\u{a}c\u{202e}d\u{9b}e Café 👩";
        assert!(shown(name, |_| false).starts_with(visible));
        assert!(shown("two\nlines", |letter| letter == '\n').contains('\n'));
    }

    #[test]
    fn a_complaint_is_one_line() {
        assert_eq!(sentence("no\n  route\n\n"), "no; route");
    }
}
