//! JSON bodies of all requests, read as the handlers read them.

#![no_main]

use actix_web::{FromRequest, http::header, test::TestRequest};
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use std::sync::LazyLock;
use threadpay::{
    base::{
        invalid::Invalid,
        mode::Mode,
        money::{Currency, Money},
        net::Policy,
    },
    domain::{
        callbacks::{EndpointChanges, EndpointRequest, ReplayRequest, RotateRequest},
        clocks::{Advance, ClockRequest},
        idempotency::Fingerprint,
        intents::{CancelRequest, CaptureRequest, ConfirmRequest, IntentRequest, RefundRequest},
        ledger::{Account, EntryRequest},
        links::LinkRequest,
        rail_accounts::{RailAccountChanges, RailAccountRequest},
    },
    http::{
        Problem,
        api::{links::Empty, sandbox::OutcomeRequest},
        extract::{BODY_BYTES_MAX, Body, RawBody},
    },
};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

/// The body as a handler gets it. A refusal says which field is at fault, and never blames us.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (request, mut payload) = TestRequest::post()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(bytes.to_vec())
        .to_http_parts();
    let raw = RUNTIME.block_on(RawBody::from_request(&request, &mut payload));
    match raw.and_then(|RawBody(bytes)| Body::<T>::read(request.headers(), &bytes)) {
        Ok(body) => {
            assert!(body.json.is_object());
            let printed = body.json.to_string();
            let again = serde_json::from_str(&printed).unwrap();
            let fingerprint = |json| Fingerprint::of("POST", "/", json).0;
            assert_eq!(fingerprint(&body.json), fingerprint(&again));
            Some(body.value)
        }
        Err(problem) => {
            sound(&problem, bytes.len());
            None
        }
    }
}

fn sound(problem: &Problem, length: usize) {
    match problem.status() {
        400 | 422 => {}
        413 => assert!(length > BODY_BYTES_MAX),
        status => panic!("{status}: {problem}"),
    }
    let param = problem.body().param.as_deref();
    assert!(param.is_none_or(|param| param.is_empty() || param.starts_with('/')));
}

/// A rule that is broken names its field.
fn checked<T>(result: Result<T, Invalid>) -> Option<T> {
    let fault = match result {
        Ok(value) => return Some(value),
        Err(fault) => fault,
    };
    assert!(
        fault.param.starts_with('/') && !fault.detail.is_empty(),
        "{fault}"
    );
    None
}

fn amount(money: Money) {
    assert!(money.minor() > 0);
    assert_eq!(
        Money::parse_amount(&money.to_string(), money.currency()),
        Ok(money)
    );
}

fn intent(bytes: &[u8]) {
    let Some(terms) = read::<IntentRequest>(bytes).and_then(|request| checked(request.parse()))
    else {
        return;
    };
    amount(terms.amount);
    let lines = terms.line_items.iter();
    let sum: i64 = lines
        .map(|line| line.effect().minor() * i64::from(line.quantity))
        .sum();
    assert!(terms.line_items.is_empty() || sum == terms.amount.minor());
    let details = terms.details;
    let texts = [details.description, details.reference];
    let notes = details
        .metadata
        .into_iter()
        .flat_map(|(key, value)| [key, value]);
    let threads = details.thread.map(|thread| thread.to_string());
    let texts = texts.into_iter().flatten().chain(notes).chain(threads);
    // Postgres keeps no NUL.
    assert!(!texts.into_iter().any(|text| text.contains('\0')));
}

fn link(bytes: &[u8]) {
    let terms = read::<LinkRequest>(bytes).and_then(|request| checked(request.parse()));
    if let Some(terms) = terms {
        assert!(terms.tips.iter().all(|tip| tip.minor() >= 0));
    }
}

fn money(bytes: &[u8]) {
    let euro: Currency = "EUR".parse().unwrap();
    let capture = read::<CaptureRequest>(bytes).and_then(|request| checked(request.parse()));
    let refund = read::<RefundRequest>(bytes).and_then(|request| checked(request.parse()));
    let amounts = [capture.flatten(), refund.and_then(|terms| terms.amount)];
    let amounts = amounts.into_iter().flatten();
    amounts
        .filter_map(|bare| checked(bare.of(euro)))
        .for_each(amount);
    read::<ConfirmRequest>(bytes).and_then(|request| checked(request.parse()));
    read::<CancelRequest>(bytes);
    read::<OutcomeRequest>(bytes);
    let clock = read::<ClockRequest>(bytes).and_then(|request| checked(request.parse()));
    if let Some(advance) = clock {
        assert_eq!(advance.to_string().parse::<Advance>(), Ok(advance));
    }
}

fn entry(bytes: &[u8]) {
    if let Some(draft) = read::<EntryRequest>(bytes)
        .and_then(|request| checked(request.parse(time::macros::date!(2026 - 11 - 29))))
    {
        let accounts = draft.accounts();
        assert!((2..=20).contains(&accounts.len()));
        let takes = |(account, currency): &(Account, Currency)| account.takes(*currency);
        assert!(accounts.iter().all(takes));
    }
}

fn callbacks(bytes: &[u8]) {
    let policy = Policy::default();
    read::<EndpointRequest>(bytes).and_then(|request| checked(request.check(&policy)));
    read::<EndpointChanges>(bytes).and_then(|request| checked(request.check(&policy)));
    read::<RotateRequest>(bytes).and_then(|request| checked(request.check()));
    read::<ReplayRequest>(bytes).and_then(|request| checked(request.check()));
    read::<Empty>(bytes);
}

fn rail_accounts(bytes: &[u8]) {
    read::<RailAccountRequest>(bytes).and_then(|request| checked(request.check(Mode::Test)));
    read::<RailAccountChanges>(bytes).and_then(|request| checked(request.check()));
}

fuzz_target!(|bytes: &[u8]| {
    intent(bytes);
    link(bytes);
    money(bytes);
    entry(bytes);
    callbacks(bytes);
    rail_accounts(bytes);
});
