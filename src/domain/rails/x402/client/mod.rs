//! Sends requests to an account's facilitator and node, and reads what comes back.

#[cfg(test)]
mod tests;

use super::{
    Authorization, Bytes32, Doubt, Settings,
    chain::{self, Answer, Block, Deep, Log, Receipt, Sight, Standing, Use, decide},
    facilitator::{
        self, Kind, Presentation, Settlement, Verdict, read_settlement, read_supported,
        read_verdict,
    },
    request::{Method, Request},
};
use crate::base::net::{Asking, Outbound, WholeResponse};
use crate::domain::rails::{Heard, Sign};
use std::time::Duration;

/// How long one exchange may take. Facilitators answer `/settle` when a block holds it.
pub const DEADLINE: Duration = Duration::from_secs(12);
/// How long a payer waits for what a payment comes to: after that a worker finds out.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How many bytes one exchange may bring: a receipt of many payments is some hundred kilobytes.
pub const EXCHANGE_BYTES: usize = 2 * 1024 * 1024;

/// Calls for one account. The client is to be made with [`EXCHANGE_BYTES`] and [`DEADLINE`].
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The way out.
    pub outbound: &'a Outbound,
    /// The account.
    pub settings: &'a Settings,
    /// Where a node of its chain speaks JSON-RPC, if the merchant names one.
    pub node: Option<&'a str>,
    /// Hears what the answers say of the account.
    pub heard: &'a Heard,
}

/// What is known of where a payment may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The last block before it was presented: [`Client::head`]'s number then.
    pub since: u64,
    /// The transaction that somebody named, if anybody did.
    pub transaction: Option<Bytes32>,
}

/// Why an account cannot be paid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// The facilitator takes no such payments.
    #[error("the facilitator takes no payments of the scheme exact on this network")]
    Unsupported,
    /// The node is of another chain.
    #[error("the node is of the chain eip155:{0}")]
    Chain(u64),
    /// The token counts otherwise.
    #[error("the token does not have so many decimals")]
    Decimals,
    /// Nobody knows.
    #[error("{0}")]
    Unknown(#[from] Doubt),
}

impl Client<'_> {
    /// Whether the facilitator would take what is presented. It moves nothing.
    pub async fn verify(&self, authorization: &Authorization, presented: &str) -> Verdict {
        let request = facilitator::verify(self.settings, presented);
        match self.send(&request).await {
            Ok(answer) => read_verdict((answer.status, answer.body.as_deref()), authorization),
            Err(doubt) => Verdict::Unknown(doubt),
        }
    }

    /// Presents a payment once. What is unknown is to be looked up, or presented again as it is:
    /// never replaced by another one.
    pub async fn settle(
        &self,
        authorization: &Authorization,
        presented: &str,
        presentation: Presentation,
    ) -> Settlement {
        let request = facilitator::settle(self.settings, presented);
        match self.send(&request).await {
            Ok(answer) => {
                let answer = (answer.status, answer.body.as_deref());
                read_settlement(answer, authorization, presentation)
            }
            Err(doubt) => Settlement::Unknown {
                doubt,
                transaction: None,
            },
        }
    }

    /// Which payments the facilitator takes.
    pub async fn supported(&self) -> Result<Vec<Kind>, Doubt> {
        let answer = self.send(&facilitator::supported(self.settings)).await?;
        read_supported((answer.status, answer.body.as_deref()))
    }

    /// Whether the account can be paid, as far as its facilitator, its node and its token say.
    pub async fn check_account(&self) -> Result<(), AccountFault> {
        let kinds = self.supported().await?;
        if !kinds.iter().any(|kind| kind.is_ours(self.settings.network)) {
            return Err(AccountFault::Unsupported);
        }
        let Some(url) = self.node else {
            return Ok(());
        };
        let chain: u64 = self.ask(&chain::chain_id(url)).await?;
        if chain != self.settings.network.chain_id() {
            return Err(AccountFault::Chain(chain));
        }
        let word: [u8; 32] = self
            .ask(&chain::decimals(url, &self.settings.asset))
            .await?;
        let [zeros @ .., decimals] = word;
        if zeros != [0; 31] || decimals != self.settings.decimals {
            return Err(AccountFault::Decimals);
        }
        Ok(())
    }

    /// The last block of the chain; none if the account names no node.
    pub async fn head(&self) -> Result<Option<Block>, Doubt> {
        match self.node {
            Some(url) => self.ask(&chain::latest_block(url)).await.map(Some),
            None => Ok(None),
        }
    }

    /// What became of a payment; none if the account names no node. A doubt says nothing of it.
    pub async fn look_up(
        &self,
        authorization: &Authorization,
        trail: &Trail,
    ) -> Result<Option<Standing>, Doubt> {
        let Some(url) = self.node else {
            return Ok(None);
        };
        let chain: u64 = self.ask(&chain::chain_id(url)).await?;
        if chain != self.settings.network.chain_id() {
            return Err(Doubt::Foreign);
        }
        let deep = self.deep(url, authorization).await?;
        let mut receipt = match &trail.transaction {
            Some(transaction) => self.receipt(url, transaction).await?,
            None => None,
        };
        let is_found = receipt
            .as_ref()
            .is_some_and(|receipt| is_use(receipt, authorization));
        if !is_found {
            // A reorganization may have put it into an earlier block than it was in first.
            let since = trail
                .since
                .saturating_sub(self.settings.confirmations.into());
            let uses = chain::uses(url, authorization, since);
            let uses: Vec<Log> = self.ask(&uses).await?;
            if let Some(log) = uses.first() {
                receipt = self.receipt(url, &log.transaction).await?;
            }
        }
        Ok(Some(decide(authorization, &Sight { deep, receipt })))
    }

    /// The block that is as deep as the account wants, and whether a payment was used by then.
    async fn deep(&self, url: &str, authorization: &Authorization) -> Result<Option<Deep>, Doubt> {
        let head: Block = self.ask(&chain::latest_block(url)).await?;
        let below = u64::from(self.settings.confirmations).saturating_sub(1);
        let Some(number) = head.number.checked_sub(below) else {
            return Ok(None);
        };
        let block: Block = self.ask(&chain::block(url, number)).await?;
        if block.number != number {
            return Err(Doubt::Foreign);
        }
        let state = chain::authorization_state(url, authorization, &block.hash);
        Ok(Some(Deep {
            number,
            time: block.time,
            used: self.ask(&state).await?,
        }))
    }

    async fn receipt(&self, url: &str, of: &Bytes32) -> Result<Option<Receipt>, Doubt> {
        let receipt: Option<Receipt> = self.ask(&chain::receipt(url, of)).await?;
        match receipt {
            Some(receipt) if receipt.transaction != *of => Err(Doubt::Foreign),
            receipt => Ok(receipt),
        }
    }

    async fn ask<T: Answer>(&self, request: &Request) -> Result<T, Doubt> {
        let answer = self.send(request).await?;
        chain::read((answer.status, answer.body.as_deref()))
    }

    async fn send(&self, request: &Request) -> Result<WholeResponse, Doubt> {
        let (headers, asking) = match (request.method, &request.body) {
            (Method::Post, Some(body)) => {
                let json = vec![("content-type", "application/json")];
                (json, Asking::Post(body.clone().into()))
            }
            (Method::Get, _) | (Method::Post, None) => (Vec::new(), Asking::Get),
        };
        let answer = self.outbound.exchange(&request.url, &headers, asking).await;
        let works = answer.as_ref().is_ok_and(|answer| answer.status < 500);
        self.heard
            .hear(Some(if works { Sign::Taken } else { Sign::Failed }));
        answer.map_err(Doubt::NoAnswer)
    }
}

fn is_use(receipt: &Receipt, authorization: &Authorization) -> bool {
    match receipt.use_of(authorization) {
        Use::Paid | Use::Spent => true,
        Use::Nothing => false,
    }
}
