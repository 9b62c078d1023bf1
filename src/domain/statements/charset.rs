//! The bytes of a file as text, in the encoding that it says.

use super::refused::Reason;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// Where a declaration of the encoding may stand: XML's is at the very beginning, the header of
/// OFX 1 has nine short lines.
const HEAD_BYTES: usize = 2048;

/// The text of a file that may declare its encoding: by a byte order mark, XML's declaration or the
/// header of OFX. XML that declares none is UTF-8. MT940 and old OFX have no place to declare it:
/// theirs is UTF-8 where it can be, else Windows-1252. Amounts and dates are ASCII in all of them.
pub(super) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Reason> {
    let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let encoding = if head.starts_with("<?xml") || head.starts_with('<') && !head.contains("<OFX") {
        xml(head)?
    } else if let Some(encoding) = ofx(head) {
        encoding
    } else if str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    };
    decode(bytes, encoding)
}

/// The text of these bytes. A byte order mark knows better than what is said of them.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    encoding: &'static Encoding,
) -> Result<Cow<'a, str>, Reason> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((encoding, 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| Reason::Encoding(encoding.name().to_owned()))
}

/// What `<?xml … encoding="…"?>` says; UTF-8 if it is silent (XML 1.0, 4.3.3).
fn xml(head: &str) -> Result<&'static Encoding, Reason> {
    let declaration = head.split_once("?>").map_or("", |(before, _)| before);
    let Some((_, rest)) = declaration.split_once("encoding") else {
        return Ok(UTF_8);
    };
    let label = rest.split(['"', '\'']).nth(1).unwrap_or_default();
    // Text that is read as UTF-16 without a byte order mark would not have shown this declaration.
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| encoding.is_ascii_compatible())
        .ok_or_else(|| Reason::Malformed(format!("the encoding {label:?} is not known")))
}

/// What the header of OFX 1 says (OFX 1.6, 2.2.1): `ENCODING:UTF-8`, or a code page in `CHARSET`.
fn ofx(head: &str) -> Option<&'static Encoding> {
    let header = head.get(head.find("OFXHEADER:")?..)?;
    let value = |name: &str| {
        let (_, rest) = header.split_once(name)?;
        rest.split(|c: char| c.is_whitespace() || c == '<').next()
    };
    if value("ENCODING:").is_some_and(|name| name == "UTF-8" || name == "UNICODE") {
        return Some(UTF_8);
    }
    let page = value("CHARSET:")?;
    Encoding::for_label(page.as_bytes())
        .or_else(|| Encoding::for_label(format!("windows-{page}").as_bytes()))
        .filter(|encoding| encoding.is_ascii_compatible())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn believes_what_a_file_says_of_itself() {
        let cases: [(&[u8], &str); 7] = [
            (
                b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>",
                "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>",
            ),
            (b"\xef\xbb\xbf<a>\xc3\xa9</a>", "<a>é</a>"),
            (b"\xff\xfe<\0a\0>\0\xe9\0", "<a>é"),
            (
                b"OFXHEADER:100\nENCODING:USASCII\nCHARSET:1252\n<OFX>\x80",
                "OFXHEADER:100\nENCODING:USASCII\nCHARSET:1252\n<OFX>€",
            ),
            (
                b"OFXHEADER:100\nENCODING:UTF-8\nCHARSET:NONE\n<OFX>\xc3\xa9",
                "OFXHEADER:100\nENCODING:UTF-8\nCHARSET:NONE\n<OFX>é",
            ),
            (b":20:M\xfcller", ":20:Müller"),
            (b":20:M\xc3\xbcller", ":20:Müller"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn refuses_text_that_is_not_what_it_says() {
        let wrong: [&[u8]; 4] = [
            b"<?xml version='1.0'?><a>\xe9</a>",
            b"<?xml version='1.0' encoding='utf-8'?><a>\xe9</a>",
            b"<?xml version='1.0' encoding='klingon'?><a/>",
            b"\xef\xbb\xbf\xff",
        ];
        for bytes in wrong {
            assert!(text(bytes).is_err(), "{bytes:?}");
        }
    }
}
