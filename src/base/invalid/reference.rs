//! References of a registered form, by which banks match a payment to its bill. Their check digit
//! tells them from a card number that was pasted by mistake.

use super::{Invalid, card_number, check_id, read_text};

/// Most characters of a reference.
const LONGEST: usize = 200;

crate::names! {
    /// A registered form of payment references. Spaces in it do not count.
    pub enum ReferenceType {
        /// Norway's KID number: 2 to 25 digits, the last one a check digit of modulus 10 or 11.
        Kid = "kid",
        /// Sweden's OCR number: 2 to 25 digits, the last one a check digit of modulus 10.
        Ocr = "ocr",
        /// Denmark's payment identification (FIK): 15 or 16 digits, the last one a check digit of modulus 10.
        Fik = "fik",
        /// Finland's viitenumero: 4 to 20 digits, the last one a check digit of weights 7, 3 and 1.
        Viite = "viite",
        /// Belgium's structured communication (OGM): 12 digits, the last two modulus 97.
        Ogm = "ogm",
        /// Switzerland's QR reference: 27 digits, the last one a check digit of modulus 10, recursive.
        Qrr = "qrr",
        /// The creditor reference of ISO 11649: `RF`, two check digits, 1 to 21 letters and digits.
        Rf = "rf",
    }
}

/// Reads a reference. One of a registered type is held to its check digit; any other is a text.
pub fn read_reference(
    reference: Option<String>,
    of: Option<ReferenceType>,
) -> Result<Option<String>, Invalid> {
    match (reference, of) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Invalid::field(
            "/reference_type",
            "goes with a reference, and there is none",
        )),
        (Some(text), None) => read_text("/reference", &text, LONGEST).map(Some),
        (Some(text), Some(of)) => {
            check_id("/reference", &text, LONGEST)?;
            if of.fits(&text) {
                Ok(Some(text))
            } else {
                let detail = format!(
                    "is not a reference of type {of}: its form or its check digit is wrong"
                );
                Err(Invalid::field("/reference", detail))
            }
        }
    }
}

impl ReferenceType {
    /// Whether the text is of this form and its check digit is right.
    pub fn fits(self, text: &str) -> bool {
        let is_ogm = self == Self::Ogm;
        let is_joint = |c: &char| *c == ' ' || (is_ogm && matches!(c, '+' | '/'));
        let text: String = text.chars().filter(|c| !is_joint(c)).collect();
        let digits = || digits(&text);
        match self {
            Self::Kid => (2..=25).contains(&text.len()) && (is_luhn(&text) || is_modulus_11(&text)),
            Self::Ocr => (2..=25).contains(&text.len()) && is_luhn(&text),
            Self::Fik => (15..=16).contains(&text.len()) && is_luhn(&text),
            Self::Viite => digits().is_some_and(|d| (4..=20).contains(&d.len()) && is_viite(&d)),
            Self::Ogm => text.len() == 12 && is_ogm_number(&text),
            Self::Qrr => digits().is_some_and(|d| d.len() == 27 && is_recursive_10(&d)),
            Self::Rf => is_creditor_reference(&text),
        }
    }
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

fn is_luhn(text: &str) -> bool {
    digits(text).is_some() && card_number::has_right_check_digit(text)
}

/// The weights 2 to 7 from the right; a check digit of 10 is written as a dash.
fn is_modulus_11(text: &str) -> bool {
    let mut rest = text.chars();
    let check = match rest.next_back() {
        Some('-') => Some(10),
        last => last.and_then(|c| c.to_digit(10)),
    };
    let weighed = digits(rest.as_str()).map(|digits| {
        let weights = (2..=7).cycle();
        let products = digits.iter().rev().zip(weights).map(|(d, w)| d * w);
        (11 - products.sum::<u32>() % 11) % 11
    });
    check.is_some() && check == weighed
}

fn is_viite(digits: &[u32]) -> bool {
    let Some((check, rest)) = digits.split_last() else {
        return false;
    };
    let weights = [7, 3, 1].into_iter().cycle();
    let products = rest.iter().rev().zip(weights).map(|(d, w)| d * w);
    (10 - products.sum::<u32>() % 10) % 10 == *check
}

/// The first ten digits modulus 97, where 97 stands for 0.
fn is_ogm_number(text: &str) -> bool {
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<u64>().ok());
    let (Some(base), Some(check)) = (number(text.get(..10)), number(text.get(10..))) else {
        return false;
    };
    let rest = base % 97;
    digits(text).is_some() && check == if rest == 0 { 97 } else { rest }
}

fn is_recursive_10(digits: &[u32]) -> bool {
    const TABLE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];
    let carry = digits.iter().try_fold(0, |carry: u32, digit| {
        let place = usize::try_from((carry + digit) % 10).ok()?;
        TABLE.get(place).copied()
    });
    carry == Some(0)
}

/// The first four characters go to the end, letters count from 10, and the rest modulus 97 is 1.
fn is_creditor_reference(text: &str) -> bool {
    let is_sound = (5..=25).contains(&text.len())
        && text.starts_with("RF")
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let Some((start, rest)) = text.split_at_checked(4).filter(|_| is_sound) else {
        return false;
    };
    let values = rest.chars().chain(start.chars()).map(|c| c.to_digit(36));
    let rest = values.flatten().fold(0, |rest, value| {
        let shift = if value < 10 { 10 } else { 100 };
        (rest * shift + value) % 97
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_reference_has_a_right_check_digit() {
        for (of, right) in [
            (ReferenceType::Kid, "4400012345777778"),
            (ReferenceType::Kid, "1234567897"),
            (ReferenceType::Kid, "12345678911"),
            (ReferenceType::Ocr, "1234567897"),
            (ReferenceType::Fik, "100000000000009"),
            (ReferenceType::Viite, "1234561"),
            (ReferenceType::Viite, "12345 67897"),
            (ReferenceType::Ogm, "+++090/9337/55493+++"),
            (ReferenceType::Qrr, "21 00000 00003 13947 14300 09017"),
            (ReferenceType::Rf, "RF18 5390 0754 7034"),
            (ReferenceType::Rf, "RF18539007547034"),
        ] {
            let read = read_reference(Some(right.to_owned()), Some(of));
            assert_eq!(read, Ok(Some(right.to_owned())), "{of}");
            // Another digit in the middle, and none of the letters or joints.
            let at = right.rfind(|c: char| c.is_ascii_digit()).unwrap();
            let digit = right[at..=at].parse::<u8>().unwrap();
            let wrong = format!("{}{}{}", &right[..at], (digit + 4) % 10, &right[at + 1..]);
            let refused = read_reference(Some(wrong.clone()), Some(of)).unwrap_err();
            assert_eq!(refused.param, "/reference", "{of} {wrong}");
        }
    }

    #[test]
    fn what_is_of_no_form_is_refused() {
        for of in [
            ReferenceType::Kid,
            ReferenceType::Ocr,
            ReferenceType::Fik,
            ReferenceType::Viite,
            ReferenceType::Ogm,
            ReferenceType::Qrr,
            ReferenceType::Rf,
        ] {
            for wrong in ["order-1", "0", "-", "RF", "é", "٣٣٣٣٣٣٣٣٣٣٣٣", " "] {
                assert!(!of.fits(wrong), "{of} {wrong}");
            }
        }
        assert!(read_reference(None, Some(ReferenceType::Kid)).is_err());
        let card = read_reference(Some("4242424242424242".to_owned()), None);
        assert!(card.is_err());
    }
}
