//! The pay page's address as a picture.

use super::{answer, subject, visit::Visit};
use crate::http::{Problem, State};
use crate::views::pages::{qr_png, qr_svg};
use actix_web::{HttpResponse, http::header, web};

/// `GET /p/{token}/qr.svg`
pub(super) async fn svg(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let picture = qr_svg(&address(&state, &visit).await?)?;
    Ok(answer::bare(200)
        .insert_header((header::CONTENT_TYPE, "image/svg+xml"))
        .body(picture))
}

/// `GET /p/{token}/qr.png`
pub(super) async fn png(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let picture = qr_png(&address(&state, &visit).await?)?;
    Ok(answer::bare(200)
        .insert_header((header::CONTENT_TYPE, "image/png"))
        .body(picture))
}

async fn address(state: &State, visit: &Visit) -> Result<String, Problem> {
    subject::find_token(state, &visit.token).await?;
    Ok(format!("{}/p/{}", state.urls.public_url(), visit.token))
}
