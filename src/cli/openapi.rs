//! `threadpay openapi`: the contract of the HTTP API, as a document.

use crate::http::openapi;
use crate::program::{ProgramError, print};

pub(super) fn run() -> Result<(), ProgramError> {
    print::text(openapi::document().trim_end())
}
