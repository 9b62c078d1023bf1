//! The bytes of a request's body, within limits of size and time.

use crate::http::{Problem, server::connection_state::ConnectionState};
use actix_web::http::{
    StatusCode,
    header::{self, HeaderMap},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use bytes::BytesMut;
use futures_util::{StreamExt, future::LocalBoxFuture};
use std::{rc::Rc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Most bytes that a body may have.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes that a provider's webhook may have.
const WEBHOOK_BYTES_MAX: usize = 512 * 1024;
/// How long a body may take to begin, and all that is not its size may cost.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that a body must bring for each second more.
const BYTES_PER_SECOND: usize = 8 * 1024;

/// The bytes of a request's body: at most 64 KiB, which arrive at 8 KiB a second or faster after
/// the first five seconds.
#[derive(Clone, Debug)]
pub struct RawBody(pub BytesMut);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Self::up_to(BODY_BYTES_MAX, request, payload)
    }
}

/// The bytes of a provider's webhook: at most 512 KiB, as fast as other bodies.
#[derive(Clone, Debug)]
pub struct WebhookBody(pub BytesMut);

impl FromRequest for WebhookBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = RawBody::up_to(WEBHOOK_BYTES_MAX, request, payload);
        Box::pin(async move { Ok(Self(body.await?.0)) })
    }
}

impl RawBody {
    /// The bytes of a body that may have so many.
    pub(super) fn up_to(
        most: usize,
        request: &HttpRequest,
        payload: &mut Payload,
    ) -> LocalBoxFuture<'static, Result<Self, Problem>> {
        let payload = payload.take();
        let connection = request.conn_data::<Rc<ConnectionState>>().cloned();
        let packed = is_packed(request.headers());
        Box::pin(async move {
            if packed {
                return Err(Problem::unsupported_encoding());
            }
            let body = collect(payload, most).await?;
            if let Some(connection) = connection {
                connection.received();
            }
            Ok(body)
        })
    }
}

/// Whether the body is not sent as it is.
fn is_packed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING);
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn collect(mut payload: Payload, most: usize) -> Result<RawBody, Problem> {
    let begun = Instant::now();
    let mut bytes = BytesMut::new();
    loop {
        let seconds = u64::try_from(bytes.len() / BYTES_PER_SECOND).unwrap_or(u64::MAX);
        let deadline = begun + PATIENCE + Duration::from_secs(seconds);
        let Ok(next) = timeout_at(deadline, payload.next()).await else {
            return Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT));
        };
        let Some(piece) = next else {
            return Ok(RawBody(bytes));
        };
        let piece = piece.map_err(|_| Problem::of_status(StatusCode::BAD_REQUEST))?;
        if bytes.len() + piece.len() > most {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        bytes.extend_from_slice(&piece);
    }
}
