//! What a file is, by its content.

use super::format::FileFormat;

/// How far into a file its format shows: banks write letterheads before MT940.
const HEAD_CHARS: usize = 4096;

/// The format; none if it is none of these. A CSV does not show what its columns are.
pub(super) fn recognize(text: &str) -> Option<FileFormat> {
    let end = text
        .char_indices()
        .nth(HEAD_CHARS)
        .map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or(text);
    let messages = [
        ("BkToCstmrAcctRpt", FileFormat::Camt052),
        ("BkToCstmrStmt", FileFormat::Camt053),
        ("BkToCstmrDbtCdtNtfctn", FileFormat::Camt054),
    ];
    let named = messages.into_iter().find(|(name, _)| head.contains(name));
    if let Some((_, format)) = named {
        return Some(format);
    }
    let upper = head.to_ascii_uppercase();
    if upper.contains("OFXHEADER") || upper.contains("<OFX>") {
        return Some(FileFormat::Ofx);
    }
    let mut lines = head.lines();
    lines
        .any(|line| {
            line.trim_start_matches(|c: char| c.is_control())
                .starts_with(":20:")
        })
        .then_some(FileFormat::Mt940)
}
