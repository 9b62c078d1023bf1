//! `threadpay openapi`: the contract of the HTTP API, as a document.

use super::{CliError, print};

pub(super) fn run() -> Result<(), CliError> {
    print::line("{}")
}
