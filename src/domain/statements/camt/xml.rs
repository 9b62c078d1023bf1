//! XML as fields: the path of each element that holds a text, with the text.
//!
//! There is no tree: a file is read in one pass, and what nobody asks for is not kept.

use super::super::{refused::Reason, words::TEXT_BYTES_MAX};
use quick_xml::{
    Reader,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

/// Deepest nesting: camt.054 version 14 has 17 in an envelope of its own.
const DEPTH_MAX: usize = 64;

/// Longest name of an element: ISO 20022 abbreviates to some 20.
const NAME_BYTES_MAX: usize = 100;

/// The text of an element, and the currency of an amount.
pub(super) struct Value<'a> {
    /// Without blanks around it, not empty.
    pub(super) text: &'a str,
    /// The attribute `Ccy`.
    pub(super) currency: Option<&'a str>,
}

/// Who takes what is read. Paths are local names with `/` between, without namespaces.
pub(super) trait Fields<E> {
    /// A namespace that is declared.
    fn namespace(&mut self, uri: &str) -> Result<(), E>;
    /// An element begins.
    fn open(&mut self, path: &str) -> Result<(), E>;
    /// An element without children holds a text.
    fn field(&mut self, path: &str, value: &Value<'_>) -> Result<(), E>;
    /// An element ends.
    fn close(&mut self, path: &str) -> Result<(), E>;
}

/// Reads a document. One with a document type is refused: no bank's has one, and entities that it
/// declares could make much out of little.
pub(super) fn walk<E: From<Reason>>(text: &str, fields: &mut impl Fields<E>) -> Result<(), E> {
    let mut reader = Reader::from_str(text);
    let mut open = Open::default();
    loop {
        let event = reader.read_event().map_err(|error| {
            let byte = reader.error_position();
            Reason::Malformed(format!("no well-formed XML at byte {byte}: {error}"))
        })?;
        match event {
            Event::Start(start) => open.begin(&start, fields)?,
            Event::Empty(start) => {
                open.begin(&start, fields)?;
                open.end(fields)?;
            }
            Event::End(_) => open.end(fields)?,
            Event::Text(text) => open.add(&text)?,
            Event::CData(text) => open.add(&text)?,
            Event::GeneralRef(entity) => open.add_entity(&entity)?,
            Event::DocType(_) => {
                let reason = "XML with a document type (<!DOCTYPE) is not taken";
                return Err(Reason::Malformed(reason.to_owned()).into());
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.ends.is_empty() => return Ok(()),
            Event::Eof => {
                let reason = format!("the XML ends inside <{}>", open.path);
                return Err(Reason::Malformed(reason).into());
            }
        }
    }
}

/// The elements that are open, and the text of the innermost.
#[derive(Default)]
struct Open {
    path: String,
    /// The length of the path without each element.
    ends: Vec<usize>,
    text: String,
    currency: Option<String>,
    /// Whether the innermost has had no children.
    is_leaf: bool,
}

impl Open {
    fn begin<E: From<Reason>>(
        &mut self,
        start: &BytesStart<'_>,
        fields: &mut impl Fields<E>,
    ) -> Result<(), E> {
        let name = start.local_name();
        let name: &str = name.as_ref();
        if self.ends.len() >= DEPTH_MAX || name.len() > NAME_BYTES_MAX {
            let reason = format!("the XML is nested or named too long at <{}>", self.path);
            return Err(Reason::Malformed(reason).into());
        }
        self.ends.push(self.path.len());
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(name);
        self.text.clear();
        self.currency = None;
        self.is_leaf = true;
        // Looking for names that stand twice takes time squared.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| Reason::Malformed(error.to_string()))?;
            let key: &str = attribute.key.as_ref();
            let value: &str = attribute.value.as_ref();
            if key == "Ccy" {
                self.currency = Some(value.trim().to_owned());
            } else if key == "xmlns" || key.starts_with("xmlns:") {
                fields.namespace(value)?;
            }
        }
        fields.open(&self.path)
    }

    fn end<E: From<Reason>>(&mut self, fields: &mut impl Fields<E>) -> Result<(), E> {
        let text = self.text.trim();
        if self.is_leaf && !text.is_empty() {
            let currency = self.currency.as_deref();
            fields.field(&self.path, &Value { text, currency })?;
        }
        self.is_leaf = false;
        fields.close(&self.path)?;
        self.path.truncate(self.ends.pop().unwrap_or_default());
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), Reason> {
        if !self.is_leaf {
            return Ok(());
        }
        if self.text.len() + text.len() > TEXT_BYTES_MAX {
            let what = "bytes in one text";
            let most = TEXT_BYTES_MAX;
            return Err(Reason::TooMuch { what, most });
        }
        self.text.push_str(text);
        Ok(())
    }

    fn add_entity(&mut self, entity: &BytesRef<'_>) -> Result<(), Reason> {
        let unknown = || Reason::Malformed(format!("the XML entity &{}; is not known", &**entity));
        if let Some(c) = entity.resolve_char_ref().map_err(|_| unknown())? {
            return self.add(c.encode_utf8(&mut [0; 4]));
        }
        let text = resolve_predefined_entity(entity).ok_or_else(unknown)?;
        self.add(text)
    }
}
