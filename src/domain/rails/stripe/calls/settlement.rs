//! What Stripe books: each movement of the balance, and those that a payout pays out.

use super::super::{ObjectId, Request};

/// Asks for a payout. Answered with a [`super::super::answers::Payout`].
pub fn get_payout(payout: &ObjectId) -> Request {
    Request::get(format!("/v1/payouts/{payout}"))
}

/// Asks for what an automatic payout pays out and what that is about, a hundred at a time, those behind
/// `after` if one is given. Answered with a [`super::super::answers::Page`] of balance transactions.
pub fn list_balance_transactions(payout: &ObjectId, after: Option<&ObjectId>) -> Request {
    let request = Request::get("/v1/balance_transactions")
        .with("payout", payout)
        .with("limit", 100)
        .expanding("data.source");
    match after {
        None => request,
        Some(last) => request.with("starting_after", last),
    }
}

/// Asks for one movement. Answered with a [`super::super::answers::BalanceTransaction`].
pub fn get_balance_transaction(transaction: &ObjectId) -> Request {
    Request::get(format!("/v1/balance_transactions/{transaction}"))
}
