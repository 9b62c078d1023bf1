//! Pages that are about no payment: not found, and what went wrong.

use crate::base::language::{Locale, Texts};
use askama::Template;

/// What went wrong with a request to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// The form could not be read, or its token against forged posts is not valid.
    StaleForm,
    /// There is too much to do; nothing was done.
    Busy,
    /// The database does not answer; what was done is not certain.
    Away,
    /// A fault of the service; what was done is not certain.
    Broken,
}

/// Renders the page for an address that names nothing. It depends on the language alone, so
/// that it tells nothing about the address.
pub fn not_found_page(locale: Locale) -> Result<String, askama::Error> {
    let t = locale.texts();
    notice(locale, (t.not_found, t.not_found_note), None)
}

/// Renders the page for a fault, with a way back to the payment if its token is known.
pub fn fault_page(
    fault: PageFault,
    token: Option<&str>,
    locale: Locale,
) -> Result<String, askama::Error> {
    let t = locale.texts();
    let words = match fault {
        PageFault::StaleForm => (t.stale_form, t.stale_form_note),
        PageFault::Busy => (t.busy, t.busy_note),
        PageFault::Away | PageFault::Broken => (t.broken, t.broken_note),
    };
    notice(locale, words, token)
}

fn notice(
    locale: Locale,
    (heading, note): (&'static str, &'static str),
    token: Option<&str>,
) -> Result<String, askama::Error> {
    let t = locale.texts();
    View {
        locale,
        t,
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
    t: &'static Texts,
    heading: &'static str,
    note: &'static str,
    token: Option<&'a str>,
}
