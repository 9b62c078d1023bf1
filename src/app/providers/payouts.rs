//! What a provider pays out: a payout as it is now, and the next of the lines that it is the sum of. One
//! page is read at a time, so that a payout of many thousand lines stands in nobody's way.

use crate::{
    base::{
        db::Pool,
        ids::{MerchantId, RailAccountId},
        money::Money,
    },
    domain::{
        rails::stripe::{
            Client, ObjectId, Seen,
            answers::{BalanceTransaction, CallError, Page, Payout, Source},
            calls,
        },
        settlements::{
            SettlementStatus, Sums, ToldLine, ToldPage, ToldPayout,
            line::store::{Named, attempts},
            store,
        },
    },
};
use std::collections::HashMap;

/// Most characters that are kept of a word of Stripe's.
const LONGEST: usize = 255;

/// Why it cannot be found out now what is paid out.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError {
    /// The rows could not be read.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// The provider gives no answer, or refuses one.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An amount that is not whole in our units, or of a currency that the provider does not list.
    #[error("the amount of {0} cannot be read")]
    Amount(ObjectId),
}

/// The payouts from one account at Stripe.
pub(super) struct Payouts<'a> {
    pub client: Client<'a>,
    pub pool: &'a Pool,
    pub merchant: MerchantId,
    pub account: RailAccountId,
}

impl Payouts<'_> {
    /// A payout and the next of its lines; none while nothing is to be kept of it.
    pub async fn see(&self, id: &ObjectId) -> Result<Option<ToldPayout>, PayoutError> {
        let payout: Payout = match self.client.call(&calls::get_payout(id)).await {
            Err(CallError::Refused(refusal)) if refusal.is_missing() => return Ok(None),
            answer => answer?,
        };
        let mut told = ToldPayout {
            account: self.account,
            external_id: payout.id.to_string(),
            amount: money(&payout.amount(), &payout.id)?,
            status: word(&payout.status),
            arrives_on: payout.arrival_date.date(),
            occurred_at: payout.created,
            page: None,
        };
        let known = store::named(self.pool, &told.name(self.merchant)).await?;
        let known = known.transpose().map_err(sqlx::Error::from)?;
        let is_reading = known
            .as_ref()
            .is_none_or(|known| known.status == SettlementStatus::Reading);
        // Before that Stripe may not know all of them.
        let is_complete = payout.reconciliation_status.as_deref() == Some("completed");
        if is_reading && is_complete {
            let after = known.as_ref().and_then(|known| known.read_to.as_deref());
            told.page = Some(self.page((&payout.id, told.amount), after).await?);
        }
        Ok((known.is_some() || told.page.is_some()).then_some(told))
    }

    async fn page(
        &self,
        (payout, arrives): (&ObjectId, Money),
        after: Option<&str>,
    ) -> Result<ToldPage, PayoutError> {
        let last = after.and_then(ObjectId::parse);
        let request = calls::list_balance_transactions(payout, last.as_ref());
        let page: Page<BalanceTransaction> = self.client.call(&request).await?;
        let named: Vec<Named> = page.data.iter().map(names).collect();
        let found = attempts(self.pool, (self.merchant, self.account), &named).await?;
        let found: HashMap<_, _> = found.into_iter().collect();
        let leaves = arrives.minor().saturating_neg();
        let mut lines = Vec::new();
        for (place, moved) in page.data.iter().enumerate() {
            let sums = sums(moved)?;
            let source = moved.source.as_ref();
            // The payout itself is listed, too. If it tells anything else it is kept.
            let is_payout = moved.kind == "payout" && source.is_some_and(|s| s.id == *payout);
            if is_payout && sums == Sums::new([leaves, 0, leaves], arrives.currency()) {
                continue;
            }
            lines.push(ToldLine {
                external_id: moved.id.to_string(),
                kind: word(&moved.kind),
                category: moved.reporting_category.as_deref().map(word),
                source: source.map(|source| source.id.to_string()),
                attempt: found.get(&place).copied(),
                sums,
                occurred_at: moved.created,
            });
        }
        Ok(ToldPage {
            after: after.map(ToOwned::to_owned),
            lines,
            next: page.next().map(ToString::to_string),
        })
    }
}

/// What a movement of the balance names of ours.
fn names(moved: &BalanceTransaction) -> Named {
    let source = moved.source.as_ref();
    let payment = source.and_then(|source| source.payment_intent.as_ref());
    let attempt = source.and_then(Source::attempt);
    (attempt, payment.map(|link| link.0.to_string()))
}

fn sums(moved: &BalanceTransaction) -> Result<Sums, PayoutError> {
    Ok(Sums {
        gross: money(&moved.amount(), &moved.id)?,
        fee: money(&moved.fee(), &moved.id)?,
        net: money(&moved.net(), &moved.id)?,
    })
}

fn money(seen: &Seen, of: &ObjectId) -> Result<Money, PayoutError> {
    seen.money().ok_or_else(|| PayoutError::Amount(of.clone()))
}

/// What can be kept of a word: Postgres keeps no NUL.
fn word(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(LONGEST).collect()
}
