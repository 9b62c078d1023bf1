//! Card numbers in texts, where people paste them and nobody may keep them: with one stored
//! number the whole installation falls under the rules for card data (PCI DSS, SAQ D).
//!
//! The rule is narrow, since refusing what is no card costs a payment. A number counts if its
//! digits, of any script, stand together, or in groups of three to six with spaces or dashes between
//! them, or in the groups that cards show with any other sign between them, or one by one with the
//! same sign between all; if cards are issued that begin so and are so long; and if its check digit is right. Of numbers of
//! 16 digits made by chance that hits one in 25; it hits no UUID, no IBAN, no phone number
//! with its plus, and nothing that a letter or an underscore touches. Numbers of 13 digits
//! pass: Visa gave out such long ago, while EAN-13 codes and the phone numbers that messengers use
//! as ids begin with 4 as well.

mod digits;

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

/// How cards are printed: the lengths of the groups of their digits.
const PRINTED: [&[usize]; 4] = [&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4]];

/// Whether there is a card number in `text`.
pub(super) fn is_in(text: &str) -> bool {
    // Nearly all texts end here.
    if text.chars().filter_map(digits::value).count() < SHORTEST {
        return false;
    }
    let plain: String = text.chars().filter_map(digits::plain).collect();
    if is_written(&plain) {
        return true;
    }
    let groups = groups(&plain);
    is_printed(&plain, &groups) || is_spelled(&plain, &groups)
}

/// Whether a card number is there as people write it: in one, or with spaces or dashes.
fn is_written(text: &str) -> bool {
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

/// Whether a card number is there in the groups in which cards show it, with any sign between
/// two of them. The rule is narrower than for spaces and dashes, since points and slashes stand in
/// many numbers that are none.
fn is_printed(text: &str, groups: &[(usize, &str)]) -> bool {
    let is_row = |row: &[(usize, &str)]| {
        let touches_letter = row.first().is_some_and(|(at, _)| {
            let before = text
                .get(..*at)
                .and_then(|before| before.chars().next_back());
            before.is_some_and(char::is_alphabetic)
        });
        let signs: Option<String> = row.windows(2).map(|pair| sign(text, pair)).collect();
        // Spaces and dashes alone are the other rule's, which knows IBANs.
        !touches_letter && signs.is_some_and(|signs| !signs.chars().all(is_joint))
    };
    PRINTED.iter().any(|lengths| {
        groups.windows(lengths.len()).any(|row| {
            let is_shaped = row
                .iter()
                .map(|(_, group)| group.len())
                .eq(lengths.iter().copied());
            let digits: String = row.iter().map(|(_, group)| *group).collect();
            is_shaped && is_issued(&digits) && has_right_check_digit(&digits) && is_row(row)
        })
    })
}

/// Whether a card number is there one digit at a time, and nothing else that is written so.
fn is_spelled(text: &str, groups: &[(usize, &str)]) -> bool {
    let goes_on = |first: &(usize, &str), second: &(usize, &str)| {
        first.1.len() == 1 && second.1.len() == 1 && sign(text, &[*first, *second]).is_some()
    };
    groups.chunk_by(goes_on).any(|row| {
        let digits: String = row.iter().map(|(_, digit)| *digit).collect();
        let mut signs = row.windows(2).map(|pair| sign(text, pair));
        let first = signs.next();
        digits.len() == row.len()
            && is_issued(&digits)
            && has_right_check_digit(&digits)
            && signs.all(|sign| Some(sign) == first)
    })
}

/// The groups of digits, each with its place.
fn groups(text: &str) -> Vec<(usize, &str)> {
    let groups = text.split(|c: char| !c.is_ascii_digit());
    let groups = groups.filter(|group| !group.is_empty());
    let start = text.as_ptr().addr();
    groups
        .map(|group| (group.as_ptr().addr() - start, group))
        .collect()
}

/// The sign between two groups, if there is just one and no new line begins there.
fn sign(text: &str, pair: &[(usize, &str)]) -> Option<char> {
    let [(first, group), (second, _)] = pair else {
        return None;
    };
    let between = text.get(first + group.len()..*second).unwrap_or_default();
    let mut signs = between.chars();
    let sign = signs.next().filter(|c| !c.is_alphanumeric() && *c != '\n');
    sign.filter(|_| signs.next().is_none())
}

/// What may stand between groups of digits: spaces and dashes.
fn is_joint(c: char) -> bool {
    matches!(c, ' ' | '-')
}

/// What makes digits beside it a part of something else.
fn belongs_to_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '+' | '.')
}

/// The word without the points of a sentence around it: those that no digit comes before.
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
