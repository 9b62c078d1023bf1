//! The HTTP door: parses requests, asks the rest of the house, renders answers.
//!
//! Every answer carries a `Request-Id`, and every error is a [`Problem`]. What a handler may assume
//! stands in its arguments, checked from left to right: [`extract::Caller`] (who calls, and that
//! the role allows it), then ids of the path, then headers, then the body.

pub mod answer;
pub mod bare;
mod connection;
mod crowd;
pub mod deliveries;
pub mod endpoints;
pub mod events;
pub mod exports;
pub mod extract;
pub mod intents;
pub mod ledger;
mod limit;
pub mod links;
pub mod oauth;
pub mod openapi;
pub mod operations;
pub mod pages;
pub mod problem;
pub mod rejection;
pub mod request;
pub mod sandbox;
pub mod server;
mod state;

pub use problem::Problem;
pub use state::State;

use actix_web::{middleware::from_fn, web};

/// All routes of the service. They are tried in this order, and most patterns cost an expression
/// each, so what is asked for most comes first, after the one below `/v1` that needs no key.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(oauth::routes)
        .service(
            web::scope("/v1")
                .wrap(from_fn(request::authenticate))
                .configure(api)
                .default_service(web::to(server::no_such_route)),
        )
        .configure(operations::routes)
        .configure(openapi::routes)
        .configure(pages::routes);
}

/// The routes below `/v1` that need a key; a scope of its own comes before its neighbors.
fn api(config: &mut web::ServiceConfig) {
    config
        .configure(sandbox::routes)
        .configure(intents::routes)
        .configure(links::routes)
        .configure(endpoints::routes)
        .configure(deliveries::routes)
        .configure(events::routes)
        .configure(ledger::routes)
        .configure(exports::routes);
}
