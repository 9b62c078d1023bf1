//! What pages are drawn with.

use crate::views::pages::{SCRIPT, SCRIPT_HEADERS, STYLE, STYLE_HEADERS};
use actix_web::HttpResponse;

/// The style of all pages, at an address that changes with its text.
pub(super) async fn style() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for header in STYLE_HEADERS {
        answer.insert_header(header);
    }
    answer.body(STYLE)
}

/// The script of the page of a bank transfer, likewise.
pub(super) async fn script() -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    for header in SCRIPT_HEADERS {
        answer.insert_header(header);
    }
    answer.body(SCRIPT)
}
