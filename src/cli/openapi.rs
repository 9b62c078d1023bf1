//! `threadpay openapi`: prints the OpenAPI document.

use super::{CliError, print, seam};

pub(super) fn run() -> Result<(), CliError> {
    print::line(seam::openapi()?.trim_end())
}
