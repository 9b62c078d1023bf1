//! Stripe's API, played with a memory of its own: an account in test mode, of which the methods of
//! the peer are what payers, banks and the merchant do there.

mod api;
mod door;
mod events;
mod memory;
mod reversals;
mod shop;

pub use door::{Call, Fault};
pub use events::{event, sign, snapshot_event};
pub use shop::run_with_stripe;

use actix_web::{App, HttpServer, dev::ServerHandle, web};
use door::Door;
use memory::{Memory, number_of, text_of};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
};
use threadpay::base::ambient::Ambient;

/// What authorizes calls.
const KEY: &str = "sk_test_sesamopen1234";
/// What webhooks are signed with.
const WEBHOOK_SECRET: &str = "whsec_sesamopen1234";

/// The server.
pub struct StripePeer {
    url: String,
    key: &'static str,
    webhook_secret: &'static str,
    door: Arc<Mutex<Door>>,
    handle: ServerHandle,
}

impl Drop for StripePeer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl StripePeer {
    /// Starts a server with an account that holds nothing.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let door = web::Data::new(Mutex::new(Door::new(Memory::new(url.clone()))));
        let data = door.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(door::receive))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            key: KEY,
            webhook_secret: WEBHOOK_SECRET,
            door: door.into_inner(),
            handle,
        }
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Memory) -> T) -> T {
        act(&mut self.door().memory)
    }

    /// Where the API is, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The secret key of the account.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The signing secret of its webhooks.
    pub fn webhook_secret(&self) -> &'static str {
        self.webhook_secret
    }

    /// Goes by this clock instead of the system's.
    pub fn goes_by(&self, ambient: &Ambient) {
        self.with(|memory| memory.ambient = ambient.clone());
    }

    /// Sets up where snapshot events are sent.
    pub fn endpoint(&self, url: &str, events: &[&str]) -> String {
        let endpoint = json!({
            "object": "webhook_endpoint", "url": url, "status": "enabled",
            "enabled_events": events,
        });
        self.with(|memory| memory.make("we", endpoint))
    }

    /// Sets up where thin events are sent.
    pub fn destination(&self, url: &str) -> String {
        let destination = json!({
            "object": "v2.core.event_destination", "type": "webhook_endpoint",
            "status": "enabled", "webhook_endpoint": {"url": url},
        });
        self.with(|memory| memory.make("ed", destination))
    }

    /// The payer pays what is asked: the money is taken, or held if it is to be captured by hand.
    /// Says the payment.
    pub fn pay(&self, session: &str) -> String {
        self.with(|memory| memory.pay(session, None))
    }

    /// The payer pays another amount than was asked for.
    pub fn pay_amount(&self, session: &str, minor: i64) -> String {
        self.with(|memory| memory.pay(session, Some(minor)))
    }

    /// The payer does their part, and the money comes later or not. Says the payment.
    pub fn pay_later(&self, session: &str) -> String {
        self.with(|memory| memory.begin(session, None))
    }

    /// The money of a payment that is under way comes.
    pub fn arrives(&self, payment: &str) {
        self.with(|memory| {
            memory.must_be(payment, "processing");
            let amount = number_of(&memory.read(payment), "amount");
            memory.take(payment, amount);
        });
    }

    /// The money of a payment that is under way does not come.
    pub fn fails(&self, payment: &str) {
        self.with(|memory| memory.fail(payment));
    }

    /// The time of a page is over.
    pub fn expire(&self, session: &str) {
        self.with(|memory| {
            memory.must_be(session, "open");
            memory.change(session, json!({"status": "expired", "url": null}));
        });
    }

    /// The merchant captures all that is held.
    pub fn capture(&self, payment: &str) {
        self.with(|memory| {
            memory.must_be(payment, "requires_capture");
            let amount = number_of(&memory.read(payment), "amount_capturable");
            memory.take(payment, amount);
        });
    }

    /// What is held lapses.
    pub fn cancel(&self, payment: &str) {
        self.with(|memory| memory.cancel(payment, "automatic"));
    }

    /// The merchant gives so much back. Says the refund, which names no attempt.
    pub fn refund(&self, payment: &str, minor: i64) -> String {
        self.with(|memory| memory.refund(payment, Some(minor), &json!({})).unwrap())
    }

    /// Whether refunds from now on are pending until they are completed or fail.
    pub fn refunds_wait(&self, wait: bool) {
        self.with(|memory| memory.refunds_wait = wait);
    }

    /// A pending refund succeeds.
    pub fn complete_refund(&self, refund: &str) {
        self.with(|memory| memory.complete_refund(refund));
    }

    /// A refund fails, be it pending or one that had succeeded.
    pub fn fail_refund(&self, refund: &str) {
        self.with(|memory| memory.fail_refund(refund));
    }

    /// The payer's bank takes so much back. Says the dispute.
    pub fn dispute(&self, payment: &str, minor: i64) -> String {
        self.with(|memory| memory.dispute(payment, minor))
    }

    /// The merchant wins a dispute.
    pub fn win(&self, dispute: &str) {
        self.with(|memory| memory.win(dispute));
    }

    /// Stripe takes so much of the balance in euros, for no payment.
    pub fn take_fee(&self, minor: i64) {
        let of = [Value::Null, json!("eur")];
        self.with(|memory| memory.book_of("fee", of, -minor, 0));
    }

    /// An object becomes otherwise, as these members say.
    pub fn becomes(&self, id: &str, changes: Value) {
        self.with(|memory| memory.change(id, changes));
    }

    /// Tells at most so much of a list at once.
    pub fn pages_of(&self, most: usize) {
        self.with(|memory| memory.page = most);
    }

    /// Pays out what is not paid out yet of these payments, charges, refunds and disputes, or of
    /// everything if none is named. Says the payout. Its list holds a transaction of its own, too.
    pub fn payout(&self, of: &[&str]) -> String {
        self.with(|memory| memory.payout(of))
    }

    /// What its balance says has moved, fees aside.
    pub fn moved(&self) -> i64 {
        let moves = self
            .with(|memory| memory.having("balance_transaction", "object", "balance_transaction"));
        let all = moves.iter().map(|id| self.object(id));
        let payments = all.filter(|moved| {
            !["fee", "payout"]
                .iter()
                .any(|other| moved["reporting_category"] == *other)
        });
        payments
            .map(|moved| moved["amount"].as_i64().unwrap())
            .sum()
    }

    /// The pages, the first first.
    pub fn sessions(&self) -> Vec<String> {
        self.with(|memory| memory.having("checkout.session", "object", "checkout.session"))
    }

    /// The page that was made for an attempt.
    pub fn session_of(&self, attempt: &str) -> Option<String> {
        let member = "client_reference_id";
        self.with(|memory| memory.having("checkout.session", member, attempt).pop())
    }

    /// The payment of a page, if the payer has begun.
    pub fn payment_of(&self, session: &str) -> Option<String> {
        let payment = self.object(session)["payment_intent"].clone();
        payment.as_str().map(ToOwned::to_owned)
    }

    /// The charge of a payment.
    pub fn charge_of(&self, payment: &str) -> String {
        text_of(&self.object(payment), "latest_charge")
    }

    /// The refunds of a payment, the first first.
    pub fn refunds_of(&self, payment: &str) -> Vec<String> {
        self.with(|memory| memory.having("refund", "payment_intent", payment))
    }

    /// An object as it is now, in which others stand as ids.
    pub fn object(&self, id: &str) -> Value {
        self.with(|memory| memory.read(id))
    }

    /// What a page was asked for with, such as `payment_intent_data[capture_method]`.
    pub fn form_of(&self, session: &str) -> Vec<(String, String)> {
        self.with(|memory| memory.forms[session].clone())
    }

    /// All requests that came, those that were lost or refused, too.
    pub fn calls(&self) -> Vec<Call> {
        self.door().calls.clone()
    }

    /// Lets this go wrong once, with the next request whose method and path, such as
    /// `POST /v1/refunds`, contain that.
    pub fn next(&self, path_part: &str, fault: Fault) {
        self.door().faults.push((path_part.to_owned(), fault));
    }

    /// Whether everything is answered with 503.
    pub fn down(&self, is_down: bool) {
        self.door().is_down = is_down;
    }
}
