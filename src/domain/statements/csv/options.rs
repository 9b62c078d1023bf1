//! Words of a mapping.

crate::names! {
    /// The encoding of a table that has no byte order mark.
    pub enum Encoding {
        /// UTF-8.
        Utf8 = "utf8",
        /// Windows-1252, of which Latin-1 is a part.
        Windows1252 = "windows1252",
    }
}

crate::names! {
    /// What stands before the decimals.
    pub enum DecimalMark {
        /// `1234.56`
        Point = "point",
        /// `1234,56`
        Comma = "comma",
    }
}

impl DecimalMark {
    /// The mark itself.
    pub(super) fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

crate::names! {
    /// What stands between thousands.
    pub enum ThousandsMark {
        /// `1.234,56`
        Point = "point",
        /// `1,234.56`
        Comma = "comma",
        /// `1 234,56`, also with spaces that do not break.
        Space = "space",
        /// `1'234.56`
        Apostrophe = "apostrophe",
    }
}

crate::names! {
    /// What a sign means.
    pub enum Sign {
        /// In a column of amounts, below zero went out. Columns of debits and credits have no signs.
        Plain = "plain",
        /// In a column of amounts, above zero went out, as on credit cards. Debits have a minus.
        Inverted = "inverted",
    }
}
