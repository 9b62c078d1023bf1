//! The fields of SWIFT messages: a tag between colons at the beginning of a line, and what follows.

/// Tags that begin a field (SWIFT's MT940 and MT942; `NS`, `940` and `28` are habits of banks). Any
/// other is part of the text before it: banks break lines where it suits them, also before the
/// colon of a time.
const TAGS: [&str; 24] = [
    "13", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F", "62M",
    "64", "65", "86", "90C", "90D", "940", "942", "NS", "60A", "62A",
];

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Without the colons.
    pub(super) tag: &'a str,
    /// All lines of it.
    pub(super) value: &'a str,
}

impl<'a> Field<'a> {
    /// The first line, without blanks around it.
    pub(super) fn line(&self) -> &'a str {
        self.value.lines().next().unwrap_or_default().trim()
    }
}

/// All fields of a file, without what stands around the messages.
pub(super) fn fields(text: &str) -> Fields<'_> {
    Fields { rest: text }
}

/// See [`fields`].
pub(super) struct Fields<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let tag = loop {
            let (line, rest) = line(self.rest)?;
            if let Some((tag, _)) = begins(line) {
                let value = self.rest.find(tag)? + tag.len() + 1;
                self.rest = self.rest.get(value..)?;
                break tag;
            }
            self.rest = rest;
        };
        let whole = self.rest;
        let mut rest = line(whole).map_or("", |(_, rest)| rest);
        while let Some((next, after)) = line(rest) {
            if begins(next).is_some() || ends(next) {
                break;
            }
            rest = after;
        }
        self.rest = rest;
        let length = whole.len() - rest.len();
        let value = whole.get(..length).unwrap_or_default().trim_end();
        Some(Field { tag, value })
    }
}

/// The first line and what follows; none at the end.
fn line(text: &str) -> Option<(&str, &str)> {
    (!text.is_empty()).then(|| text.split_once('\n').unwrap_or((text, "")))
}

/// The tag, if a field begins with this line.
fn begins(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_control() || c == '\u{feff}');
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    TAGS.contains(&tag).then_some((tag, value))
}

/// Whether a message ends with this line, or the envelope of the next begins.
fn ends(line: &str) -> bool {
    line.trim_end_matches(|c: char| c.is_control() || c == ' ') == "-"
        || line.starts_with("-}")
        || line.starts_with("{1:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_messages_out_of_what_stands_around_them() {
        let text = "\u{1}\r\n{1:F01}{4:\r\n:20:A\r\n:86:one\r\n:12:11\r\n- two\r\n-}{5:}\r\nABNANL2A\r\n940\r\n:20:B\r\n:86:\r\n-\u{3}";
        let fields: Vec<_> = fields(text).map(|f| (f.tag, f.value)).collect();
        let expected = [
            ("20", "A"),
            ("86", "one\r\n:12:11\r\n- two"),
            ("20", "B"),
            ("86", ""),
        ];
        assert_eq!(fields, expected);
    }
}
