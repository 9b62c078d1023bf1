//! Card numbers in texts, where people paste them and nobody may keep them: with one stored
//! number the whole installation falls under the rules for card data (PCI DSS, SAQ D).
//!
//! The rule is narrow, since refusing what is no card costs a payment. A number counts if its
//! digits stand together, or in groups of three to six with spaces or dashes between them; if
//! cards are issued that begin so and are so long; and if its check digit is right. Of numbers of
//! 16 digits made by chance that hits one in 25; it hits no UUID, no IBAN, no phone number
//! with its plus, and nothing that a letter or an underscore touches. Numbers of 13 digits
//! pass: Visa gave out such long ago, while EAN-13 codes and the phone numbers that messengers use
//! as ids begin with 4 as well.

use std::ops::RangeInclusive;

/// The first four digits of the cards in use, and how many digits they have. Numbers of 17 and 18
/// digits are `UnionPay`'s alone; ids of chats are as long.
const ISSUED: [(RangeInclusive<u16>, &[usize]); 12] = [
    (2200..=2204, &[16, 19]),
    (2221..=2720, &[16]),
    (3000..=3059, &[14, 16]),
    (3095..=3095, &[14, 16]),
    (3400..=3499, &[15]),
    (3528..=3589, &[16]),
    (3600..=3699, &[14, 16]),
    (3700..=3799, &[15]),
    (3800..=3999, &[14, 16]),
    (4000..=5899, &[16, 19]),
    (6000..=6999, &[16, 19]),
    (6200..=6299, &[16, 17, 18, 19]),
];
const SHORTEST: usize = 14;
const LONGEST: usize = 19;
/// How long a group is that others follow. (A UUID begins with a longer one.)
const GROUP: RangeInclusive<usize> = 3..=6;

/// Whether a card number stands in `text`.
pub(super) fn is_in(text: &str) -> bool {
    // Nearly all texts end here.
    if text.bytes().filter(u8::is_ascii_digit).count() < SHORTEST {
        return false;
    }
    let mut parts = text.split(|c: char| !is_joint(c) && !belongs_to_word(c));
    parts.any(|part| {
        let words = part.split(is_joint).filter(|word| !word.is_empty());
        let groups: Vec<&str> = words.map(without_sentence).collect();
        let (mut rest, mut in_iban) = (groups.as_slice(), false);
        while let Some((first, after)) = rest.split_first() {
            in_iban = begins_iban(first) || (in_iban && is_number(first));
            if !in_iban && begins_with_card(rest) {
                return true;
            }
            rest = after;
        }
        false
    })
}

/// What may stand between groups of digits: spaces and dashes.
fn is_joint(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}'..='\u{2015}'
    )
}

/// What makes digits beside it a part of something else.
fn belongs_to_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '+' | '.')
}

/// The word without the points of a sentence around it: those that no digit stands before.
fn without_sentence(word: &str) -> &str {
    let word = word.trim_matches('.');
    match word.rsplit_once('.') {
        Some((before, last)) if !before.ends_with(|c: char| c.is_ascii_digit()) => last,
        _ => word,
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the word is the first group of an IBAN, such as `DE75`; groups of digits follow.
fn begins_iban(word: &str) -> bool {
    let country = word.bytes().take_while(u8::is_ascii_uppercase).count();
    word.len() == 4 && country == 2 && word.bytes().skip(2).all(|b| b.is_ascii_digit())
}

/// Whether the first of these groups, or the first few in a row, are a card number.
fn begins_with_card(groups: &[&str]) -> bool {
    let mut digits = String::new();
    for group in groups {
        if !is_number(group) || digits.len() + group.len() > LONGEST {
            return false;
        }
        digits.push_str(group);
        if is_issued(&digits) && has_right_check_digit(&digits) {
            return true;
        }
        if !GROUP.contains(&group.len()) {
            return false;
        }
    }
    false
}

fn is_issued(digits: &str) -> bool {
    let start = digits.get(..4).and_then(|start| start.parse::<u16>().ok());
    start.is_some_and(|start| {
        let mut issued = ISSUED.iter();
        issued.any(|(starts, lengths)| starts.contains(&start) && lengths.contains(&digits.len()))
    })
}

/// Luhn's check (ISO/IEC 7812-1, annex B): every second digit from the right counts twice.
pub(super) fn has_right_check_digit(digits: &str) -> bool {
    let digits = digits.chars().rev().filter_map(|c| c.to_digit(10));
    let weighed = digits
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| {
            let product = digit * weight;
            product / 10 + product % 10
        });
    weighed.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests;
