//! Brazil's tax numbers, which are Pix keys: CPF of people, CNPJ of companies.

/// Whether these are the eleven digits of a CPF, with right check digits.
pub(super) fn is_cpf(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(|b| b.is_ascii_digit()) && has_right_check_digits(text, 11)
}

/// Whether these are the fourteen characters of a CNPJ, with right check digits. The first twelve
/// may be letters since July 2026 (Instrução Normativa RFB 2.229).
pub(super) fn is_cnpj(text: &str) -> bool {
    text.len() == 14
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && has_right_check_digits(text, 9)
}

/// The last two characters are digits, each modulus 11 of all before it. Weights rise from 2 at the
/// right, and begin again after `heaviest`; a letter counts as its place in ASCII after `0`.
fn has_right_check_digits(text: &str, heaviest: u32) -> bool {
    let values: Vec<u32> = text
        .bytes()
        .map(|b| u32::from(b.saturating_sub(b'0')))
        .collect();
    let Some((body, check)) = values.split_last_chunk::<2>() else {
        return false;
    };
    // One digit all along passes the sum, and stands for nobody.
    if values.iter().all(|value| Some(value) == values.first()) {
        return false;
    }
    let digit = |of: &[u32]| {
        let weights = (2..=heaviest).cycle();
        let sum: u32 = of.iter().rev().zip(weights).map(|(v, w)| v * w).sum();
        match sum % 11 {
            0 | 1 => 0,
            rest => 11 - rest,
        }
    };
    let first = digit(body);
    let second = digit(&[body, &[first]].concat());
    *check == [first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_held_to() {
        for (text, right) in [
            ("52998224725", true),
            ("12345678909", true),
            ("12345678908", false),
            ("52998224752", false),
            ("11111111111", false),
            ("5299822472", false),
            ("5299822472A", false),
        ] {
            assert_eq!(is_cpf(text), right, "{text}");
        }
        for (text, right) in [
            ("11222333000181", true),
            ("12ABC34501DE35", true),
            ("12ABC34501DE36", false),
            ("11222333000182", false),
            ("00000000000000", false),
            ("1122233300018A", false),
            ("12abc34501de35", false),
        ] {
            assert_eq!(is_cnpj(text), right, "{text}");
        }
    }
}
