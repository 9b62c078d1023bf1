//! Tokens of pages: the link token that opens one, and the form token that a post from it carries.

use super::{hash, mac};
use crate::base::{
    ambient::Ambient,
    ids::{CELL, uuid_of},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Letters of a link token after the cell: 62^22 is more than 2^128.
const LETTERS: usize = 22;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How long a form may stay open before it is sent.
const FORM_LIFE: Duration = Duration::hours(24);

/// The letters that `bytes` stand for, all equally likely: a byte that would favor some is skipped.
fn letters(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes
        .iter()
        .filter(|&&byte| byte < 248)
        .filter_map(|byte| BASE62.get(usize::from(byte % 62)))
        .map(|&letter| char::from(letter))
}

/// `count` letters of base62 that nobody can guess.
pub fn random_base62(count: usize, ambient: &Ambient) -> String {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let bytes = Zeroizing::new(ambient.bytes::<32>());
        text.extend(letters(bytes.as_slice()).take(count - text.len()));
    }
    text
}

/// The key that link tokens and form tokens are derived with. Prints nothing; wiped when dropped.
#[derive(Clone)]
pub struct TokenKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The link token of a subject (the printed id of an intent or a link): always the same one,
    /// 24 letters of base62, which say nothing about the subject to those who have no key.
    pub fn link_token(&self, subject: &str) -> String {
        let mut token = String::with_capacity(CELL.len() + LETTERS);
        token.push_str(CELL);
        let mut round = 0_u8;
        while token.len() < CELL.len() + LETTERS {
            let bytes = mac::sign(self.0.as_slice(), &[subject.as_bytes(), &[0, round]]);
            token.extend(letters(&bytes).take(CELL.len() + LETTERS - token.len()));
            round = round.wrapping_add(1);
        }
        token
    }

    /// What is stored of a link token.
    pub fn hash(token: &str) -> [u8; 32] {
        hash::sha256(token.as_bytes())
    }

    /// Whether `token` has the form of a link token of this cell.
    pub fn is_well_formed(token: &str) -> bool {
        let letters = token.strip_prefix(CELL);
        letters.is_some_and(|letters| {
            letters.len() == LETTERS && letters.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    }

    /// A token for the form on the page that the link token `page` opens: proof that the post
    /// comes from a page of ours. Valid for 24 hours. Its nonce makes the post happen once.
    pub fn form_token(&self, page: &str, now: OffsetDateTime, ambient: &Ambient) -> String {
        let expiry = (now + FORM_LIFE).unix_timestamp().to_string();
        let nonce = random_base62(LETTERS, ambient);
        let mac = mac::sign(self.0.as_slice(), &form_parts(page, &expiry, &nonce));
        format!("{expiry}.{nonce}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The nonce of a form token that was made for this page and is not older than 24 hours.
    /// The post uses it as its idempotency key.
    pub fn check_form_token(&self, page: &str, text: &str, now: OffsetDateTime) -> Option<String> {
        let (expiry, rest) = text.split_once('.')?;
        let (nonce, mac) = rest.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let genuine = mac::verify(self.0.as_slice(), &form_parts(page, expiry, nonce), &mac);
        let alive = expiry.parse::<i64>().ok()? > now.unix_timestamp();
        (genuine && alive).then(|| nonce.to_owned())
    }
}

/// All keys for tokens. A page keeps the key that was the newest when its subject was made, so that
/// links which stand in threads go on opening it; forms are signed with the newest of all.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    first: TokenKey,
    /// Each with its id, which tells when it was made; the newest last.
    later: Vec<(Uuid, TokenKey)>,
}

impl From<TokenKey> for TokenKeys {
    fn from(first: TokenKey) -> Self {
        let later = Vec::new();
        Self { first, later }
    }
}

impl TokenKeys {
    /// These keys with their ids; `None` if there is none.
    pub fn new(mut keys: Vec<(Uuid, TokenKey)>) -> Option<Self> {
        keys.sort_by_key(|(id, _)| *id);
        let mut keys = keys.into_iter();
        let (_, first) = keys.next()?;
        let later = keys.collect();
        Some(Self { first, later })
    }

    /// The key for forms.
    pub fn newest(&self) -> &TokenKey {
        self.later.last().map_or(&self.first, |(_, key)| key)
    }

    /// The link token of a subject, as [`TokenKey::link_token`] makes it. Ids rise with time: what
    /// is older than all keys came with the first.
    pub fn link_token(&self, subject: &str) -> String {
        let made_before = |key: Uuid| uuid_of(subject).is_none_or(|subject| key < subject);
        let mut later = self.later.iter().rev();
        let key = later.find(|(id, _)| made_before(*id));
        key.map_or(&self.first, |(_, key)| key).link_token(subject)
    }
}

/// What a form token signs. Neither page nor expiry holds a zero byte, so no two tokens sign alike,
/// and none signs what a link token does.
fn form_parts<'a>(page: &'a str, expiry: &'a str, nonce: &'a str) -> [&'a [u8]; 6] {
    let (page, expiry, nonce) = (page.as_bytes(), expiry.as_bytes(), nonce.as_bytes());
    [b"form\0", page, b"\0", expiry, b"\0", nonce]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::IntentId;
    use proptest::prelude::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_link_token_is_stable_and_well_formed() {
        let key = TokenKey::new([7; 32]);
        let token = key.link_token("pi_01");
        assert_eq!(token, key.link_token("pi_01"));
        assert_ne!(token, key.link_token("pi_02"));
        assert_ne!(token, TokenKey::new([8; 32]).link_token("pi_01"));
        assert!(TokenKey::is_well_formed(&token));
        for wrong in ["", "00", &token[1..], &token.replace("00", "01"), "00é"] {
            assert!(!TokenKey::is_well_formed(wrong), "{wrong}");
        }
    }

    #[test]
    fn all_letters_are_equally_likely() {
        let all: Vec<u8> = (0..=255).collect();
        let drawn: Vec<char> = letters(&all).collect();
        assert_eq!(drawn.len(), 248);
        for &letter in BASE62 {
            let count = drawn.iter().filter(|&&c| c == char::from(letter)).count();
            assert_eq!(count, 4);
        }
    }

    #[test]
    fn a_form_token_belongs_to_one_page_and_one_day() {
        let (key, ambient) = (TokenKey::new([7; 32]), Ambient::system());
        let text = key.form_token("page", NOW, &ambient);
        let nonce = key.check_form_token("page", &text, NOW).unwrap();
        assert_eq!(nonce.len(), LETTERS);
        let last_second = NOW + FORM_LIFE - Duration::seconds(1);
        assert!(key.check_form_token("page", &text, last_second).is_some());
        assert_eq!(key.check_form_token("page", &text, NOW + FORM_LIFE), None);
        assert_eq!(key.check_form_token("other", &text, NOW), None);
        let other = TokenKey::new([8; 32]);
        assert_eq!(other.check_form_token("page", &text, NOW), None);
        let later = format!("9{text}");
        assert_eq!(key.check_form_token("page", &later, NOW), None);
    }

    #[test]
    fn a_page_keeps_the_key_of_its_time() {
        let id = |place: u128| Uuid::from_u128(place);
        let printed = |place: u128| IntentId(id(place)).to_string();
        let [first, second] = [7, 8].map(|byte| TokenKey::new([byte; 32]));
        let keys = vec![(id(50), second.clone()), (id(1), first.clone())];
        let keys = TokenKeys::new(keys).unwrap();
        let (old, new) = (printed(49), printed(51));
        assert_eq!(keys.link_token(&old), first.link_token(&old));
        assert_eq!(keys.link_token(&new), second.link_token(&new));
        let form = keys.newest().form_token("page", NOW, &Ambient::system());
        assert!(second.check_form_token("page", &form, NOW).is_some());
        // With the new one alone, all pages have it.
        let keys = TokenKeys::new(vec![(id(50), second.clone())]).unwrap();
        assert_eq!(keys.link_token(&old), second.link_token(&old));
        assert!(TokenKeys::new(Vec::new()).is_none());
    }

    proptest! {
        #[test]
        fn no_text_passes_for_a_form_token(text in "[0-9]{1,20}\\.[0-9A-Za-z]{0,22}\\.[0-9A-Za-z_-]{0,44}|.{0,40}") {
            let key = TokenKey::new([7; 32]);
            prop_assert_eq!(key.check_form_token("page", &text, NOW), None);
        }
    }
}
