//! OFX as a row of tags, each with the text behind it.
//!
//! OFX 1 is SGML whose elements need no end, OFX 2 is XML; banks write the one under the header of
//! the other and leave out ends that may not be left out. What matters can be read from the row.

use super::super::{refused::Reason, words::TEXT_BYTES_MAX};

/// Longest name: OFX's own have at most some 30 letters, banks add prefixes.
const NAME_BYTES_MAX: usize = 64;

/// A tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// In capital letters.
    pub(super) name: String,
    /// `</…>`.
    pub(super) is_end: bool,
    /// What stands between it and the next, without blanks around it.
    pub(super) text: String,
}

/// All tags of a file from `<OFX>` on.
pub(super) struct Tags<'a> {
    rest: &'a str,
}

impl<'a> Tags<'a> {
    /// The tags of this text; what stands before the first is a header.
    pub(super) fn of(text: &'a str) -> Self {
        let start = text.find('<').unwrap_or(text.len());
        let rest = text.get(start..).unwrap_or_default();
        Self { rest }
    }

    fn tag(&mut self) -> Result<Option<Tag>, Reason> {
        while !self.rest.is_empty() {
            let inside = self.rest.strip_prefix('<').unwrap_or(self.rest);
            if let Some(ends) = skipped(inside)? {
                let end = inside.find(ends).ok_or_else(cut_off)?;
                self.rest = inside.get(end + ends.len()..).unwrap_or_default();
                self.rest = self
                    .rest
                    .find('<')
                    .and_then(|at| self.rest.get(at..))
                    .unwrap_or_default();
                continue;
            }
            let (name, rest) = inside.split_once('>').ok_or_else(cut_off)?;
            let name = name.trim_end_matches('/').trim();
            if name.len() > NAME_BYTES_MAX {
                let reason = "OFX with a tag that is too long, or with attributes, is not taken";
                return Err(Reason::Malformed(reason.to_owned()));
            }
            self.rest = rest;
            let text = self.text()?;
            let (name, is_end) = name
                .strip_prefix('/')
                .map_or((name, false), |name| (name, true));
            let name = name.to_ascii_uppercase();
            return Ok(Some(Tag { name, is_end, text }));
        }
        Ok(None)
    }

    /// The text up to the next tag.
    fn text(&mut self) -> Result<String, Reason> {
        let mut text = String::new();
        loop {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            add(&mut text, plain)?;
            let Some(marked) = rest.strip_prefix("<![CDATA[") else {
                self.rest = rest;
                return Ok(text.trim().to_owned());
            };
            let (marked, rest) = marked.split_once("]]>").ok_or_else(cut_off)?;
            limit(text.len() + marked.len())?;
            text.push_str(marked);
            self.rest = rest;
        }
    }
}

impl Iterator for Tags<'_> {
    type Item = Result<Tag, Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        self.tag().transpose()
    }
}

/// How what is no element ends, if this is none.
fn skipped(inside: &str) -> Result<Option<&'static str>, Reason> {
    if inside.starts_with("!--") {
        Ok(Some("-->"))
    } else if inside.starts_with('?') {
        Ok(Some("?>"))
    } else if inside.starts_with('!') {
        let reason = "OFX with a document type (<!…>) is not taken";
        Err(Reason::Malformed(reason.to_owned()))
    } else {
        Ok(None)
    }
}

fn cut_off() -> Reason {
    Reason::Malformed("the file ends inside a tag; it is cut off".to_owned())
}

fn limit(length: usize) -> Result<(), Reason> {
    if length > TEXT_BYTES_MAX {
        let (what, most) = ("bytes in one text", TEXT_BYTES_MAX);
        return Err(Reason::TooMuch { what, most });
    }
    Ok(())
}

/// Adds a text with its escapes resolved (OFX 2.2, 2.3.2.1). Many banks do not escape `&`: what is no
/// escape stays as it is.
fn add(text: &mut String, escaped: &str) -> Result<(), Reason> {
    limit(text.len() + escaped.len())?;
    let mut pieces = escaped.split('&');
    text.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let known = piece
            .split_once(';')
            .and_then(|(name, rest)| Some((sign(name)?, rest)));
        if let Some((sign, rest)) = known {
            text.push(sign);
            text.push_str(rest);
        } else {
            text.push('&');
            text.push_str(piece);
        }
    }
    Ok(())
}

fn sign(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = number.strip_prefix(['x', 'X']).map_or_else(
                || number.parse().ok(),
                |hexadecimal| u32::from_str_radix(hexadecimal, 16).ok(),
            );
            char::from_u32(code?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<(String, bool, String)> {
        let tags = Tags::of(text).map(Result::unwrap);
        tags.map(|tag| (tag.name, tag.is_end, tag.text)).collect()
    }

    #[test]
    fn reads_both_ways_alike() {
        let expected = [
            ("OFX".to_owned(), false, String::new()),
            ("NAME".to_owned(), false, "A & B <c>".to_owned()),
        ];
        let sgml = "HEADER:1\r\n\r\n<OFX>\r\n<NAME>A & B &lt;c&#62;\r\n";
        assert_eq!(tags(sgml), expected);
        let xml = "<?xml version=\"1.0\"?><!-- < --><?OFX x?><ofx><Name><![CDATA[A & B <c>]]>";
        assert_eq!(tags(xml), expected);
    }

    #[test]
    fn refuses_what_is_cut_off_or_hostile() {
        for text in [
            "<OFX",
            "<OFX><!-- ",
            "<OFX><![CDATA[",
            "<!DOCTYPE a><OFX>",
            "<?OFX",
        ] {
            assert!(Tags::of(text).any(|tag| tag.is_err()), "{text}");
        }
        let long = format!("<{}>", "A".repeat(1000));
        assert!(Tags::of(&long).any(|tag| tag.is_err()));
    }
}
