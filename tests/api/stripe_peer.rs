//! The peer that plays Stripe, driven by our own client: both must mean the same.

use crate::harness::stripe::{Fault, StripePeer};
use serde::de::DeserializeOwned;
use serde_json::json;
use threadpay::{
    base::{
        ambient::Ambient,
        ids::AttemptId,
        mode::Mode,
        money::Money,
        net::{Outbound, Policy},
    },
    domain::rails::{
        Heard,
        stripe::{
            Client, Credentials, DEADLINE, EXCHANGE_BYTES, ObjectId, Request,
            answers::{
                Balance, BalanceTransaction, CallError, Charge, Dispute, DisputeStatus, Doubt,
                Expected, Outcome, Page, Payment, Reason, Refund, RefundStatus, Session,
                WebhookEndpoint,
            },
            calls::{self, Capture, NewSession},
        },
    },
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// The peer, and who calls it.
struct Shop {
    peer: StripePeer,
    outbound: Outbound,
    keys: Credentials,
    now: OffsetDateTime,
}

impl Shop {
    fn open() -> Self {
        let (peer, ambient) = (StripePeer::start(), Ambient::system());
        peer.goes_by(&ambient);
        let outbound = Outbound::with_bound(Policy::private(), None, DEADLINE, EXCHANGE_BYTES);
        Self {
            keys: keys(peer.key(), peer.webhook_secret()),
            peer,
            outbound: outbound.unwrap(),
            now: ambient.now(),
        }
    }

    async fn call<T: DeserializeOwned>(&self, request: &Request) -> Result<T, CallError> {
        let client = Client {
            outbound: &self.outbound,
            base: self.peer.url(),
            key: &self.keys.secret_key,
            heard: &Heard::default(),
        };
        client.call(request).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> T {
        self.call(request).await.unwrap()
    }

    /// Makes the page of attempt `number`.
    async fn page(&self, number: u128, capture: Capture) -> String {
        let session: Session = self.ask(&self.new_page(number, capture)).await;
        session.id.to_string()
    }

    fn new_page(&self, number: u128, capture: Capture) -> Request {
        let new = NewSession {
            attempt: attempt(number),
            amount: euros(1250),
            capture,
            label: "2 × flat white",
            expires_at: self.now + Duration::hours(1),
            success_url: "https://pay.example/p/x?back=1",
            cancel_url: "https://pay.example/p/x",
        };
        calls::create_session(&new).unwrap()
    }

    /// What became of the page of attempt `number`.
    async fn outcome(&self, number: u128) -> Outcome {
        let attempt = attempt(number);
        let session = self.peer.session_of(&attempt.to_string()).unwrap();
        let session: Session = self.ask(&calls::get_session(&id(&session))).await;
        let mode = Mode::Test;
        session.outcome(&Expected { attempt, mode })
    }

    /// A page that is paid, and its payment.
    async fn paid(&self, number: u128) -> String {
        let session = self.page(number, Capture::AtOnce).await;
        self.peer.pay(&session)
    }

    async fn refund(&self, payment: &str, amount: i64, number: u128) -> Result<Refund, CallError> {
        let (payment, attempt) = (id(payment), attempt(number));
        let request = calls::create_refund(&payment, euros(amount), attempt);
        self.call(&request.unwrap()).await
    }
}

fn keys(key: &str, webhook_secret: &str) -> Credentials {
    let keys = json!({"secret_key": key, "webhook_secret": webhook_secret});
    Credentials::parse("", &keys, Mode::Test).unwrap()
}

fn attempt(number: u128) -> AttemptId {
    AttemptId(Uuid::from_u128(number))
}

fn euros(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

fn refusal<T>(result: Result<T, CallError>) -> (u16, Reason) {
    match result {
        Err(CallError::Refused(refusal)) => (refusal.status, refusal.reason),
        Err(CallError::Unknown(doubt)) => panic!("{doubt}"),
        Ok(_) => panic!("nothing is refused"),
    }
}

fn doubt<T>(result: Result<T, CallError>) -> Doubt {
    match result {
        Err(CallError::Unknown(doubt)) => doubt,
        Err(CallError::Refused(refusal)) => panic!("{refusal}"),
        Ok(_) => panic!("nothing is unknown"),
    }
}

fn paid(amount: i64, fee: i64) -> Outcome {
    let (amount, fee) = (euros(amount), Some(euros(fee)));
    Outcome::Paid { amount, fee }
}

#[tokio::test]
async fn a_page_goes_the_ways_that_a_payer_can_take() {
    let shop = Shop::open();
    let peer = &shop.peer;
    let first = shop.page(1, Capture::AtOnce).await;
    let url = Some(format!("{}/pay/{first}", peer.url()));
    assert_eq!(shop.outcome(1).await, Outcome::Open { url });
    assert_eq!(peer.payment_of(&first), None);
    let payment = peer.pay(&first);
    assert_eq!(peer.payment_of(&first), Some(payment.clone()));
    // 17.5 is rounded up.
    assert_eq!(shop.outcome(1).await, paid(1250, 43));
    let found: Payment = shop.ask(&calls::get_payment(&id(&payment))).await;
    assert_eq!(found.attempt(), Some(attempt(1)));
    assert_eq!(found.settled().unwrap().net().money(), Some(euros(1207)));

    peer.pay_amount(&shop.page(2, Capture::AtOnce).await, 1000);
    assert_eq!(shop.outcome(2).await, paid(1000, 39));

    let late = peer.pay_later(&shop.page(3, Capture::AtOnce).await);
    assert_eq!(shop.outcome(3).await, Outcome::Pending);
    peer.arrives(&late);
    assert_eq!(shop.outcome(3).await, paid(1250, 43));
    peer.fails(&peer.pay_later(&shop.page(4, Capture::AtOnce).await));
    let code = Some("insufficient_funds".to_owned());
    assert_eq!(shop.outcome(4).await, Outcome::Failed { code });

    let last = shop.page(5, Capture::AtOnce).await;
    peer.expire(&last);
    assert_eq!(shop.outcome(5).await, Outcome::Expired);
    let again = calls::expire_session(&id(&last), attempt(105));
    let again: Result<Session, _> = shop.call(&again).await;
    assert_eq!(refusal(again), (400, Reason::State));
    let sixth = shop.page(6, Capture::AtOnce).await;
    let ended = calls::expire_session(&id(&sixth), attempt(106));
    let ended: Session = shop.ask(&ended).await;
    assert_eq!((ended.url, peer.sessions().len()), (None, 6));
}

#[tokio::test]
async fn what_is_held_is_captured_canceled_or_lapses() {
    let shop = Shop::open();
    let peer = &shop.peer;
    let mut payments = Vec::new();
    for number in 1..5 {
        let session = shop.page(number, Capture::ByHand).await;
        let form = peer.form_of(&session);
        let method = "payment_intent_data[capture_method]";
        assert!(form.contains(&(method.to_owned(), "manual".to_owned())));
        payments.push(peer.pay(&session));
        let amount = euros(1250);
        assert_eq!(shop.outcome(number).await, Outcome::Authorized { amount });
        assert_eq!(peer.object(&session)["payment_status"], "unpaid");
    }
    let capture = calls::capture(&id(&payments[0]), euros(1000), attempt(11)).unwrap();
    let captured: Payment = shop.ask(&capture).await;
    assert_eq!(captured.outcome(), paid(1000, 39));
    let charge = captured.charge().unwrap();
    assert!(charge.captured && charge.refunded().money() == Some(euros(0)));
    let cancel = calls::cancel(&id(&payments[1]), attempt(12));
    let canceled: Payment = shop.ask(&cancel).await;
    assert_eq!(canceled.outcome(), Outcome::Canceled);
    peer.capture(&payments[2]);
    assert_eq!(shop.outcome(3).await, paid(1250, 43));
    peer.cancel(&payments[3]);
    assert_eq!(shop.outcome(4).await, Outcome::Canceled);
    for (payment, number) in payments.iter().zip(21..) {
        let late = calls::capture(&id(payment), euros(1), attempt(number)).unwrap();
        let late: Result<Payment, _> = shop.call(&late).await;
        assert_eq!(refusal(late), (400, Reason::State));
    }
}

#[tokio::test]
async fn refunds_are_made_on_both_sides_and_may_fail() {
    let shop = Shop::open();
    let peer = &shop.peer;
    let payment = shop.paid(1).await;
    let made = shop.refund(&payment, 500, 11).await.unwrap();
    assert_eq!(made.status, Some(RefundStatus::Succeeded.into()));
    assert_eq!(
        (made.attempt(), made.amount().money()),
        (Some(attempt(11)), Some(euros(500)))
    );
    let other = peer.refund(&payment, 250);
    peer.refunds_wait(true);
    let waiting = shop.refund(&payment, 500, 12).await.unwrap();
    assert_eq!(waiting.status, Some(RefundStatus::Pending.into()));
    assert_eq!(waiting.balance_transaction, None);
    let more = shop.refund(&payment, 1, 13).await;
    assert_eq!(refusal(more), (400, Reason::State));
    peer.complete_refund(waiting.id.as_str());
    peer.fail_refund(made.id.as_str());
    let failed: Refund = shop.ask(&calls::get_refund(&made.id)).await;
    assert_eq!(failed.status, Some(RefundStatus::Failed.into()));
    assert!(failed.failure_balance_transaction.is_some() && failed.failure_reason.is_some());

    let listed: Page<Refund> = shop.ask(&calls::list_refunds(&id(&payment), None)).await;
    let ids: Vec<&str> = listed
        .data
        .iter()
        .rev()
        .map(|refund| refund.id.as_str())
        .collect();
    assert_eq!(ids, peer.refunds_of(&payment));
    assert_eq!(ids[1], other);
    assert_eq!(listed.data[1].attempt(), None);
    let rest = calls::list_refunds(&id(&payment), Some(&waiting.id));
    let rest: Page<Refund> = shop.ask(&rest).await;
    assert_eq!((rest.data.len(), rest.has_more), (2, false));
    let charge = calls::get_charge(&id(&peer.charge_of(&payment)));
    let charge: Charge = shop.ask(&charge).await;
    assert_eq!(charge.refunded().money(), Some(euros(750)));
    let unknown = shop.refund("pi_99", 1, 14).await;
    assert_eq!(refusal(unknown), (404, Reason::Missing));
}

#[tokio::test]
async fn disputes_and_payouts_move_the_balance() {
    let shop = Shop::open();
    let peer = &shop.peer;
    let (first, second) = (shop.paid(1).await, shop.paid(2).await);
    let dispute = peer.dispute(&first, 1250);
    let early = peer.payout(&[&second]);
    let read = calls::get_dispute(&id(&dispute));
    let open: Dispute = shop.ask(&read).await;
    assert_eq!(open.status, Some(DisputeStatus::NeedsResponse.into()));
    assert_eq!(
        open.balance_transactions[0].net().money(),
        Some(euros(-2750))
    );
    assert_eq!(
        refusal(shop.refund(&first, 1, 11).await),
        (400, Reason::State)
    );
    peer.win(&dispute);
    let won: Dispute = shop.ask(&read).await;
    let [taken, back] = won.balance_transactions.as_slice() else {
        panic!("{won:?}")
    };
    assert_eq!(
        (taken, back.net().money()),
        (&open.balance_transactions[0], Some(euros(1250)))
    );
    assert_eq!(back.source.as_ref().unwrap().id, won.id);

    let late = peer.payout(&[]);
    let of_payout = async |payout: &str| {
        let list = calls::list_balance_transactions(&id(payout), None);
        let list: Page<BalanceTransaction> = shop.ask(&list).await;
        list.data
    };
    let kinds: Vec<String> = of_payout(&early)
        .await
        .into_iter()
        .map(|t| t.kind)
        .collect();
    assert_eq!(kinds, ["payout", "charge"]);
    let listed = of_payout(&late).await;
    let kinds: Vec<&str> = listed.iter().map(|t| t.kind.as_str()).collect();
    assert_eq!(kinds, ["payout", "adjustment", "adjustment", "charge"]);
    let one = calls::get_balance_transaction(&taken.id);
    let one: BalanceTransaction = shop.ask(&one).await;
    assert_eq!(&one, taken);
}

#[tokio::test]
async fn the_account_is_listed_and_proved() {
    let shop = Shop::open();
    let peer = &shop.peer;
    for number in 1..=3 {
        shop.page(number, Capture::AtOnce).await;
    }
    let sessions = peer.sessions();
    let since = shop.now - Duration::minutes(1);
    let list = calls::list_sessions(since, Some(&id(&sessions[2])));
    let list: Page<Session> = shop.ask(&list).await;
    let ids: Vec<&str> = list
        .data
        .iter()
        .map(|session| session.id.as_str())
        .collect();
    assert_eq!(ids, [&sessions[1], &sessions[0]]);
    let later = calls::list_sessions(shop.now + Duration::minutes(9), None);
    let later: Page<Session> = shop.ask(&later).await;
    assert_eq!(later.data, []);

    let balance: Balance = shop.ask(&calls::read_balance()).await;
    assert!(!balance.livemode);
    let endpoint = peer.endpoint("https://pay.example/hooks", &["*"]);
    let endpoints: Page<WebhookEndpoint> = shop.ask(&calls::read_webhook_endpoints()).await;
    assert_eq!(endpoints.data[0].id.as_str(), endpoint);
    let stranger = Shop {
        keys: keys("sk_test_somebodyelse", "whsec_somebodyelse"),
        ..shop
    };
    let refused: Result<Balance, _> = stranger.call(&calls::read_balance()).await;
    assert_eq!(refusal(refused), (401, Reason::Account));
}

#[tokio::test]
async fn a_key_is_for_one_request_whatever_goes_wrong() {
    let shop = Shop::open();
    let peer = &shop.peer;
    let request = shop.new_page(1, Capture::AtOnce);
    let send = async || shop.call::<Session>(&request).await;
    peer.next("/v1/checkout", Fault::DropRequest);
    assert!(matches!(doubt(send().await), Doubt::NoAnswer(_)));
    peer.next("POST /v1/checkout", Fault::Status(502));
    assert_eq!(doubt(send().await), Doubt::Failed(502));
    peer.down(true);
    assert_eq!(doubt(send().await), Doubt::Failed(503));
    peer.down(false);
    peer.next("/v1/checkout", Fault::Refuse(409, "idempotency_key_in_use"));
    assert_eq!(doubt(send().await), Doubt::Busy(409));
    assert_eq!(peer.sessions(), [""; 0]);
    peer.next("/v1/checkout", Fault::LoseAnswer);
    assert!(matches!(doubt(send().await), Doubt::NoAnswer(_)));
    assert_eq!(peer.sessions().len(), 1);
    let made = send().await.unwrap();
    assert_eq!(peer.sessions(), [made.id.as_str()]);
    let other: Result<Session, _> = shop.call(&shop.new_page(1, Capture::ByHand)).await;
    assert_eq!(doubt(other), Doubt::KeyReused);

    let refused = shop.new_page(2, Capture::AtOnce);
    peer.next("/v1/checkout", Fault::Refuse(402, "card_declined"));
    for _ in 0..2 {
        let refused: Result<Session, _> = shop.call(&refused).await;
        assert_eq!(refusal(refused), (402, Reason::Declined));
    }
    let calls = peer.calls();
    assert_eq!(calls.len(), 9);
    assert_eq!(calls[5].key, Some(attempt(1).to_string()));
    assert_eq!(
        (calls[0].method.as_str(), calls[0].path.as_str()),
        ("POST", "/v1/checkout/sessions")
    );
    assert_eq!(Some(&calls[0].body), request.body().as_ref());
}
