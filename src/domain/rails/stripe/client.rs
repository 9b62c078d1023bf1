//! Sends requests to Stripe, as one account, and reads what comes back.

use super::{
    Method, Request, Secret, VERSION,
    answers::{CallError, Doubt, read},
};
use crate::base::net::{Asking, Outbound};
use crate::domain::rails::{Heard, Sign};
use serde::de::DeserializeOwned;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where Stripe's API is.
pub const API: &str = "https://api.stripe.com";
/// How long one exchange may take. Stripe answers within seconds; where a bank takes longer, the call is
/// sent again under its key and is answered then.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long anybody waits for what a call comes to: after that a worker sends it again, under the same
/// key. Shorter than the first pause of what is due, so that no two ask at once.
pub const PATIENCE: Duration = Duration::from_secs(7);
/// How many bytes one exchange may bring: a page of fifty sessions is some hundred kilobytes.
pub const EXCHANGE_BYTES: usize = 2 * 1024 * 1024;

/// Calls for one account. The client is to be made with [`EXCHANGE_BYTES`] and [`DEADLINE`].
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The way out.
    pub outbound: &'a Outbound,
    /// Where the API is: [`API`], or a peer of a test; without a slash at its end.
    pub base: &'a str,
    /// What authorizes the calls.
    pub key: &'a Secret,
    /// Hears what the answers say of the account.
    pub heard: &'a Heard,
}

impl Client<'_> {
    /// Sends `request` once and reads the answer. What is refused moved nothing; what is unknown is
    /// to be looked up, or sent again as it is.
    pub async fn call<T: DeserializeOwned>(&self, request: &Request) -> Result<T, CallError> {
        let answer = self.exchange(request).await;
        self.heard.hear(match &answer {
            Ok(_) => Some(Sign::Taken),
            Err(error) => error.sign(),
        });
        answer
    }

    async fn exchange<T: DeserializeOwned>(&self, request: &Request) -> Result<T, CallError> {
        let url = format!("{}{}", self.base, request.target());
        let bearer = Zeroizing::new(format!("Bearer {}", self.key.expose()));
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("stripe-version", VERSION),
        ];
        if let Some(key) = &request.idempotency_key {
            headers.push(("idempotency-key", key));
        }
        let asking = match (request.method, request.body()) {
            (Method::Get, _) | (Method::Post, None) => Asking::Get,
            (Method::Post, Some(body)) => {
                headers.push(("content-type", "application/x-www-form-urlencoded"));
                Asking::Post(body.into())
            }
        };
        let answer = self.outbound.exchange(&url, &headers, asking).await;
        let answer = answer.map_err(|error| CallError::Unknown(Doubt::NoAnswer(error)))?;
        read(answer.status, answer.body.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{ids::AttemptId, mode::Mode, net::Policy};
    use crate::domain::rails::stripe::{Credentials, ObjectId, answers, calls};
    use serde_json::json;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use uuid::Uuid;

    /// What a peer is sent by `request`, and what becomes of its answer.
    async fn sent(
        request: &Request,
        answer: &str,
    ) -> (String, Result<answers::Payment, CallError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let answer = answer.to_owned();
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let keys = json!({"secret_key": "sk_test_sesamopen", "webhook_secret": "whsec_sesamopen"});
        let keys = Credentials::parse("", &keys, Mode::Test).unwrap();
        let outbound = Outbound::with_bound(Policy::private(), None, DEADLINE, EXCHANGE_BYTES);
        let client = Client {
            outbound: &outbound.unwrap(),
            base: &base,
            key: &keys.secret_key,
            heard: &Heard::default(),
        };
        let read = client.call(request).await;
        (peer.await.unwrap(), read)
    }

    #[tokio::test]
    async fn says_who_it_is_what_it_speaks_and_what_it_repeats() {
        let payment = ObjectId::parse("pi_1").unwrap();
        let attempt = AttemptId(Uuid::nil());
        let body = r#"{"id":"pi_1","status":"canceled","amount":5,"currency":"eur"}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (asked, read) = sent(&calls::cancel(&payment, attempt), &answer).await;
        assert_eq!(read.unwrap().outcome(), answers::Outcome::Canceled);
        let line = "POST /v1/payment_intents/pi_1/cancel HTTP/1.1\r\n";
        assert!(asked.starts_with(line), "{asked}");
        for header in [
            "authorization: Bearer sk_test_sesamopen",
            "stripe-version: 2026-10-28.endive",
            "idempotency-key: pa_00000000000000000000000000",
            "content-type: application/x-www-form-urlencoded",
            "content-length: 0",
        ] {
            assert!(asked.contains(&format!("\r\n{header}\r\n")), "{asked}");
        }
        let (asked, _) = sent(&calls::get_payment(&payment), &answer).await;
        let query = "expand%5B%5D=latest_charge.balance_transaction";
        let line = format!("GET /v1/payment_intents/pi_1?{query} HTTP/1.1\r\n");
        assert!(asked.starts_with(&line), "{asked}");
        assert!(!asked.contains("idempotency-key") && !asked.contains("content-"));
    }

    #[tokio::test]
    async fn what_fails_says_nothing_of_the_key() {
        let payment = ObjectId::parse("pi_1").unwrap();
        let told = r#"{"error":{"message":"No such key: sk_test_sesamopen"}}"#;
        let refused = format!(
            "HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n{told}",
            told.len()
        );
        for (answer, is_refused) in [(refused.as_str(), true), ("", false)] {
            let (_, read) = sent(&calls::get_payment(&payment), answer).await;
            let error = read.unwrap_err();
            assert_eq!(matches!(error, CallError::Refused(_)), is_refused);
            assert!(!format!("{error:?} {error}").contains("sesam"), "{error:?}");
        }
    }
}
