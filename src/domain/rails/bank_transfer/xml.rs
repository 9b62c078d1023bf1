//! XML of elements that hold either text or other elements, as the messages of ISO 20022 do.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::io;

/// An element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: &'static str,
    attribute: Option<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    Elements(Vec<Element>),
}

impl Element {
    /// An element that holds others.
    pub fn new(name: &'static str, elements: impl IntoIterator<Item = Self>) -> Self {
        let content = Content::Elements(elements.into_iter().collect());
        let attribute = None;
        Self {
            name,
            attribute,
            content,
        }
    }

    /// An element that holds a text, inside of others that hold nothing else.
    pub fn text(path: &[&'static str], text: impl Into<String>) -> Self {
        match path {
            [] => Self::new("", []),
            [name] => Self {
                name,
                attribute: None,
                content: Content::Text(text.into()),
            },
            [name, rest @ ..] => Self::new(name, [Self::text(rest, text)]),
        }
    }

    /// With an attribute.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attribute = Some((name, value.into()));
        self
    }

    /// The document of which this is the root, in UTF-8.
    pub fn print(&self) -> io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::new());
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        self.write(&mut writer)?;
        Ok(writer.into_inner())
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let attribute = self.attribute.as_ref();
        let attribute = attribute.map(|(name, value)| (*name, value.as_str()));
        let start = writer.create_element(self.name).with_attributes(attribute);
        match &self.content {
            Content::Text(text) => start.write_text_content(BytesText::new(text)).map(drop),
            Content::Elements(elements) => {
                let inside = |writer: &mut _| elements.iter().try_for_each(|e| e.write(writer));
                start.write_inner_content(inside).map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_is_not_text() {
        let amount = Element::text(&["Amt"], "1<2 & \"3\"").with("Ccy", "\"<&");
        let root = Element::new("A", [amount, Element::text(&["B", "C"], "d")]);
        let printed = String::from_utf8(root.print().unwrap()).unwrap();
        let wanted = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><A><Amt Ccy=\"&quot;&lt;&amp;\">1&lt;2 &amp; &quot;3&quot;</Amt><B><C>d</C></B></A>";
        assert_eq!(printed, wanted);
    }
}
