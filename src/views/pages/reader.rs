//! Who reads a page, and below which address.

use crate::base::language::Locale;
use std::sync::Arc;

/// The reader of a page.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The language, and the region's way of writing it.
    pub locale: Locale,
    /// What comes before the path of every page: empty, or a prefix such as `/shop` behind a
    /// proxy that gives the service a part of its host.
    pub root: Arc<str>,
}

impl From<Locale> for Reader {
    fn from(locale: Locale) -> Self {
        let root = "".into();
        Self { locale, root }
    }
}
