//! Page addresses. The token in an address is derived from the id of what the page shows, so it
//! is stored nowhere: the database holds its hash, and stored JSON names the page by the id.

pub mod store;

use crate::base::crypto::{TokenKey, TokenKeys};
use std::sync::Arc;

/// Prints the addresses of pages.
#[derive(Clone, Debug)]
pub struct PageUrls {
    public_url: Arc<str>,
    root: Arc<str>,
    keys: Arc<TokenKeys>,
}

impl PageUrls {
    /// Addresses under `public_url` (no slash at its end) with tokens made by `keys`.
    pub fn new(public_url: &str, keys: impl Into<TokenKeys>) -> Self {
        let public_url = public_url.trim_end_matches('/');
        let (_, host) = public_url.split_once("://").unwrap_or(("", public_url));
        let root = host.find('/').and_then(|at| host.get(at..));
        Self {
            public_url: public_url.into(),
            root: root.unwrap_or_default().into(),
            keys: Arc::new(keys.into()),
        }
    }

    /// Where the service is reached from outside.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The path of that address, without a slash at its end: empty, or such as `/shop`.
    pub fn root(&self) -> Arc<str> {
        Arc::clone(&self.root)
    }

    /// The token of the page that shows `subject`, a printed id of an intent or a link.
    pub fn token(&self, subject: &str) -> String {
        self.keys.link_token(subject)
    }

    /// The hash under which the token of `subject` is stored.
    pub fn token_hash(&self, subject: &str) -> [u8; 32] {
        TokenKey::hash(&self.token(subject))
    }

    /// The pay page of `subject` as stored JSON names it: by id.
    pub fn stored_url(&self, subject: &str) -> String {
        format!("{}/p/{subject}", self.public_url)
    }

    /// The pay page of `subject` as the world sees it.
    pub fn pay_url(&self, subject: &str) -> String {
        format!("{}/p/{}", self.public_url, self.token(subject))
    }

    /// Puts the token into stored JSON: an object of the API, or an event about one. Only the
    /// page of the object itself is revealed, so no text in it can name somebody else's.
    pub fn reveal(&self, stored: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(stored)
            .ok()
            .and_then(|text| Some((text, subject(text)?)))
        {
            Some((text, subject)) => {
                let page = format!("/p/{}", self.token(subject));
                text.replace(&format!("/p/{subject}"), &page).into_bytes()
            }
            None => stored.to_vec(),
        }
    }
}

/// The id of the intent or link that a stored JSON text is about.
fn subject(text: &str) -> Option<&str> {
    let object = if text.starts_with(r#"{"id":"evt_"#) {
        text.split_once(r#""data":{"id":""#)?.1
    } else {
        text.strip_prefix(r#"{"id":""#)?
    };
    let id = object.split_once('"')?.0;
    (id.starts_with("pi_") || id.starts_with("pl_")).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> PageUrls {
        PageUrls::new("https://pay.example/", TokenKey::new([7; 32]))
    }

    #[test]
    fn only_the_object_itself_is_revealed() {
        let urls = urls();
        let own = urls.pay_url("pi_1");
        let stored = r#"{"id":"pi_1","pay_url":"https://pay.example/p/pi_1","description":"https://pay.example/p/pi_2"}"#;
        let shown = format!(
            r#"{{"id":"pi_1","pay_url":"{own}","description":"https://pay.example/p/pi_2"}}"#
        );
        assert_eq!(urls.reveal(stored.as_bytes()), shown.as_bytes());
        let event = r#"{"id":"evt_1","thread":{"conversation":"\"data\":{\"id\":\"pi_2\""},"data":{"id":"pi_1","pay_url":"https://pay.example/p/pi_1"}}"#;
        let text = String::from_utf8(urls.reveal(event.as_bytes())).unwrap();
        assert!(text.contains(&own) && !text.contains("/p/pi_1"), "{text}");
    }

    #[test]
    fn what_is_no_page_stays_as_it_is() {
        for stored in [&br#"{"id":"re_1","x":"/p/re_1"}"#[..], b"", b"\xff", b"{}"] {
            assert_eq!(urls().reveal(stored), stored);
        }
    }
}
