//! `threadpay openapi`: the contract of the HTTP API, as a document.

use super::{CliError, print};
use crate::http::openapi;

pub(super) fn run() -> Result<(), CliError> {
    print::line(openapi::document().trim_end())
}
