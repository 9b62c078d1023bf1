//! What a provider's event tells, once the provider was asked: facts, each of which is harmless when it
//! is known, or a payout. What is none of ours is passed over: a merchant may sell by the same account elsewhere.

use super::{
    NotReady, Providers,
    payouts::{PayoutError, Payouts},
};
use crate::{
    base::{flow::Flow, ids::AttemptId, money::Money, names::Word},
    domain::{
        auth::Merchant,
        intents::Attempt,
        rail_accounts::{self, AccountCredentials, RailAccount},
        rail_events::RailEvent,
        rails::{
            CallKind, FactKind, Heard, RailAnswer, RailFact, Sign,
            stripe::{
                Client, ObjectId, Request, Ring, RingError, RingKind, Seen,
                answers::{
                    CallError, Charge, Dispute, Link, Outcome, Page, Payment, Refund, RefundStatus,
                    Session,
                },
                calls,
            },
        },
        settlements::ToldPayout,
    },
};
use serde::de::DeserializeOwned;

/// Most refunds of a payment that are looked at, in hundreds.
const PAGES: usize = 10;

/// Why it cannot be found out now what an event tells.
#[derive(Debug, thiserror::Error)]
pub enum UntoldError {
    /// What is stored cannot be used.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// It is no event of the provider's.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The provider gives no answer, or refuses one.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What is paid out cannot be found out now.
    #[error(transparent)]
    Payout(#[from] PayoutError),
    /// Money has moved, and how much cannot be read: to pass over it, or to guess, would lose it.
    #[error("the amount of {0} cannot be read")]
    Amount(ObjectId),
    /// The provider takes too long.
    #[error("the provider takes too long to answer")]
    TooSlow,
}

/// What an event tells.
#[derive(Debug)]
pub enum Told {
    /// Of payments; nothing if there are none.
    Facts(Vec<RailFact>),
    /// Of a payout.
    Payout(Box<ToldPayout>),
}

/// One account at Stripe that is asked.
struct Asked<'a> {
    providers: &'a Providers,
    client: Client<'a>,
    merchant: &'a Merchant,
    account: &'a RailAccount,
}

impl Providers {
    /// What an event tells.
    pub async fn told(&self, event: &RailEvent) -> Result<Told, UntoldError> {
        let merchant = self.merchant(event.merchant).await?;
        let account = rail_accounts::store::get(&self.pool, event.merchant, event.account).await;
        let account = account.map_err(NotReady::from)?;
        let account = account.ok_or(NotReady::Missing("account"))?;
        let opened = self.open(&account, merchant.mode).map_err(NotReady::from)?;
        let Some(AccountCredentials::Stripe(keys)) = opened else {
            return Err(NotReady::Missing("key").into());
        };
        let heard = Heard::default();
        let asked = Asked {
            providers: self,
            client: self.stripe(&keys, &heard),
            merchant: &merchant,
            account: &account,
        };
        let asked = asked.find_out(&event.body);
        let patience = account.route().rail.patience();
        let told = tokio::time::timeout(patience, asked).await;
        if told.is_err() {
            heard.hear(Some(Sign::Failed));
        }
        self.watch
            .note(&account, heard.last(), self.ambient.now())
            .await;
        told.unwrap_or(Err(UntoldError::TooSlow))
    }
}

impl Asked<'_> {
    async fn find_out(&self, body: &[u8]) -> Result<Told, UntoldError> {
        let ring = Ring::read(body)?;
        let Some(id) = ring.object_id else {
            return Ok(Told::Facts(Vec::new()));
        };
        let facts = match ring.kind {
            RingKind::Session => self.session(&id).await?,
            RingKind::Payment => self.payment(&id).await?,
            RingKind::Charge => self.charge(&id).await?,
            RingKind::Refund => match self.ask(&calls::get_refund(&id)).await? {
                Some(refund) => self.refund(&refund).await?,
                None => Vec::new(),
            },
            RingKind::Dispute => self.dispute(&id).await?,
            RingKind::Payout => match self.payout(&id).await? {
                Some(payout) => return Ok(Told::Payout(Box::new(payout))),
                None => Vec::new(),
            },
            RingKind::Other => Vec::new(),
        };
        Ok(Told::Facts(facts))
    }

    async fn payout(&self, id: &ObjectId) -> Result<Option<ToldPayout>, UntoldError> {
        // Whether a key may read payouts says nothing of whether payers can pay by it.
        let heard = Heard::default();
        let payouts = Payouts {
            client: Client {
                heard: &heard,
                ..self.client
            },
            pool: &self.providers.pool,
            merchant: self.merchant.id,
            account: self.account.id,
        };
        Ok(payouts.see(id).await?)
    }

    /// What is answered; none where there is no such thing.
    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>, CallError> {
        match self.client.call(request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(CallError::Refused(refusal)) if refusal.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Our attempt of this name and kind that was made by this account.
    async fn own(
        &self,
        id: Option<AttemptId>,
        kind: CallKind,
    ) -> Result<Option<Attempt>, UntoldError> {
        let Some(id) = id else {
            return Ok(None);
        };
        let found = self.providers.find(self.merchant.id, id).await?;
        Ok(found.filter(|attempt| attempt.kind == kind && attempt.route == self.account.route()))
    }

    async fn session(&self, id: &ObjectId) -> Result<Vec<RailFact>, UntoldError> {
        let Some(session) = self.ask::<Session>(&calls::get_session(id)).await? else {
            return Ok(Vec::new());
        };
        let Some(charge) = self.own(session.attempt(), CallKind::Charge).await? else {
            return Ok(Vec::new());
        };
        let call = charge.call(None);
        let (order, ..) = self.providers.order(self.account, &call).await?;
        Ok(vec![order.of_session(&session)])
    }

    /// A payment is what its page says; beside that, what is held may be taken or let go without us.
    async fn payment(&self, id: &ObjectId) -> Result<Vec<RailFact>, UntoldError> {
        let Some(payment) = self.ask::<Payment>(&calls::get_payment(id)).await? else {
            return Ok(Vec::new());
        };
        let Some(charge) = self.own(payment.attempt(), CallKind::Charge).await? else {
            return Ok(Vec::new());
        };
        let call = charge.call(None);
        let mut facts = vec![self.providers.look_up(self.merchant.id, &call).await];
        let (kind, amount) = match payment.outcome() {
            Outcome::Paid { amount, .. } => (CallKind::Capture, Some(amount)),
            Outcome::Canceled => (CallKind::Void, None),
            Outcome::Authorized { .. }
            | Outcome::Open { .. }
            | Outcome::Pending
            | Outcome::Failed { .. }
            | Outcome::Expired
            | Outcome::NotOurs => return Ok(facts),
        };
        facts.push(RailFact {
            kind: kind.into(),
            amount,
            external_id: Some(payment.id.to_string()),
            ..RailFact::answer(&call, RailAnswer::Succeeded)
        });
        Ok(facts)
    }

    async fn charge(&self, id: &ObjectId) -> Result<Vec<RailFact>, UntoldError> {
        let charge = self.ask::<Charge>(&calls::get_charge(id)).await?;
        let payment = charge.and_then(|charge| charge.payment_intent);
        let Some(payment) = payment else {
            return Ok(Vec::new());
        };
        let (mut facts, mut after) = (Vec::new(), None);
        for _ in 0..PAGES {
            let request = calls::list_refunds(&payment.0, after.as_ref());
            let Some(page) = self.ask::<Page<Refund>>(&request).await? else {
                break;
            };
            for refund in &page.data {
                facts.extend(self.refund(refund).await?);
            }
            match page.next() {
                Some(last) => after = Some(last.clone()),
                None => break,
            }
        }
        Ok(facts)
    }

    /// What a dispute took off the balance and gave back to it: its status tells nothing of money.
    async fn dispute(&self, id: &ObjectId) -> Result<Vec<RailFact>, UntoldError> {
        let Some(dispute) = self.ask::<Dispute>(&calls::get_dispute(id)).await? else {
            return Ok(Vec::new());
        };
        let Some(charge) = self.charge_of(dispute.payment_intent.as_ref()).await? else {
            return Ok(Vec::new());
        };
        let told = dispute.balance_transactions.iter().map(|moved| {
            let amount = read(&moved.amount(), &moved.id)?;
            let flow = if amount.minor() < 0 {
                Flow::Out
            } else {
                Flow::In
            };
            Ok(RailFact {
                kind: FactKind::Dispute(flow),
                amount: Some(Money::new(
                    amount.minor().saturating_abs(),
                    amount.currency(),
                )),
                external_id: Some(moved.id.to_string()),
                occurred_at: Some(moved.created),
                ..RailFact::answer(&charge.call(None), RailAnswer::Succeeded)
            })
        });
        told.collect()
    }

    /// Our charge that made a payment, if one did.
    async fn charge_of(&self, payment: Option<&Link>) -> Result<Option<Attempt>, UntoldError> {
        let Some(payment) = payment else {
            return Ok(None);
        };
        let payment = self.ask::<Payment>(&calls::get_payment(&payment.0)).await?;
        let of = payment.and_then(|payment| payment.attempt());
        self.own(of, CallKind::Charge).await
    }

    /// A refund that we made, or that was made at the provider.
    async fn refund(&self, refund: &Refund) -> Result<Vec<RailFact>, UntoldError> {
        if let Some(attempt) = self.own(refund.attempt(), CallKind::Refund).await? {
            let call = attempt.call(None);
            let (order, ..) = self.providers.order(self.account, &call).await?;
            return Ok(vec![order.of_refund(refund)]);
        }
        let Some(charge) = self.charge_of(refund.payment_intent.as_ref()).await? else {
            return Ok(Vec::new());
        };
        let done = RailFact {
            kind: CallKind::Refund.into(),
            amount: Some(read(&refund.amount(), &refund.id)?),
            external_id: Some(refund.id.to_string()),
            ..RailFact::answer(&charge.call(None), RailAnswer::Succeeded)
        };
        // What had gone and came back is money again, by a name of its own.
        let back = refund.failure_balance_transaction.as_ref();
        let back = back.map(|transaction| RailFact {
            kind: CallKind::Charge.into(),
            attempt: None,
            external_id: Some(transaction.0.to_string()),
            ..done.clone()
        });
        Ok(match &refund.status {
            Some(Word::Known(RefundStatus::Succeeded)) => vec![done],
            Some(Word::Known(RefundStatus::Failed)) => match back {
                Some(back) => vec![done, back],
                None => Vec::new(),
            },
            Some(
                Word::Known(
                    RefundStatus::Pending | RefundStatus::RequiresAction | RefundStatus::Canceled,
                )
                | Word::Other(_),
            )
            | None => Vec::new(),
        })
    }
}

fn read(seen: &Seen, of: &ObjectId) -> Result<Money, UntoldError> {
    seen.money().ok_or_else(|| UntoldError::Amount(of.clone()))
}
