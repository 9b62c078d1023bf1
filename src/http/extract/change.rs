//! A request that creates or moves something: who, under which key, with which body.

use super::{Body, Caller, Grant, IdempotencyKeyHeader};
use crate::{
    auth::Principal,
    http::{Problem, State, answer, request::RequestId},
    idempotency::{Claim, Fingerprint},
    writer::{Command, Submission},
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A `POST` that creates or moves something: the caller may do it, it carries an
/// `Idempotency-Key`, and its body was read.
#[derive(Debug)]
pub struct Change<G, T> {
    /// Who asks.
    pub caller: Principal,
    /// The body.
    pub body: T,
    claim: Claim,
    request_id: String,
    grant: PhantomData<G>,
}

impl<G: Grant, T: DeserializeOwned + 'static> FromRequest for Change<G, T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::<T>::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let caller = *Caller::<G>::extract(&request).await?;
            let IdempotencyKeyHeader(key) = IdempotencyKeyHeader::extract(&request).await?;
            let RequestId(request_id) = RequestId::extract(&request).await?;
            let Body { value: body, json } = body.await?;
            let key = key.parse().map_err(|e: crate::idempotency::KeyError| {
                Problem::new(400, "idempotency_key_invalid", e.to_string())
            })?;
            let fingerprint = Fingerprint::of(request.method().as_str(), request.path(), &json);
            Ok(Self {
                caller,
                body,
                claim: Claim { key, fingerprint },
                request_id,
                grant: PhantomData,
            })
        })
    }
}

impl<G, T> Change<G, T> {
    /// The same request with its body taken out.
    pub fn split(self) -> (T, Change<G, ()>) {
        let Self {
            caller,
            body,
            claim,
            request_id,
            grant,
        } = self;
        (
            body,
            Change {
                caller,
                body: (),
                claim,
                request_id,
                grant,
            },
        )
    }
}

impl<G> Change<G, ()> {
    /// Has the command done under the request's key, and gives its answer.
    pub async fn perform(self, state: &State, command: Command) -> Result<HttpResponse, Problem> {
        let merchant = self.caller.merchant;
        let submission = Submission {
            merchant,
            command,
            claim: Some(self.claim),
            request_id: self.request_id,
        };
        let performed = state.perform(submission).await?;
        Ok(answer::performed(&state.urls, performed))
    }
}
