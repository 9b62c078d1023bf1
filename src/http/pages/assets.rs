//! What pages are drawn with.

use crate::views::pages::{STYLE, STYLE_HEADERS};
use actix_web::HttpResponse;

/// The style of all pages, at an address that changes with its text.
pub(super) async fn style() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for header in STYLE_HEADERS {
        answer.insert_header(header);
    }
    answer.body(STYLE)
}
