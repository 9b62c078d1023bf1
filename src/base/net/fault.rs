//! Why an exchange failed, told apart by what the merchant can do about it.

use super::resolver::LookupError;
use std::{error::Error, io};

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The URL, or an address that its name resolves to, may not be dialed.
    #[error("endpoint_not_allowed: the URL or the address it resolves to is not public")]
    NotAllowed,
    /// The host's name has no address.
    #[error("dns: the host's name cannot be resolved")]
    Dns,
    /// No connection came about.
    #[error("connect: the host refuses the connection or cannot be reached")]
    Connect,
    /// The TLS handshake failed: an expired, foreign or self-signed certificate, or no TLS at all.
    #[error("tls: the secure connection failed; check the certificate and its chain")]
    Tls,
    /// The deadline passed before an answer's head had come.
    #[error("timeout: no answer within the deadline")]
    Timeout,
    /// The connection broke before an answer's head had come, or what came is not HTTP.
    #[error("broken: the connection closed without an HTTP answer")]
    Broken,
}

/// The fault that an error of the HTTP library stands for.
pub(super) fn reason(error: &hyper_util::client::legacy::Error) -> SendError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(lookup) = this.downcast_ref::<LookupError>() {
            return match lookup {
                LookupError::NotAllowed => SendError::NotAllowed,
                LookupError::Unresolved(_) => SendError::Dns,
            };
        }
        if is_tls(this) {
            return SendError::Tls;
        }
        cause = this.source();
    }
    if error.is_connect() {
        SendError::Connect
    } else {
        SendError::Broken
    }
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    // An I/O error does not name the error that it carries as its source, and may carry another.
    match error.downcast_ref::<io::Error>().map(io::Error::get_ref) {
        Some(Some(carried)) => is_tls(carried),
        Some(None) => false,
        None => error.is::<rustls::Error>(),
    }
}
