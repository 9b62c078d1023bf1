//! Keys by which Pix finds an account (Manual Operacional do DICT).

use super::tax_number::{is_cnpj, is_cpf};
use std::fmt;
use uuid::Uuid;

/// Most characters of a key: what a BR Code has room for.
const LONGEST: usize = 77;

/// A key of Pix, in the form in which a BR Code carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PixKey {
    /// Of a person: the eleven digits of a CPF.
    Cpf(String),
    /// Of a company: the fourteen characters of a CNPJ.
    Cnpj(String),
    /// An e-mail address in small letters.
    Email(String),
    /// A Brazilian phone number in E.164: `+55`, an area of two digits, eight or nine digits.
    Phone(String),
    /// A key that Pix drew (EVP).
    Random(Uuid),
}

/// The text is no Pix key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixKeyError {
    /// It is of none of the five kinds.
    #[error(
        "is not a Pix key: a CPF, a CNPJ, an e-mail address, a phone number with +55, or a random key (UUID)"
    )]
    Form,
    /// Its check digits do not fit.
    #[error("is not a {0}: its check digits are wrong")]
    CheckDigits(&'static str),
    /// It begins with `+` and is no Brazilian number.
    #[error("is not a Brazilian phone number: +55, two digits of the area, eight or nine digits")]
    Phone,
    /// It holds an `@` and is no address.
    #[error("is not an e-mail address of at most 77 characters that Pix takes")]
    Email,
}

impl PixKey {
    /// Reads a key. The points, dashes and strokes in which tax numbers are printed do not count,
    /// nor does the case of letters.
    pub fn parse(text: &str) -> Result<Self, PixKeyError> {
        let text = text.trim();
        if text.contains('@') {
            return email(text);
        }
        if let Some(digits) = text.strip_prefix('+') {
            return phone(digits);
        }
        // Pix prints them with dashes; a text of 32 digits may be something else.
        if text.len() == 36 {
            let id = Uuid::try_parse(text).map_err(|_| PixKeyError::Form)?;
            return Ok(Self::Random(id));
        }
        let plain: String = text.chars().filter(|c| !".-/".contains(*c)).collect();
        let plain = plain.to_ascii_uppercase();
        match plain.len() {
            11 if is_cpf(&plain) => Ok(Self::Cpf(plain)),
            11 => Err(PixKeyError::CheckDigits("CPF")),
            14 if is_cnpj(&plain) => Ok(Self::Cnpj(plain)),
            14 => Err(PixKeyError::CheckDigits("CNPJ")),
            _ => Err(PixKeyError::Form),
        }
    }
}

fn phone(digits: &str) -> Result<PixKey, PixKeyError> {
    let national = digits.strip_prefix("55").ok_or(PixKeyError::Phone)?;
    let is_number = matches!(national.len(), 10 | 11)
        && national.bytes().all(|b| b.is_ascii_digit())
        // No area has a zero in its code.
        && !national.bytes().take(2).any(|b| b == b'0');
    if is_number {
        Ok(PixKey::Phone(format!("+{digits}")))
    } else {
        Err(PixKeyError::Phone)
    }
}

/// A local part of letters, digits and signs, and labels of a domain with points between.
fn email(text: &str) -> Result<PixKey, PixKeyError> {
    let text = text.to_ascii_lowercase();
    let (local, domain) = text.split_once('@').ok_or(PixKeyError::Email)?;
    let is_alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_atom = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| is_alphanumeric(b) || b"!#$%&'*+/=?^_`{|}~-".contains(&b))
    };
    let is_label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| is_alphanumeric(b) || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let is_address = text.len() <= LONGEST
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(is_label);
    if is_address {
        Ok(PixKey::Email(text))
    } else {
        Err(PixKeyError::Email)
    }
}

impl fmt::Display for PixKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpf(text) | Self::Cnpj(text) | Self::Email(text) | Self::Phone(text) => {
                f.write_str(text)
            }
            Self::Random(id) => id.hyphenated().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_and_prints_it_as_pix_carries_it() {
        for (text, printed) in [
            ("529.982.247-25", "52998224725"),
            ("11.222.333/0001-81", "11222333000181"),
            ("12.abc.345/01de-35", "12ABC34501DE35"),
            ("Caixa@Cafe.com.br", "caixa@cafe.com.br"),
            (" +5561912345678 ", "+5561912345678"),
            ("+556132345678", "+556132345678"),
            (
                "123E4567-e12b-12d1-a456-426655440000",
                "123e4567-e12b-12d1-a456-426655440000",
            ),
        ] {
            let read = PixKey::parse(text).map(|key| key.to_string());
            assert_eq!(read, Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn refuses_what_pix_would() {
        let long = format!("{}@example.com", "a".repeat(66));
        for (text, error) in [
            ("", PixKeyError::Form),
            ("5561912345678", PixKeyError::Form),
            ("52998224726", PixKeyError::CheckDigits("CPF")),
            ("11222333000182", PixKeyError::CheckDigits("CNPJ")),
            ("+5501912345678", PixKeyError::Phone),
            ("+5561123", PixKeyError::Phone),
            ("+14155550100", PixKeyError::Phone),
            ("+55 61 91234 5678", PixKeyError::Phone),
            ("a@b", PixKeyError::Email),
            ("a@@b.com", PixKeyError::Email),
            (".a@b.com", PixKeyError::Email),
            ("á@b.com", PixKeyError::Email),
            ("a@-b.com", PixKeyError::Email),
            (&long, PixKeyError::Email),
            ("123e4567e12b12d1a456426655440000", PixKeyError::Form),
            ("123e4567-e12b-12d1-a456-42665544000g", PixKeyError::Form),
        ] {
            assert_eq!(PixKey::parse(text), Err(error), "{text}");
        }
    }
}
