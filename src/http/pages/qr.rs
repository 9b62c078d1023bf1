//! Pictures of a pay page: its address, and how to pay by bank transfer.

use super::{
    answer,
    subject::{self, Page, PageSubject},
    visit::Visit,
};
use crate::http::{Problem, State};
use crate::{
    domain::rails::bank_transfer::Instructions,
    views::pages::{Mark, qr_png, qr_svg},
};
use actix_web::{HttpResponse, http::header, web};

/// `GET /p/{token}/qr.svg`
pub(super) async fn svg(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let address = address(&state, &visit).await?;
    Ok(svg_of(qr_svg(&address, Mark::None)?))
}

/// `GET /p/{token}/qr.png`
pub(super) async fn png(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let address = address(&state, &visit).await?;
    Ok(png_of(qr_png(&address, Mark::None)?))
}

/// `GET /p/{token}/transfer.svg`: the scheme's code of a bank transfer that is waited for.
pub(super) async fn transfer_svg(
    state: web::Data<State>,
    visit: Visit,
) -> Result<HttpResponse, Problem> {
    let told = transfer(&state, &visit).await?;
    Ok(svg_of(qr_svg(&told.payload, told.scheme.into())?))
}

/// `GET /p/{token}/transfer.png`: the same.
pub(super) async fn transfer_png(
    state: web::Data<State>,
    visit: Visit,
) -> Result<HttpResponse, Problem> {
    let told = transfer(&state, &visit).await?;
    Ok(png_of(qr_png(&told.payload, told.scheme.into())?))
}

async fn address(state: &State, visit: &Visit) -> Result<String, Problem> {
    subject::find_token(state, &visit.token).await?;
    Ok(format!("{}/p/{}", state.urls.public_url(), visit.token))
}

async fn transfer(state: &State, visit: &Visit) -> Result<Instructions, Problem> {
    let page = Page::find(state, visit).await?;
    let waits_with = match &page.subject {
        PageSubject::Intent(open) => open.intent.waits_with(),
        PageSubject::Link(_) => None,
    };
    let told = waits_with.and_then(|action| action.bank_transfer());
    told.cloned().ok_or_else(Problem::not_found)
}

fn svg_of(picture: String) -> HttpResponse {
    answer::bare(200)
        .insert_header((header::CONTENT_TYPE, "image/svg+xml"))
        .body(picture)
}

fn png_of(picture: Vec<u8>) -> HttpResponse {
    answer::bare(200)
        .insert_header((header::CONTENT_TYPE, "image/png"))
        .body(picture)
}
