//! What comes from outside, read. Where there are short texts they are a handful each: one alone
//! takes less time than its place in memory may change.

use super::{
    case,
    stall::{ENTRY, INTENT, Stall, read},
    time_all,
};
use criterion::Criterion;
use std::hint::black_box;
use threadpay::{
    base::{
        crypto::jwt::{Claims, Signer},
        ids::IntentId,
        language::{Locale, parse_payer_amount},
        money::{Currency, Money},
        net::{Policy, check_url},
        timestamp,
    },
    domain::{
        auth::ApiKey, idempotency::IdempotencyKey, intents::IntentRequest, ledger::EntryRequest,
        links::LinkRequest, threads::Thread,
    },
};
use time::macros::date;

const AMOUNTS: [&str; 6] = ["1", "12.50", "0.01", "999999999999.99", "12.505", "1e2"];
const TYPED: [&str; 4] = ["12,50", "1.250,00", "1 250", "١٢"];
const CURRENCIES: [&str; 5] = ["EUR", "JPY", "KWD", "USD", "XXQ"];
const TIMES: [&str; 3] = [
    "2026-11-22T06:00:00.123Z",
    "2026-11-22",
    "2026-11-22T06:00:00+02:00",
];
const KEYS: [&str; 3] = ["pay-1042", "8e03978e-40d5-43e8-bc93-6894a57f9324", "no key"];
const IDS: [&str; 3] = [
    "pi_01m8110twef5j84yctpbta70g5",
    "pi_01m8110twef5j84yctpbta70gl",
    "re_01m8110twef5j84yctpbta70g5",
];
const URLS: [&str; 4] = [
    "https://bot.example/hook?shop=4",
    "https://10.0.0.1/",
    "https://[::ffff:127.0.0.1]/",
    "http://bot.example/",
];
const THREADS: [&str; 2] = [
    r#"{"channel":"slack","tenant":"T01","conversation":"C02","thread":"1700000000.000100"}"#,
    r#"{"channel":"telegram","conversation":"-1001234567890","thread":"77","user":"42"}"#,
];
const LINK: &str = r#"{"currency":"EUR","amount_options":{"min":"1.00","max":"500.00","preset":"20.00"},"usage":"multi","description":"Tip jar","tip_options":["1.00","2.00"],"expires_in":86400}"#;

/// Reads each of `texts`, good or bad.
fn each<T>(texts: &'static [&'static str], read: impl Fn(&'static str) -> T) {
    for text in black_box(texts) {
        black_box(read(text));
    }
}

pub fn all(criterion: &mut Criterion) {
    let stall = Stall::open();
    let now = stall.now.unix_timestamp();
    let signer = Signer::from_seed(&[1; 32]).unwrap();
    let token = signer.issue(&Claims {
        subject: "key_01m81104xvekcvs2pgrv634hr9".to_owned(),
        merchant: "mer_01m81104xvekcvs2pgrv634hr9".to_owned(),
        role: "merchant".to_owned(),
        id: "1".to_owned(),
        issued_at: now,
        expires_at: now + 900,
    });
    let (token, now, policy) = (token.unwrap(), stall.now, Policy::default());
    let new_key = threadpay::domain::auth::NewApiKey::generate(
        &stall.ambient,
        stall.merchant,
        threadpay::base::mode::Mode::Test,
        threadpay::domain::auth::Role::Bot,
    );
    let key = new_key.text();
    let euro: Currency = "EUR".parse().unwrap();
    let german = Locale::negotiate("de");
    let cases = vec![
        case("amounts", move || {
            each(&AMOUNTS, |text| Money::parse(text, euro));
        }),
        case("typed_amounts", move || {
            each(&TYPED, |text| parse_payer_amount(text, euro, german));
        }),
        case("currencies", || each(&CURRENCIES, str::parse::<Currency>)),
        case("times", || each(&TIMES, timestamp::parse)),
        case("ids", || each(&IDS, str::parse::<IntentId>)),
        case("idempotency_keys", || {
            each(&KEYS, str::parse::<IdempotencyKey>);
        }),
        case("endpoint_urls", move || {
            each(&URLS, |text| check_url(text, &policy));
        }),
        case("threads", || {
            each(&THREADS, |text| read::<Thread>(text).check());
        }),
        case("api_key", move || ApiKey::parse(black_box(&key)).unwrap()),
        case("access_token", move || {
            signer.verify(black_box(&token), now).unwrap()
        }),
        case("intent_request", || {
            read::<IntentRequest>(black_box(INTENT)).parse().unwrap()
        }),
        case("link_request", || {
            read::<LinkRequest>(black_box(LINK)).parse().unwrap()
        }),
        case("entry_request", || {
            read::<EntryRequest>(black_box(ENTRY))
                .parse(date!(2026 - 11 - 29))
                .unwrap()
        }),
    ];
    time_all(criterion, "parse", cases);
}
