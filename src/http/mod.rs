//! The HTTP door: parses requests, asks the rest of the house, renders answers.
//!
//! Every answer carries a `Request-Id`, and every error is a [`Problem`]. What a handler may assume
//! is in its arguments, checked from left to right: [`extract::Caller`] (who calls, and that
//! the role allows it), then ids of the path, then headers, then the body.

pub mod answer;
pub mod api;
pub mod extract;
pub mod openapi;
pub mod operations;
pub mod pages;
pub mod problem;
pub mod rejection;
pub mod request;
pub mod route;
pub mod server;
mod state;
pub mod visitors;
mod webhooks;

pub use problem::Problem;
pub use state::State;

use actix_web::{middleware::from_fn, web};

/// All routes of the service. They are tried in this order, and most patterns cost an expression
/// each, so what is asked for most comes first, after the one below `/v1` that needs no key.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(api::oauth::routes)
        .service(
            web::scope("/v1")
                .wrap(from_fn(request::authenticate))
                .configure(with_key)
                .default_service(web::to(server::no_such_route)),
        )
        .configure(openapi::routes)
        .configure(webhooks::routes)
        .configure(pages::routes);
}

/// The routes below `/v1` that need a key; a scope of its own comes before its neighbors.
fn with_key(config: &mut web::ServiceConfig) {
    config
        .configure(api::scenarios::routes)
        .configure(api::sandbox::routes)
        .configure(api::intents::routes)
        .configure(api::attempts::routes)
        .configure(api::movements::routes)
        .configure(api::refunds::routes)
        .configure(api::links::routes)
        .configure(api::endpoints::routes)
        .configure(api::deliveries::routes)
        .configure(api::events::routes)
        .configure(api::rail_accounts::routes)
        .configure(api::settlements::routes)
        .configure(api::statements::routes)
        .configure(api::statement_lines::routes)
        .configure(api::ledger::routes)
        .configure(api::exports::routes);
}
