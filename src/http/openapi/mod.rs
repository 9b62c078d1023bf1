//! The contract as a document: `OpenAPI` 3.1, made from the handlers.
//!
//! The handlers say what is special about each of them: summary, parameters, types, the codes of
//! its own errors. What holds for all (keys, the errors that every call can have, examples) is
//! added here by rule, so that no handler can forget it.

mod complete;
mod components;
mod event_schemas;
mod json;
pub(in crate::http) mod problems;
mod schemas;

use crate::http::{
    Problem, State,
    api::{
        attempts, deliveries, endpoints, events, exports, intents, ledger, links, movements, oauth,
        rail_accounts, refunds, sandbox, scenarios, settlements, statement_lines, statements,
    },
    operations,
    pages::read,
    problem::ProblemBody,
};
use crate::views::{
    exports::Format,
    pages::{REFERENCE_HEADERS, reference_page},
};
use actix_web::{HttpResponse, http::header, web};
use serde_json::Value;
use std::sync::LazyLock;
use utoipa::OpenApi;

/// The routes of this file.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(read("/openapi.json", openapi))
        .service(read("/docs", docs));
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Threadpay", description = include_str!("intro.md")),
    servers((url = "/", description = "The installation that this document came from.")),
    security(("bearer" = [])),
    tags(
        (name = "Authentication", description = "Access tokens that live for fifteen minutes, for callers that do not want to send their key each time."),
        (name = "Payment intents", description = "One payment, from asking for it to the money: `requires_payment`, then `processing` or `requires_action`, then `requires_capture` where the capture is manual, then `succeeded`. A decline goes back to `requires_payment` with `last_error`; `canceled` and `expired` end it."),
        (name = "Refunds", description = "Captured money that goes back to the payer, whole or in parts."),
        (name = "Movements", description = "Money that came or went at a rail and that no payment intent waits for. Nothing that a rail tells of money is refused or dropped: it is booked to `suspense` until you say what it is."),
        (name = "Payment links", description = "Pages that take one payment or many, for an amount that you set or that the payer chooses."),
        (name = "Rails", description = "What a merchant can be paid by, and its accounts there: bank accounts that transfers are sent to."),
        (name = "Statements", description = "Files from your bank. Each booked line is held against the transfers that are waited for; money that nobody waits for becomes a movement."),
        (name = "Settlements", description = "What providers pay out to your bank account, and the charges, refunds, disputes and fees that it is the sum of. Nothing of it is booked."),
        (name = "Callbacks", description = "Events posted to your server, signed by Standard Webhooks: any of its libraries verifies them with the endpoint's secret. Any 2xx within 15 seconds is delivered; all else is tried again for about three days. Events of one payment intent arrive in order; while an endpoint is disabled, what is due to it is held."),
        (name = "Events", description = "The same events to ask for: a feed without gaps."),
        (name = "Ledger", description = "Double-entry books for each currency, never changed, chained by hashes."),
        (name = "Exports", description = "The journal as a file."),
        (name = "Sandbox", description = "Playing the payer and the payer's bank, moving time on and filling the books, with test keys. Confirm with `pm_sandbox_ok`, `pm_sandbox_declined`, `pm_sandbox_insufficient_funds`, `pm_sandbox_requires_action`, `pm_sandbox_pending`, `pm_sandbox_timeout`, `pm_sandbox_timeout_failed`, `pm_sandbox_dispute`, or a scenario of your own."),
        (name = "Operations", description = "For those who run the service."),
    ),
    paths(
        oauth::token,
        oauth::jwks,
        intents::create,
        intents::list,
        intents::get,
        intents::confirm,
        intents::capture,
        intents::cancel,
        ledger::intent_entries,
        attempts::of_intent,
        movements::list,
        movements::get,
        movements::resolve,
        refunds::create,
        refunds::of_intent,
        refunds::list,
        refunds::get,
        refunds::transfer,
        links::create,
        links::list,
        links::get,
        links::deactivate,
        links::payments,
        endpoints::create,
        endpoints::list,
        endpoints::get,
        endpoints::update,
        endpoints::delete,
        endpoints::rotate_secret,
        endpoints::ping,
        endpoints::replay,
        deliveries::list,
        deliveries::get,
        deliveries::retry,
        deliveries::get_replay,
        events::list,
        events::get,
        rail_accounts::rails,
        rail_accounts::create,
        rail_accounts::list,
        rail_accounts::get,
        rail_accounts::update,
        rail_accounts::disable,
        rail_accounts::check,
        statements::hand_in,
        statements::list,
        statements::get,
        statements::lines,
        statements::line,
        statement_lines::match_line,
        statement_lines::split,
        statement_lines::unmatch,
        statement_lines::mark,
        settlements::list,
        settlements::get,
        settlements::lines,
        ledger::list_accounts,
        ledger::balances,
        ledger::list_entries,
        ledger::trial_balance,
        exports::journal,
        sandbox::act,
        sandbox::settle,
        sandbox::book,
        sandbox::tell,
        sandbox::advance,
        sandbox::clock,
        scenarios::create,
        operations::healthz,
        operations::readyz,
        operations::metrics,
    ),
    components(schemas(ProblemBody, Format)),
)]
struct Api;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    complete::complete(&mut document);
    document
});

/// The document as JSON to read, the same text each time.
pub fn document() -> String {
    format!("{:#}\n", *DOCUMENT)
}

async fn openapi(state: web::Data<State>) -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(document);
    let root = state.urls.root();
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"));
    if root.is_empty() {
        return answer.body(TEXT.as_str());
    }
    let mut own = DOCUMENT.clone();
    if let Some(url) = own.pointer_mut("/servers/0/url") {
        *url = Value::from(&*root);
    }
    answer.body(format!("{own:#}\n"))
}

async fn docs() -> Result<HttpResponse, Problem> {
    static PAGE: LazyLock<Result<String, askama::Error>> =
        LazyLock::new(|| reference_page(&DOCUMENT));
    let page = PAGE.as_ref().map_err(|error| Problem::internal(error))?;
    let mut answer = HttpResponse::Ok();
    for header in REFERENCE_HEADERS {
        answer.insert_header(header);
    }
    Ok(answer.body(page.as_str()))
}
