//! The pages of payers: pay page, receipt, their QR codes and their style.
//!
//! Reading a page changes nothing, whoever reads it; only posts do, and a program's request that
//! carries a payment. Each form carries a
//! token of its own, and the token is the post's idempotency key: the same form sent twice is one
//! payment. Handlers fail with a [`Problem`](crate::http::Problem) as they do everywhere, and
//! `error_pages` turns it into a page.

mod action;
mod another;
mod answer;
mod assets;
mod choice;
mod error_pages;
mod form;
mod pay;
mod payer;
mod post;
mod program;
mod qr;
mod receipt;
mod subject;
mod view;
mod visit;
mod ways;

pub use form::Form;
pub(super) use program::pays;

use crate::http::{server::no_such_route, visitors};
use crate::views::pages::{script_path, style_path};
use actix_web::{Handler, Resource, Responder, middleware::from_fn, web};

/// The routes of this directory.
pub fn routes(config: &mut web::ServiceConfig) {
    let pay = web::scope("/p")
        .wrap(from_fn(visitors::limit))
        .wrap(from_fn(error_pages::error_pages))
        .service(read("/{token}", pay::show).route(web::post().to(program::post)))
        .service(read("/{token}/pay", pay::back).route(web::post().to(pay::pay)))
        .service(read("/{token}/action", pay::back).route(web::post().to(action::act)))
        .service(read("/{token}/another", pay::back).route(web::post().to(another::give_up)))
        .service(read("/{token}/review", choice::review).route(web::post().to(choice::post_review)))
        .service(read("/{token}/qr.svg", qr::svg))
        .service(read("/{token}/qr.png", qr::png))
        .service(read("/{token}/transfer.svg", qr::transfer_svg))
        .service(read("/{token}/transfer.png", qr::transfer_png))
        .default_service(web::to(no_such_route));
    let receipt = web::scope("/r")
        .wrap(from_fn(visitors::limit))
        .wrap(from_fn(error_pages::error_pages))
        .service(read("/{token}", receipt::show))
        .service(read("/{token}/receipt.jws", receipt::signed))
        .default_service(web::to(no_such_route));
    config
        .service(read(style_path(), assets::style))
        .service(read(script_path(), assets::script))
        .service(pay)
        .service(receipt);
}

/// A path that can be read, with and without its body.
pub(super) fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
}
