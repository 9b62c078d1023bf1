//! Every parser of a short text: what it takes has one spelling, or prints as what it means.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::{fmt::Display, str::FromStr, time::Duration};
use threadpay::{
    base::{
        crypto::{Purpose, TokenKey},
        event_type::EventType,
        ids::{
            AttemptId, DeliveryId, EndpointId, EntryId, EventId, IntentId, KeyId, LinkId,
            MerchantId, RefundId, ReplayId,
        },
        language::{Language, Locale, format_amount, parse_payer_amount},
        money::{Currency, Money},
        net::{Response, RetryAfter},
        timestamp,
    },
    domain::{
        auth::{ApiKey, Role, parse_client_id},
        callbacks::{DeliveryStatus, EventFilter, Ordering, Outcome, outcome},
        idempotency::IdempotencyKey,
        intents::{CaptureMethod, Status},
        ledger::Account,
        links::Usage,
        rails::Rail,
        threads::Channel,
    },
    views::exports::Format,
};
use time::{OffsetDateTime, macros::datetime};

const NOW: OffsetDateTime = datetime!(2026-11-22 06:00 UTC);
const CURRENCIES: [&str; 4] = ["EUR", "JPY", "KWD", "CLF"];

/// What is taken is spelled as it prints.
fn one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fn ids(text: &str) {
    one_spelling::<AttemptId>(text);
    one_spelling::<DeliveryId>(text);
    one_spelling::<EndpointId>(text);
    one_spelling::<EntryId>(text);
    one_spelling::<EventId>(text);
    one_spelling::<IntentId>(text);
    one_spelling::<KeyId>(text);
    one_spelling::<LinkId>(text);
    one_spelling::<MerchantId>(text);
    one_spelling::<RefundId>(text);
    one_spelling::<ReplayId>(text);
}

fn names(text: &str) {
    one_spelling::<Account>(text);
    one_spelling::<CaptureMethod>(text);
    one_spelling::<Channel>(text);
    one_spelling::<Currency>(text);
    one_spelling::<DeliveryStatus>(text);
    one_spelling::<EventType>(text);
    one_spelling::<Format>(text);
    one_spelling::<Ordering>(text);
    one_spelling::<Purpose>(text);
    one_spelling::<Rail>(text);
    one_spelling::<Role>(text);
    one_spelling::<Status>(text);
    one_spelling::<Usage>(text);
}

fn money(text: &str) {
    for code in CURRENCIES {
        let currency: Currency = code.parse().unwrap();
        let Ok(money) = Money::parse(text, currency) else {
            assert!(Money::parse_amount(text, currency).is_err());
            continue;
        };
        assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        assert!((0..10_i64.pow(12 + currency.exponent())).contains(&money.minor()));
        let printed = money.to_string();
        assert_eq!(Money::parse(&printed, currency), Ok(money));
        // Zeros at either end are all that the two spellings may differ by.
        assert_eq!(value(text), value(&printed));
        assert_eq!(
            Money::parse_amount(text, currency).is_ok(),
            money.minor() > 0
        );
    }
}

/// The digits of an amount that count.
fn value(text: &str) -> (&str, &str) {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    (
        whole.trim_start_matches('0'),
        decimals.trim_end_matches('0'),
    )
}

fn typed_money(text: &str) {
    let wanted = Locale::negotiate(text);
    for code in CURRENCIES {
        let currency: Currency = code.parse().unwrap();
        for locale in Language::ALL
            .iter()
            .copied()
            .map(Locale::from)
            .chain([wanted])
        {
            if let Ok(money) = parse_payer_amount(text, currency, locale) {
                assert!(money.minor() > 0);
                assert!(!format_amount(money, locale).is_empty());
            }
        }
    }
}

fn times(text: &str) {
    if let Ok(at) = timestamp::parse(text) {
        let printed = timestamp::format(at);
        assert_eq!(printed.len(), "2026-11-22T06:00:00.000Z".len(), "{text}");
        let again = timestamp::parse(&printed).unwrap();
        assert!((at - again).whole_milliseconds() == 0 && again <= at);
        assert_eq!(timestamp::format(again), printed);
    }
}

/// However a receiver asks to be left alone, it is tried again within some two days.
fn wishes(text: &str) {
    let answer = Response {
        status: 503,
        head: String::new(),
        retry_after: RetryAfter::parse(text),
    };
    for failures in 0..12 {
        if let Outcome::Retry(at) = outcome(failures, Some(&answer), NOW, |wait| wait) {
            assert!(at > NOW && at <= NOW + Duration::from_secs(48 * 3600));
        }
    }
}

fn keys(text: &str) {
    if let Ok(key) = text.parse::<IdempotencyKey>() {
        assert_eq!(key.as_str(), text);
        assert!((1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()));
    }
    if let Ok(id) = parse_client_id(text) {
        assert_eq!(parse_client_id(&id.to_string()), Ok(id));
    }
    if let Ok(key) = ApiKey::parse(text) {
        let (id, secret) = text.rsplit_once('_').unwrap();
        assert_eq!(parse_client_id(id), Ok(key.id));
        assert!(!format!("{key:?}").contains(secret));
    }
    if TokenKey::is_well_formed(text) {
        assert!(text.len() == 24 && text.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
    if let Ok(filter) = EventFilter::parse(vec![text.to_owned()]) {
        assert_eq!(filter.patterns(), [text]);
        let types = EventType::WORDS.iter().map(|word| word.parse().unwrap());
        assert!(types.into_iter().any(|kind| filter.matches(kind)));
    }
}

fuzz_target!(|text: &str| {
    ids(text);
    names(text);
    money(text);
    typed_money(text);
    times(text);
    wishes(text);
    keys(text);
});
