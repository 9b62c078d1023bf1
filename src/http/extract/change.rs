//! A request that changes something: who, under which key, with which body.

use super::parameters::Parameters;
use super::{Body, Caller, Grant, IdempotencyKeyHeader, RawBody};
use crate::{
    app::Performed,
    base::{actor::Actor, crypto::hash::sha256},
    domain::{
        auth::Principal,
        idempotency::{Claim, Fingerprint, IdempotencyKey},
        statements::FILE_BYTES_MAX,
    },
    http::{Problem, State, answer, request::RequestId},
    writer::{Command, Submission},
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::Method, web};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::marker::PhantomData;

/// A request that changes something: the caller may do it and its body was read. A `POST` carries
/// an `Idempotency-Key`; the other methods come to the same when they are repeated, so no key is
/// asked of them.
#[derive(Debug)]
pub struct Change<G, T> {
    /// Who asks.
    pub caller: Principal,
    /// The body.
    pub body: T,
    claim: Option<Claim>,
    request_id: String,
    bytes: usize,
    grant: PhantomData<G>,
}

impl<G, T> Parameters for Change<G, T> {}

impl<G: Grant, T: DeserializeOwned + 'static> FromRequest for Change<G, T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = RawBody::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let head = Head::read::<G>(&request, raw).await?;
            let Body { value, json } = Body::<T>::read(request.headers(), &head.bytes)?;
            Ok(head.change(&request, value, &json))
        })
    }
}

/// A file from a bank, as the body of a request.
#[derive(Debug)]
pub struct BankFile(pub Bytes);

impl<G: Grant> FromRequest for Change<G, BankFile> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = RawBody::up_to(FILE_BYTES_MAX, request, payload);
        let request = request.clone();
        Box::pin(async move {
            let head = Head::read::<G>(&request, raw).await?;
            let file = BankFile(head.bytes.clone());
            // The same file about another account, or read in another way, is another request.
            let asked = json!({"query": request.query_string(), "file": sha256(&file.0)});
            Ok(head.change(&request, file, &asked))
        })
    }
}

/// A request that changes something, before its body is read.
struct Head {
    caller: Principal,
    key: Option<IdempotencyKey>,
    request_id: String,
    bytes: Bytes,
}

impl Head {
    async fn read<G: Grant>(
        request: &HttpRequest,
        raw: LocalBoxFuture<'static, Result<RawBody, Problem>>,
    ) -> Result<Self, Problem> {
        let state = request.app_data::<web::Data<State>>();
        let caller = *Caller::<G>::extract(request).await?;
        let key = if request.method() == Method::POST {
            Some(IdempotencyKeyHeader::extract(request).await?.0)
        } else {
            None
        };
        let RequestId(request_id) = RequestId::extract(request).await?;
        let RawBody(bytes) = raw.await?;
        // Under too much load most requests end here, so it comes before the work on the body.
        // The bytes are taken all the same, or the connection could not be used again.
        state
            .ok_or_else(|| Problem::internal(&"the server has no state"))?
            .writer
            .admits(caller.merchant)?;
        Ok(Self {
            caller,
            key,
            request_id,
            bytes: bytes.freeze(),
        })
    }

    /// The change, whose key stands for this body.
    fn change<G, T>(self, request: &HttpRequest, body: T, json: &Value) -> Change<G, T> {
        let fingerprint = || Fingerprint::of(Method::POST.as_str(), request.path(), json);
        Change {
            caller: self.caller,
            body,
            claim: self.key.map(|key| Claim {
                key,
                fingerprint: fingerprint(),
            }),
            request_id: self.request_id,
            bytes: self.bytes.len(),
            grant: PhantomData,
        }
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
            bytes,
            grant,
        } = self;
        (
            body,
            Change {
                caller,
                body: (),
                claim,
                request_id,
                bytes,
                grant,
            },
        )
    }
}

impl<G> Change<G, ()> {
    /// Has the command done under the request's key, and gives its answer.
    pub async fn perform(
        self,
        state: &State,
        command: impl Into<Command>,
    ) -> Result<HttpResponse, Problem> {
        let performed = self.submit(state, command).await?;
        Ok(answer::performed(&state.urls, performed))
    }

    /// The same, with the answer in stored form.
    pub async fn submit(
        self,
        state: &State,
        command: impl Into<Command>,
    ) -> Result<Performed, Problem> {
        let submission = Submission {
            merchant: self.caller.merchant,
            actor: Actor::Key(self.caller.key),
            command: command.into(),
            claim: self.claim,
            request_id: self.request_id,
            bytes: self.bytes,
        };
        Ok(state.perform(submission).await?)
    }
}
