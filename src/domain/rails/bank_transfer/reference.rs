//! References, by which money that arrives is matched to the payment that it is for.
//!
//! A reference is derived from the id of what it is for, so that it is the same whenever it is
//! asked for, and tells nothing of it. It holds 80 bits of a hash (QR references 86): among `n`
//! references of one account two are equal with a chance of `n² / 2^81`, which is one in a million
//! at 1.5 thousand million references.

use crate::base::{crypto::hash::sha256, invalid::ReferenceType};
use std::{collections::BTreeSet, fmt};
use uuid::Uuid;

/// Crockford's base32: no letter in it is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Bytes of the hash in a creditor reference: 80 bits, 16 characters of base32.
const HASHED: usize = 10;
/// Characters of a creditor reference that we make: five groups of four in print.
const CREDITOR_LENGTH: usize = 20;
/// Digits of a QR reference.
const QR_LENGTH: usize = 27;
/// Ten to the power of 26: a QR reference without its check digit is below it.
const QR_NUMBERS: u128 = 100_000_000_000_000_000_000_000_000;

crate::names! {
    /// What form a reference has.
    pub enum ReferenceKind {
        /// The creditor reference of ISO 11649: `RF`, two check digits, up to 21 letters and
        /// digits. In a QR-bill it is called SCOR; a BR Code carries it as its txid.
        Creditor = "creditor",
        /// The QR reference of Switzerland: 27 digits, the last one a check digit.
        Qr = "qr",
    }
}

/// A reference whose check digits are right.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    kind: ReferenceKind,
    text: String,
}

impl Reference {
    /// The reference of what this is the id of. The same id always has the same one.
    pub fn mint(kind: ReferenceKind, id: Uuid) -> Self {
        let digest = sha256(&[b"threadpay reference ".as_slice(), id.as_bytes()].concat());
        let text = match kind {
            ReferenceKind::Creditor => creditor(&digest),
            ReferenceKind::Qr => qr(&digest),
        };
        Self { kind, text }
    }

    /// Reads a reference as it is printed or stored: blanks and the case of letters do not count.
    /// `None` if it is of no known form, or its check digits are wrong.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.to_ascii_uppercase();
        let kind = if ReferenceType::Rf.fits(&text) {
            ReferenceKind::Creditor
        } else if ReferenceType::Qrr.fits(&text) {
            ReferenceKind::Qr
        } else {
            return None;
        };
        Some(Self { kind, text })
    }

    /// All that may be a reference of ours in a text that a payer or a bank wrote, in the order of
    /// their letters: blanks, line breaks, other signs and the case of letters do not count. Look
    /// each of them up: one of 97 texts that begin like a creditor reference, and one of ten rows
    /// of 27 digits, has right check digits by chance.
    pub fn find(text: &str) -> BTreeSet<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_uppercase();
        let starts = 0..plain.len();
        let spans = starts.flat_map(|at| [at..at + CREDITOR_LENGTH, at..at + QR_LENGTH]);
        let parts = spans.filter_map(|span| plain.get(span));
        parts.filter_map(Self::parse).collect()
    }

    /// Its form.
    pub fn kind(&self) -> ReferenceKind {
        self.kind
    }

    /// The reference without blanks, as it is stored and as codes carry it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The reference in groups, as it is printed: of four from the left, or of five from the right.
    pub fn printed(&self) -> String {
        let (size, offset) = match self.kind {
            ReferenceKind::Creditor => (4, 0),
            ReferenceKind::Qr => (5, QR_LENGTH % 5),
        };
        let begins = |at: usize| at > 0 && at % size == offset;
        let characters = self.text.chars().enumerate();
        characters.fold(String::new(), |mut printed, (at, c)| {
            if begins(at) {
                printed.push(' ');
            }
            printed.push(c);
            printed
        })
    }
}

/// The form without blanks.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `RF`, check digits, 16 characters (ISO 11649): the check digits are such that the characters,
/// with `RF` and the digits behind them and letters counted from 10, leave 1 modulus 97.
fn creditor(digest: &[u8]) -> String {
    let bits = digest
        .iter()
        .take(HASHED)
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let character = |shift: usize| {
        let place = usize::try_from(bits >> shift & 31).unwrap_or_default();
        ALPHABET.get(place).copied().map_or('0', char::from)
    };
    let body: String = (0..HASHED * 8).step_by(5).rev().map(character).collect();
    let values = body
        .chars()
        .chain("RF00".chars())
        .filter_map(|c| c.to_digit(36));
    let rest = values.fold(0, |rest, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (rest * shift + value) % 97
    });
    format!("RF{:02}{body}", 98 - rest)
}

/// 26 digits and a check digit: modulus 10, recursive.
fn qr(digest: &[u8]) -> String {
    const TABLE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];
    let bits = digest
        .iter()
        .take(16)
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let body = format!("{:026}", bits % QR_NUMBERS);
    let digits = body.chars().filter_map(|c| c.to_digit(10));
    let carry = digits.fold(0, |carry: u32, digit| {
        let place = usize::try_from((carry + digit) % 10).unwrap_or_default();
        TABLE.get(place).copied().unwrap_or_default()
    });
    format!("{body}{}", (10 - carry) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [ReferenceKind; 2] = [ReferenceKind::Creditor, ReferenceKind::Qr];

    #[test]
    fn is_the_same_for_ever() {
        // What was shown to payers must be found again by every later version.
        let id = Uuid::from_u128(0x0194_0000_0000_7000_8000_0000_0000_0001);
        let printed = KINDS.map(|kind| Reference::mint(kind, id).printed());
        let wanted = [
            "RF93 N2X7 4QBD 7RCH FPZN",
            "76 21267 43876 91906 77893 87571",
        ];
        assert_eq!(printed, wanted);
    }

    #[test]
    fn reads_the_examples_of_the_standards() {
        for (text, kind) in [
            ("RF18 5390 0754 7034", ReferenceKind::Creditor),
            ("rf18000000000539007547034", ReferenceKind::Creditor),
            ("21 00000 00003 13947 14300 09017", ReferenceKind::Qr),
        ] {
            assert_eq!(
                Reference::parse(text).map(|r| r.kind()),
                Some(kind),
                "{text}"
            );
        }
        for text in [
            "",
            "RF19539007547034",
            "210000000003139471430009018",
            "order 7",
            "RF",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn finds_each_in_what_banks_make_of_it() {
        for kind in KINDS {
            let reference = Reference::mint(kind, Uuid::from_u128(7));
            for text in [
                reference.to_string(),
                reference.printed(),
                reference.to_string().to_lowercase(),
                format!("/RFB/{reference}/ Danke!"),
                format!(
                    "Rechnung {} vom 3.",
                    reference.printed().replace(' ', "\r\n")
                ),
                format!(
                    "EREF+RF18 NOT OURS {}",
                    reference.printed().replace(' ', "-")
                ),
                format!("é{reference}é"),
            ] {
                assert!(Reference::find(&text).contains(&reference), "{text}");
            }
        }
        assert!(Reference::find("thanks for the coffee, 12.50 on the 1st").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_minted_reads_back(bits: u128, other: u128) {
            for kind in KINDS {
                let reference = Reference::mint(kind, Uuid::from_u128(bits));
                prop_assert_eq!(Reference::parse(&reference.printed()), Some(reference.clone()));
                prop_assert_eq!(reference.kind(), kind);
                let another = Reference::mint(kind, Uuid::from_u128(other));
                prop_assert_eq!(reference == another, bits == other);
            }
        }

        #[test]
        fn no_one_character_may_be_wrong(bits: u128, at in 0..27_usize, digit in 1..10_u32) {
            for kind in KINDS {
                let text = Reference::mint(kind, Uuid::from_u128(bits)).to_string();
                let wrong = |(place, c): (usize, char)| match c.to_digit(10) {
                    Some(old) if place == at => char::from_digit((old + digit) % 10, 10).unwrap(),
                    _ => c,
                };
                let wrong: String = text.chars().enumerate().map(wrong).collect();
                prop_assert_eq!(Reference::parse(&wrong).is_some(), wrong == text, "{}", wrong);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = (Reference::parse(&text), Reference::find(&text));
        }
    }
}
