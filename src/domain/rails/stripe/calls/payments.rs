//! Payments that were made on a page, and what becomes of them.

use super::{
    super::{NotTaken, ObjectId, Request, to_stripe},
    ATTEMPT,
};
use crate::base::{ids::AttemptId, money::Money};

/// Asks for a payment and what was settled of it. Answered with a
/// [`super::super::answers::Payment`].
pub fn get_payment(payment: &ObjectId) -> Request {
    Request::get(format!("/v1/payment_intents/{payment}"))
        .expanding("latest_charge.balance_transaction")
}

/// Takes so much of what is held; the rest is let go. Answered with a
/// [`super::super::answers::Payment`], or refused because nothing is held: then look it up.
pub fn capture(payment: &ObjectId, amount: Money, attempt: AttemptId) -> Result<Request, NotTaken> {
    let request = Request::post(format!("/v1/payment_intents/{payment}/capture"), attempt)
        .with("amount_to_capture", to_stripe(amount)?)
        .expanding("latest_charge.balance_transaction");
    Ok(request)
}

/// Lets go of all that is held. Answered with a [`super::super::answers::Payment`], or refused
/// because nothing is held: then look it up. A payment whose page is open is ended by
/// [`super::expire_session`] instead.
pub fn cancel(payment: &ObjectId, attempt: AttemptId) -> Request {
    Request::post(format!("/v1/payment_intents/{payment}/cancel"), attempt)
}

/// Gives so much of a payment back. Answered with a [`super::super::answers::Refund`].
pub fn create_refund(
    payment: &ObjectId,
    amount: Money,
    attempt: AttemptId,
) -> Result<Request, NotTaken> {
    let request = Request::post("/v1/refunds", attempt)
        .with("payment_intent", payment)
        .with("amount", to_stripe(amount)?)
        .with(format!("metadata[{ATTEMPT}]"), attempt);
    Ok(request)
}

/// Asks for a refund. Answered with a [`super::super::answers::Refund`].
pub fn get_refund(refund: &ObjectId) -> Request {
    Request::get(format!("/v1/refunds/{refund}"))
}

/// Asks for all refunds of a payment, those that we know nothing of, too. Answered with a
/// [`super::super::answers::Page`] of refunds.
pub fn list_refunds(payment: &ObjectId, after: Option<&ObjectId>) -> Request {
    let request = Request::get("/v1/refunds")
        .with("payment_intent", payment)
        .with("limit", 100);
    match after {
        None => request,
        Some(last) => request.with("starting_after", last),
    }
}

/// Asks for a charge and what was settled of it. Answered with a
/// [`super::super::answers::Charge`].
pub fn get_charge(charge: &ObjectId) -> Request {
    Request::get(format!("/v1/charges/{charge}")).expanding("balance_transaction")
}

/// Asks for a dispute. Answered with a [`super::super::answers::Dispute`].
pub fn get_dispute(dispute: &ObjectId) -> Request {
    Request::get(format!("/v1/disputes/{dispute}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn each_call_says_what_it_is_about_and_which_attempt_it_is() {
        let attempt = AttemptId(Uuid::from_u128(2));
        let payment = ObjectId::parse("pi_1").unwrap();
        let amount = Money::new(5, "JPY".parse().unwrap());
        let of = |request: Request| (request.path.clone(), request.body().unwrap());
        let (path, body) = of(capture(&payment, amount, attempt).unwrap());
        assert_eq!(path, "/v1/payment_intents/pi_1/capture");
        let expanded = "expand%5B%5D=latest_charge.balance_transaction";
        assert_eq!(body, format!("amount_to_capture=5&{expanded}"));
        let (path, body) = of(cancel(&payment, attempt));
        assert_eq!(path, "/v1/payment_intents/pi_1/cancel");
        assert_eq!(body, "");
        let (path, body) = of(create_refund(&payment, amount, attempt).unwrap());
        assert_eq!(path, "/v1/refunds");
        let told = format!("metadata%5Bthreadpay_attempt%5D={attempt}");
        assert_eq!(body, format!("payment_intent=pi_1&amount=5&{told}"));
        let last = ObjectId::parse("re_9").unwrap();
        assert_eq!(
            list_refunds(&payment, Some(&last)).target(),
            "/v1/refunds?payment_intent=pi_1&limit=100&starting_after=re_9"
        );
    }
}
