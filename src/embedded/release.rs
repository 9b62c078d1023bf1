//! Which releases of Postgres will do.

use super::account::Account;
use std::path::Path;

/// The oldest release whose SQL the schema may use.
pub(super) const OLDEST: u32 = 15;

/// Whether the programs in `directory` run as the server's user and are of a fitting release.
pub(super) fn suits(account: &Account, directory: &Path, wanted: Option<u32>) -> bool {
    let found = release(account, directory);
    found.is_some_and(|major| wanted.map_or(major >= OLDEST, |wanted| major == wanted))
}

/// The major release that `postgres --version` prints when the server's user runs it:
/// `postgres (PostgreSQL) 17.2 (Debian 17.2-1)`.
fn release(account: &Account, directory: &Path) -> Option<u32> {
    let output = account
        .command(&directory.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    leading_number(text.split_once("(PostgreSQL) ")?.1)
}

/// The number that a text begins with.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_names_and_versions() {
        assert_eq!(leading_number("17.2 (Debian 17.2-1)"), Some(17));
        assert_eq!(leading_number("15"), Some(15));
        assert_eq!(leading_number("x15"), None);
    }
}
