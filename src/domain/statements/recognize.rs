//! What a file is, by its content.

use super::format::Format;

/// How far into a file its format shows: banks write letterheads before MT940.
const HEAD_CHARS: usize = 4096;

/// The format; none if it is none of these. A CSV does not show what its columns are.
pub(super) fn recognize(text: &str) -> Option<Format> {
    let end = text
        .char_indices()
        .nth(HEAD_CHARS)
        .map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or(text);
    let messages = [
        ("BkToCstmrAcctRpt", Format::Camt052),
        ("BkToCstmrStmt", Format::Camt053),
        ("BkToCstmrDbtCdtNtfctn", Format::Camt054),
    ];
    let named = messages.into_iter().find(|(name, _)| head.contains(name));
    if let Some((_, format)) = named {
        return Some(format);
    }
    let upper = head.to_ascii_uppercase();
    if upper.contains("OFXHEADER") || upper.contains("<OFX>") {
        return Some(Format::Ofx);
    }
    let mut lines = head.lines();
    lines
        .any(|line| {
            line.trim_start_matches(|c: char| c.is_control())
                .starts_with(":20:")
        })
        .then_some(Format::Mt940)
}
