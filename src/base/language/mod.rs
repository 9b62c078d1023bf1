//! Languages: how amounts and times are written and what is said, for pages and for messages.
//!
//! A new language is a file of texts in `texts/`, a line in `languages!` below and its tag in
//! `tests/browser/cldr.mjs`, which prints how its regions write amounts.

mod amount;
mod cldr;
mod left;
mod locale;
mod moment;
pub mod texts;
mod typed;

pub use amount::format_amount;
pub use left::format_left;
pub use locale::Locale;
pub use moment::{format_moment, machine_moment};
pub use texts::Texts;
pub use typed::{PayerAmountError, parse_payer_amount, typed_amount};

/// Declares the languages from one list.
macro_rules! languages {
    ($($(#[$note:meta])* $name:ident => $texts:path,)+) => {
        /// A language that pages and messages are written in.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Language {
            $($(#[$note])* $name,)+
        }

        impl Language {
            /// Every language, in the order in which they are tried.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What is said in this language.
            pub const fn texts(self) -> &'static Texts {
                match self {
                    $(Self::$name => &$texts,)+
                }
            }
        }
    };
}

languages! {
    /// English.
    #[default]
    En => texts::EN,
    /// German.
    De => texts::DE,
    /// Spanish.
    Es => texts::ES,
    /// French.
    Fr => texts::FR,
    /// Portuguese as written in Brazil.
    Pt => texts::PT,
    /// Japanese.
    Ja => texts::JA,
}

impl Language {
    /// The tag for `lang` attributes and `Content-Language`, such as `de`.
    pub fn tag(self) -> &'static str {
        self.texts().tag
    }

    /// The tag without a region.
    fn code(self) -> &'static str {
        self.tag().split('-').next().unwrap_or_default()
    }
}
