//! Money that leaves the account: refunds, disputes and payouts.

use super::memory::{Memory, Refusal, number_of, text_of};
use serde_json::{Value, json};
use time::Duration;

/// What a dispute costs, in the smallest unit.
const DISPUTE_FEE: i64 = 1500;
/// How long a payout is under way.
const ARRIVAL: Duration = Duration::days(2);

impl Memory {
    /// Gives so much of a payment back, or all that is left.
    pub fn refund(
        &mut self,
        payment: &str,
        minor: Option<i64>,
        metadata: &Value,
    ) -> Result<String, Refusal> {
        let found = self
            .get(payment)
            .filter(|o| o["object"] == "payment_intent");
        let found = found.ok_or_else(|| Refusal::missing("payment_intent", payment))?;
        if found["status"] != "succeeded" {
            let told = format!("{payment} does not have a successful charge to refund.");
            return Err(Refusal::coded(400, "payment_intent_unexpected_state", told));
        }
        let charge = self.read(&text_of(found, "latest_charge"));
        let id = text_of(&charge, "id");
        let open = self.having("dispute", "charge", &id);
        if open
            .iter()
            .any(|dispute| self.read(dispute)["status"] != "won")
        {
            let told = format!("Charge {id} has been charged back.");
            return Err(Refusal::coded(400, "charge_disputed", told));
        }
        let captured = number_of(&charge, "amount_captured");
        let left = captured - number_of(&charge, "amount_refunded");
        let amount = minor.unwrap_or(left);
        if amount < 1 || amount > left {
            let told = format!("Refund amount is greater than what is left of charge {id}.");
            return Err(Refusal::coded(400, "charge_already_refunded", told));
        }
        let refund = json!({
            "object": "refund", "status": "pending", "amount": amount,
            "currency": charge["currency"], "payment_intent": payment, "charge": id,
            "balance_transaction": null, "failure_balance_transaction": null,
            "failure_reason": null, "metadata": metadata, "reason": null,
        });
        let refund = self.make("re", refund);
        self.count_refunded(&id, amount);
        if !self.refunds_wait {
            self.complete_refund(&refund);
        }
        Ok(refund)
    }

    fn count_refunded(&mut self, charge: &str, amount: i64) {
        let found = self.read(charge);
        let refunded = number_of(&found, "amount_refunded") + amount;
        let is_all = refunded == number_of(&found, "amount_captured");
        let counted = json!({"amount_refunded": refunded, "refunded": is_all});
        self.change(charge, counted);
    }

    /// The money of a refund goes, and is off the balance only now.
    pub fn complete_refund(&mut self, refund: &str) {
        self.must_be(refund, "pending");
        let amount = number_of(&self.read(refund), "amount");
        let transaction = self.book("refund", refund, -amount, 0);
        let done = json!({"status": "succeeded", "balance_transaction": transaction});
        self.change(refund, done);
    }

    /// The money of a refund cannot be taken, or comes back if it went.
    pub fn fail_refund(&mut self, refund: &str) {
        let found = self.read(refund);
        assert_ne!(found["status"], "failed", "{refund} has failed already");
        let amount = number_of(&found, "amount");
        if found["balance_transaction"].is_string() {
            let back = self.book("refund_failure", refund, amount, 0);
            self.change(refund, json!({"failure_balance_transaction": back}));
        }
        let failed = json!({"status": "failed", "failure_reason": "lost_or_stolen_card"});
        self.change(refund, failed);
        self.count_refunded(&text_of(&found, "charge"), -amount);
    }

    /// The payer's bank takes so much back.
    pub fn dispute(&mut self, payment: &str, minor: i64) -> String {
        self.must_be(payment, "succeeded");
        let charge = self.read(&text_of(&self.read(payment), "latest_charge"));
        let dispute = json!({
            "object": "dispute", "status": "needs_response", "amount": minor,
            "currency": charge["currency"], "reason": "fraudulent", "charge": charge["id"],
            "payment_intent": payment, "balance_transactions": [], "metadata": {},
        });
        let dispute = self.make("du", dispute);
        self.change(&text_of(&charge, "id"), json!({"disputed": true}));
        self.book_dispute(&dispute, "dispute", (-minor, DISPUTE_FEE));
        dispute
    }

    /// The merchant wins a dispute: the money comes back, the fee does not.
    pub fn win(&mut self, dispute: &str) {
        self.must_be(dispute, "needs_response");
        let amount = number_of(&self.read(dispute), "amount");
        self.book_dispute(dispute, "dispute_reversal", (amount, 0));
        self.change(dispute, json!({"status": "won"}));
    }

    fn book_dispute(&mut self, dispute: &str, category: &str, (amount, fee): (i64, i64)) {
        let transaction = self.book(category, dispute, amount, fee);
        let mut booked = self.read(dispute)["balance_transactions"].clone();
        booked.as_array_mut().unwrap().push(self.read(&transaction));
        self.change(dispute, json!({"balance_transactions": booked}));
    }

    /// Pays out what is not paid out yet: of these sources or payments, or of all if none is named.
    pub fn payout(&mut self, of: &[&str]) -> String {
        let is_of = |transaction: &Value| {
            let source = transaction["source"].as_str().map(|id| self.read(id));
            let source = source.unwrap_or_default();
            let is_named = |id: &&str| source["id"] == *id || source["payment_intent"] == *id;
            of.is_empty() || of.iter().any(is_named)
        };
        let rest = self.objects.iter().filter(|object| {
            object["object"] == "balance_transaction"
                && !self.paid_out.contains_key(&text_of(object, "id"))
                && is_of(object)
        });
        let rest: Vec<Value> = rest.cloned().collect();
        assert!(!rest.is_empty(), "nothing is to be paid out");
        let currency = rest[0]["currency"].clone();
        let is_one = rest.iter().all(|object| object["currency"] == currency);
        assert!(is_one, "a payout is of one currency");
        let net: i64 = rest.iter().map(|object| number_of(object, "net")).sum();
        let payout = json!({
            "object": "payout", "status": "in_transit", "amount": net, "currency": currency,
            "automatic": true, "balance_transaction": null, "reconciliation_status": "completed",
            "arrival_date": (self.ambient.now() + ARRIVAL).unix_timestamp(),
        });
        let payout = self.make("po", payout);
        let own = self.book("payout", &payout, -net, 0);
        self.change(&payout, json!({"balance_transaction": own}));
        let rest = rest.iter().map(|object| text_of(object, "id"));
        for transaction in rest.chain([own]) {
            self.paid_out.insert(transaction, payout.clone());
        }
        payout
    }
}
