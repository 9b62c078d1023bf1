//! Queries of URLs, and the forms of pay pages, read as the handlers read them.

#![no_main]

use actix_web::{FromRequest, HttpRequest, http::header, test::TestRequest};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use threadpay::{
    base::ids::{EntryId, IntentId},
    http::{
        Problem,
        api::{
            deliveries::DeliveryFilter,
            events::FeedQuery,
            exports::ExportQuery,
            intents::IntentFilter,
            ledger::{AtQuery, EntryFilter},
        },
        extract::{Cursor, IdempotencyKeyHeader, Page, Query},
        pages::Form,
    },
    views::exports::Period,
};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

/// What a handler gets of the request.
fn extract<T: FromRequest<Error = Problem>>(request: &HttpRequest) -> Option<T> {
    match RUNTIME.block_on(T::extract(request)) {
        Ok(value) => Some(value),
        Err(problem) => {
            assert!([400, 422].contains(&problem.status()), "{problem}");
            None
        }
    }
}

fn query(text: &str) {
    // A query that is no part of a URL never arrives.
    let Ok(uri) = format!("/?{text}").parse::<actix_web::http::Uri>() else {
        return;
    };
    let request = TestRequest::with_uri(&uri.to_string()).to_http_request();
    extract::<Query<IntentFilter>>(&request);
    extract::<Query<FeedQuery>>(&request);
    extract::<Query<AtQuery>>(&request);
    extract::<Query<EntryFilter>>(&request);
    extract::<Query<DeliveryFilter>>(&request);
    extract::<Query<ExportQuery>>(&request);
    extract::<Page<EntryId>>(&request);
    if let Some(page) = extract::<Page<IntentId>>(&request) {
        assert!((1..=100).contains(&page.limit));
        if let Cursor::After(id) | Cursor::Before(id) = page.cursor {
            assert!(text.contains("after=") || text.contains("before="), "{id}");
        }
    }
}

fn form(text: &str) {
    let (request, mut payload) = TestRequest::post()
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(text.as_bytes().to_vec())
        .to_http_parts();
    match RUNTIME.block_on(Form::from_request(&request, &mut payload)) {
        Ok(form) => {
            let fields = form.json();
            for (name, value) in fields.as_object().unwrap() {
                assert_eq!(form.get(name), value.as_str());
                assert!(!name.contains('\0') && !value.as_str().unwrap().contains('\0'));
            }
        }
        Err(problem) => assert_eq!(problem.status(), 400, "{problem}"),
    }
}

fn key(text: &str) {
    let Ok(value) = header::HeaderValue::from_str(text) else {
        return;
    };
    let request = TestRequest::post().insert_header(("idempotency-key", value));
    if let Some(IdempotencyKeyHeader(key)) = extract(&request.to_http_request()) {
        assert_eq!(key.as_str(), text);
    }
}

fn period(text: &str) {
    if let Some((from, to)) = text.split_once('\n')
        && let Ok(period) = Period::parse(from, to)
    {
        let name = period.file_name(threadpay::views::exports::Format::Csv);
        assert!(
            name.bytes().all(|b| b.is_ascii_graphic() && b != b'"'),
            "{name}"
        );
    }
}

fuzz_target!(|text: &str| {
    query(text);
    form(text);
    key(text);
    period(text);
});
