//! Pages that are about no payment: not found, and what went wrong.

use super::reader::Reader;
use crate::base::language::{Locale, Texts};
use askama::Template;

/// What went wrong with a request to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// The form could not be read, or its token against forged posts is not valid.
    StaleForm,
    /// There were too many declines; nothing was done.
    TooManyDeclines,
    /// There is too much to do; nothing was done.
    Busy,
    /// The database does not answer; what was done is not certain.
    Away,
    /// A fault of the service; what was done is not certain.
    Broken,
}

/// Renders the page for an address that names nothing. It depends on the language alone, so
/// that it tells nothing about the address.
pub fn not_found_page(reader: &Reader) -> Result<String, askama::Error> {
    let t = reader.locale.texts();
    notice(reader, (t.not_found, t.not_found_note), None)
}

/// Renders the page for a fault, with a way back to the payment if its token is known.
pub fn fault_page(
    fault: PageFault,
    token: Option<&str>,
    reader: &Reader,
) -> Result<String, askama::Error> {
    let t = reader.locale.texts();
    let words = match fault {
        PageFault::StaleForm => (t.stale_form, t.stale_form_note),
        PageFault::TooManyDeclines => (t.too_many_declines, t.too_many_declines_note),
        PageFault::Busy => (t.busy, t.busy_note),
        PageFault::Away | PageFault::Broken => (t.broken, t.broken_note),
    };
    notice(reader, words, token)
}

fn notice(
    reader: &Reader,
    (heading, note): (&'static str, &'static str),
    token: Option<&str>,
) -> Result<String, askama::Error> {
    View {
        locale: reader.locale,
        root: &reader.root,
        t: reader.locale.texts(),
        heading,
        note,
        token,
    }
    .render()
}

/// What the template sees.
#[derive(Template)]
#[template(path = "notice.html")]
struct View<'a> {
    locale: Locale,
    root: &'a str,
    t: &'static Texts,
    heading: &'static str,
    note: &'static str,
    token: Option<&'a str>,
}
