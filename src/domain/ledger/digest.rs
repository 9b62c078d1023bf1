//! A place in the hash chain.

use std::fmt;

/// A SHA-256 digest in the chain.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct EntryHash(pub [u8; 32]);

/// Lower-case hexadecimal.
impl fmt::Display for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
