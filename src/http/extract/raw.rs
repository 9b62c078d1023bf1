//! The bytes of a request's body, within limits of size and time.

use crate::http::Problem;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use bytes::BytesMut;
use futures_util::{StreamExt, future::LocalBoxFuture};
use std::time::Duration;

/// Most bytes that a body may have.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// The bytes of a request's body: at most 64 KiB, which arrive within 15 seconds.
#[derive(Clone, Debug)]
pub struct RawBody(pub BytesMut);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let payload = payload.take();
        Box::pin(async move {
            let collected = tokio::time::timeout(PATIENCE, collect(payload)).await;
            collected.unwrap_or_else(|_| Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT)))
        })
    }
}

async fn collect(mut payload: Payload) -> Result<RawBody, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Problem::of_status(StatusCode::BAD_REQUEST))?;
        if bytes.len() + piece.len() > BODY_BYTES_MAX {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(RawBody(bytes))
}
