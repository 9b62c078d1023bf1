//! How commands speak: results on standard output, all else on standard error.

use super::ProgramError;
use std::error::Error;
use std::io::{self, Write};

/// One line of result.
pub fn line(text: &str) -> Result<(), ProgramError> {
    let mut out = io::stdout().lock();
    let done = writeln!(out, "{text}").and_then(|()| out.flush());
    done.map_err(ProgramError::Output)
}

/// A remark for people, kept out of the result. It is no loss if nobody can read it.
pub fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
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
    #[test]
    fn a_complaint_is_one_line() {
        assert_eq!(super::sentence("no\n  route\n\n"), "no; route");
    }
}
