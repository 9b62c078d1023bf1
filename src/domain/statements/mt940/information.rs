//! Field 86, information to the account owner. SWIFT leaves it to the banks; three ways are read,
//! and anything else is text.

use super::super::{
    day::digits,
    details::{Details, ReferenceKind},
    refused::Reason,
    words::{append, keep, refer},
};

/// Adds what the field says.
pub(super) fn add(value: &str, details: &mut Details) -> Result<(), Reason> {
    let value = value.trim();
    if let Some(separator) = separator(value) {
        numbered(&joined(value), separator, details)
    } else if slashed_key(value).is_some() {
        slashed(&joined(value), details)
    } else {
        append(&mut details.text, value)
    }
}

/// Both ways break lines in the middle of words.
fn joined(value: &str) -> String {
    value
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .collect()
}

/// What stands before each number in the way of German and Polish banks: three digits of a code,
/// then `?00`, `?20` and so on (Deutsche Kreditwirtschaft, DFÜ agreement, annex 3).
fn separator(value: &str) -> Option<char> {
    let mut signs = value.chars();
    let is_code = signs.by_ref().take(3).filter(char::is_ascii_digit).count() == 3;
    let separator = signs.next().filter(|c| "?<>~^@".contains(*c))?;
    let is_number = signs.take(2).filter(char::is_ascii_digit).count() == 2;
    (is_code && is_number).then_some(separator)
}

fn numbered(value: &str, separator: char, details: &mut Details) -> Result<(), Reason> {
    let mut pieces: Vec<(u8, String)> = Vec::new();
    let (code, rest) = value.split_once(separator).unwrap_or((value, ""));
    for piece in rest.split(separator) {
        let number = piece.split_at_checked(2);
        let number = number.and_then(|(number, text)| Some((digits(number, 2)?, text)));
        if let Some((number, text)) = number {
            pieces.push((u8::try_from(number).unwrap_or_default(), text.to_owned()));
        } else if let Some((_, text)) = pieces.last_mut() {
            // The separator is part of a text.
            text.push(separator);
            text.push_str(piece);
        }
    }
    let own = details.code.take().unwrap_or_default();
    details.code = Some(format!("{own}/{code}").trim_matches('/').to_owned());
    let mut purpose = Vec::new();
    let (mut posting, mut name) = (None, String::new());
    for (number, text) in &pieces {
        match *number {
            0 => posting = Some(text.as_str()),
            20..=29 | 60..=63 => purpose.push(text.as_str()),
            30 => keep(&mut details.counterparty.bank, text)?,
            32 | 33 => name.push_str(text),
            _ => {}
        }
    }
    // An IBAN, where the account has one, and else the national number.
    for wanted in [38, 31] {
        for (_, text) in pieces.iter().filter(|(number, _)| *number == wanted) {
            keep(&mut details.counterparty.account, text)?;
        }
    }
    keep(&mut details.counterparty.name, &name)?;
    let before = details.text.clone();
    keyed(&purpose, details)?;
    if details.text == before {
        append(&mut details.text, posting.unwrap_or_default())?;
    }
    Ok(())
}

/// SEPA's keys in the pieces of the purpose: `EREF+`, `SVWZ+` and others, each at the beginning of a
/// piece, since what payers write may look like one. Pieces without a key go on with the one before.
fn keyed(pieces: &[&str], details: &mut Details) -> Result<(), Reason> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for piece in pieces {
        match (key(piece), parts.last_mut()) {
            (Some((key, text)), _) => parts.push((key, text.to_owned())),
            (None, Some(("", text))) => {
                text.push('\n');
                text.push_str(piece);
            }
            (None, Some((_, text))) => text.push_str(piece),
            (None, None) => parts.push(("", (*piece).to_owned())),
        }
    }
    for (key, text) in parts {
        let kind = match key {
            "EREF" => ReferenceKind::EndToEnd,
            "KREF" => ReferenceKind::Payment,
            "MREF" => ReferenceKind::Mandate,
            "BREF" => ReferenceKind::Bank,
            "" | "SVWZ" => {
                append(&mut details.text, &text)?;
                continue;
            }
            other => {
                append(&mut details.text, &format!("{other}+{text}"))?;
                continue;
            }
        };
        refer(&mut details.references, kind, &text)?;
    }
    Ok(())
}

/// `EREF+…` as key and text.
fn key(piece: &str) -> Option<(&str, &str)> {
    let (key, text) = piece.trim_start().split_once('+')?;
    let is_key = key.len() == 4 && key.bytes().all(|b| b.is_ascii_uppercase());
    is_key.then_some((key, text))
}

/// The keys of the way of Dutch banks: `/EREF/…/REMI/…`.
const SLASHED: [&str; 16] = [
    "TRTP", "CNTP", "IBAN", "BIC", "NAME", "REMI", "EREF", "MARF", "CSID", "ORDP", "BENM", "ISDT",
    "PREF", "PURP", "RTRN", "ULTD",
];

fn slashed_key(value: &str) -> Option<&str> {
    let key = value.strip_prefix('/')?.split('/').next()?;
    SLASHED.contains(&key).then_some(key)
}

fn slashed(value: &str, details: &mut Details) -> Result<(), Reason> {
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for piece in value.split('/').skip(1) {
        match parts.last_mut() {
            Some((_, texts)) if !SLASHED.contains(&piece) => texts.push(piece),
            _ => parts.push((piece, Vec::new())),
        }
    }
    for (key, texts) in parts {
        let whole = texts.join("/");
        let whole = whole.trim_matches('/');
        let other = &mut details.counterparty;
        match key {
            "IBAN" => keep(&mut other.account, whole)?,
            "BIC" => keep(&mut other.bank, whole)?,
            "NAME" => keep(&mut other.name, whole)?,
            "EREF" => refer(&mut details.references, ReferenceKind::EndToEnd, whole)?,
            "MARF" => refer(&mut details.references, ReferenceKind::Mandate, whole)?,
            "PREF" => refer(&mut details.references, ReferenceKind::Payment, whole)?,
            "RTRN" => keep(&mut details.return_reason, whole)?,
            "CNTP" => {
                let mut texts = texts.iter();
                let mut next = || texts.next().copied().unwrap_or_default();
                keep(&mut other.account, next())?;
                keep(&mut other.bank, next())?;
                keep(&mut other.name, next())?;
            }
            "REMI" => remittance(&texts, whole, details)?,
            _ => {}
        }
    }
    Ok(())
}

/// `USTD//text`, `STRD/CUR/reference`, or plain text.
fn remittance(texts: &[&str], whole: &str, details: &mut Details) -> Result<(), Reason> {
    match texts {
        ["STRD", _, reference, ..] => {
            refer(&mut details.references, ReferenceKind::Creditor, reference)
        }
        ["USTD", ..] => {
            let text = whole.trim_start_matches("USTD").trim_start_matches('/');
            append(&mut details.text, text)
        }
        _ => append(&mut details.text, whole),
    }
}
