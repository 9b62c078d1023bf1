//! What the account at Stripe holds, and what happens to it there.

use serde_json::{Value, json};
use std::collections::HashMap;
use threadpay::base::ambient::Ambient;
use time::Duration;

/// Names and values in their order, such as `line_items[0][quantity]` and `1`.
pub type Form = Vec<(String, String)>;

/// How long money rests before it can be paid out.
const REST: Duration = Duration::days(7);

/// An answer that is not of success.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What stands under `error`.
    pub error: Value,
}

impl Refusal {
    /// A refusal with a code.
    pub fn coded(status: u16, code: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::plain(status, message);
        if status == 402 {
            refusal.error["type"] = json!("card_error");
        }
        refusal.error["code"] = json!(code);
        refusal
    }

    /// A refusal without code and parameter.
    pub fn plain(status: u16, message: impl Into<String>) -> Self {
        let error = json!({"type": "invalid_request_error", "message": message.into()});
        Self { status, error }
    }

    /// There is no such object.
    pub fn missing(kind: &str, id: &str) -> Self {
        let mut refusal = Self::coded(404, "resource_missing", format!("No such {kind}: '{id}'"));
        refusal.error["param"] = json!("id");
        refusal
    }
}

/// The account.
pub struct Memory {
    /// Whose clock is gone by.
    pub ambient: Ambient,
    /// Where its pages are.
    pub url: String,
    /// Whether refunds are pending at first.
    pub refunds_wait: bool,
    /// In the order in which they were made; they name each other by id.
    pub objects: Vec<Value>,
    /// What each page was asked for with.
    pub forms: HashMap<String, Form>,
    /// Most of a list that is told at once, whatever is asked for.
    pub page: usize,
    /// Which payout has paid each balance transaction out.
    pub paid_out: HashMap<String, String>,
}

impl Memory {
    /// An account with nothing in it.
    pub fn new(url: String) -> Self {
        Self {
            ambient: Ambient::system(),
            url,
            refunds_wait: false,
            objects: Vec::new(),
            forms: HashMap::new(),
            page: 100,
            paid_out: HashMap::new(),
        }
    }

    /// The object of that id.
    pub fn get(&self, id: &str) -> Option<&Value> {
        self.objects.iter().find(|object| object["id"] == id)
    }

    /// A copy of an object that a test knows of.
    pub fn read(&self, id: &str) -> Value {
        self.get(id)
            .cloned()
            .unwrap_or_else(|| panic!("no object {id}"))
    }

    /// The ids of the objects of a kind in whose `member` that text stands.
    pub fn having(&self, kind: &str, member: &str, text: &str) -> Vec<String> {
        let objects = self.objects.iter();
        let found = objects.filter(|object| object["object"] == kind && object[member] == text);
        found.map(|object| text_of(object, "id")).collect()
    }

    /// Keeps a new object under an id of its own.
    pub fn make(&mut self, prefix: &str, mut object: Value) -> String {
        let kind = &object["object"];
        let of_kind = self.objects.iter().filter(|other| other["object"] == *kind);
        let id = format!("{prefix}_{}", of_kind.count() + 1);
        object["id"] = json!(id);
        object["livemode"] = json!(false);
        object["created"] = json!(self.ambient.now().unix_timestamp());
        self.objects.push(object);
        id
    }

    /// Sets these members of an object.
    pub fn change(&mut self, id: &str, changes: Value) {
        let object = self.objects.iter_mut().find(|object| object["id"] == id);
        let object = object.and_then(Value::as_object_mut);
        let object = object.unwrap_or_else(|| panic!("no object {id}"));
        let Value::Object(changes) = changes else {
            panic!("not an object: {changes}")
        };
        object.extend(changes);
    }

    /// Moves the balance by what `source` is about.
    pub fn book(&mut self, category: &str, source: &str, amount: i64, fee: i64) -> String {
        let of = [json!(source), self.read(source)["currency"].clone()];
        self.book_of(category, of, amount, fee)
    }

    /// Moves the balance in a currency, for something or for nothing.
    pub fn book_of(
        &mut self,
        category: &str,
        [source, currency]: [Value; 2],
        amount: i64,
        fee: i64,
    ) -> String {
        let kind = match category {
            "dispute" | "dispute_reversal" => "adjustment",
            "fee" => "stripe_fee",
            other => other,
        };
        let available = self.ambient.now() + REST;
        let transaction = json!({
            "object": "balance_transaction", "type": kind, "reporting_category": category,
            "amount": amount, "fee": fee, "net": amount - fee, "source": source,
            "currency": currency, "status": "pending",
            "available_on": available.unix_timestamp(), "exchange_rate": null,
        });
        self.make("txn", transaction)
    }

    /// The payer does their part of a page, of which the payment is under way then.
    pub fn begin(&mut self, session: &str, minor: Option<i64>) -> String {
        let page = self.read(session);
        assert_eq!(page["status"], "open", "{session} is not open");
        let amount = minor.unwrap_or(number_of(&page, "amount_total"));
        let form = &self.forms[session];
        let metadata = within(form, "payment_intent_data[metadata]");
        let manual = "payment_intent_data[capture_method]";
        let method = value(form, manual).unwrap_or("automatic");
        let payment = json!({
            "object": "payment_intent", "status": "processing", "amount": amount,
            "amount_received": 0, "amount_capturable": 0, "currency": page["currency"],
            "capture_method": method, "latest_charge": null, "last_payment_error": null,
            "metadata": metadata, "cancellation_reason": null, "canceled_at": null,
        });
        let payment = self.make("pi", payment);
        let charge = json!({
            "object": "charge", "status": "pending", "amount": amount, "amount_captured": 0,
            "amount_refunded": 0, "currency": page["currency"], "captured": false,
            "disputed": false, "paid": false, "refunded": false, "payment_intent": payment,
            "balance_transaction": null, "failure_code": null, "metadata": metadata,
        });
        let charge = self.make("ch", charge);
        self.change(&payment, json!({"latest_charge": charge}));
        let done = json!({
            "status": "complete", "url": null, "amount_total": amount, "payment_intent": payment,
        });
        self.change(session, done);
        payment
    }

    /// The payer pays: the money is taken, or held where it is to be captured by hand.
    pub fn pay(&mut self, session: &str, minor: Option<i64>) -> String {
        let payment = self.begin(session, minor);
        let asked = self.read(&payment);
        let amount = number_of(&asked, "amount");
        if asked["capture_method"] == "manual" {
            let held = json!({"status": "requires_capture", "amount_capturable": amount});
            self.change(&payment, held);
            let charge = json!({"status": "succeeded", "paid": true});
            self.change(&text_of(&asked, "latest_charge"), charge);
        } else {
            self.take(&payment, amount);
        }
        payment
    }

    /// The money of a payment comes; what else was held is let go.
    pub fn take(&mut self, payment: &str, amount: i64) {
        let charge = text_of(&self.read(payment), "latest_charge");
        let taken = json!({
            "status": "succeeded", "amount_received": amount, "amount_capturable": 0,
        });
        self.change(payment, taken);
        let transaction = self.book("charge", &charge, amount, fee(amount));
        let taken = json!({
            "status": "succeeded", "paid": true, "captured": true, "amount_captured": amount,
            "balance_transaction": transaction,
        });
        self.change(&charge, taken);
        for session in self.having("checkout.session", "payment_intent", payment) {
            self.change(&session, json!({"payment_status": "paid"}));
        }
    }

    /// The money of a payment that is under way does not come.
    pub fn fail(&mut self, payment: &str) {
        self.must_be(payment, "processing");
        let fault = json!({
            "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
        });
        let failed = json!({"status": "requires_payment_method", "last_payment_error": fault});
        self.change(payment, failed);
        let charge = text_of(&self.read(payment), "latest_charge");
        let failed = json!({"status": "failed", "failure_code": "card_declined"});
        self.change(&charge, failed);
    }

    /// Lets go of what is held, for that reason.
    pub fn cancel(&mut self, payment: &str, reason: &str) {
        self.must_be(payment, "requires_capture");
        let canceled = json!({
            "status": "canceled", "amount_capturable": 0, "cancellation_reason": reason,
            "canceled_at": self.ambient.now().unix_timestamp(),
        });
        self.change(payment, canceled);
    }

    /// Fails the test if an object is in another state.
    pub fn must_be(&self, id: &str, status: &str) {
        assert_eq!(self.read(id)["status"], status, "the status of {id}");
    }
}

/// What Stripe keeps of a payment: 1.4 percent, rounded up, and 25.
fn fee(amount: i64) -> i64 {
    (amount * 14 + 999) / 1000 + 25
}

/// A member that is a text; an id, where it names another object.
pub fn text_of(object: &Value, member: &str) -> String {
    let text = object[member].as_str();
    text.unwrap_or_else(|| panic!("no {member} in {object}"))
        .to_owned()
}

/// A member that is a number.
pub fn number_of(object: &Value, member: &str) -> i64 {
    let number = object[member].as_i64();
    number.unwrap_or_else(|| panic!("no {member} in {object}"))
}

/// A value of a form.
pub fn value<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    let found = form.iter().find(|(other, _)| other == name);
    found.map(|(_, value)| value.as_str())
}

/// What stands in brackets behind `name`, such as metadata.
pub fn within(form: &Form, name: &str) -> Value {
    let inner = |text: &str| Some(text.strip_prefix(name)?.strip_prefix('[')?.to_owned());
    let pairs = form.iter().filter_map(|(name, value)| {
        let name = inner(name)?.strip_suffix(']')?.to_owned();
        Some((name, json!(value)))
    });
    Value::Object(pairs.collect())
}
