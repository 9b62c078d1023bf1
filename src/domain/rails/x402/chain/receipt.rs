//! What a transaction did, by what the token logged.

use super::{
    super::{Authorization, Bytes32},
    answers::{Answer, parsed, quantity},
    calls::{CANCELED, TRANSFER, USED},
};
use serde_json::Value;

/// A transaction that is in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What it is known by.
    pub transaction: Bytes32,
    /// The number of its block.
    pub block: u64,
    /// Whether it was not reverted.
    pub succeeded: bool,
    /// What contracts logged, in their order.
    pub logs: Vec<Log>,
}

/// One thing that a contract logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// In which transaction.
    pub transaction: Bytes32,
    /// The contract, in small letters.
    address: String,
    /// What happened, and to whom.
    topics: Vec<String>,
    /// How.
    data: String,
}

/// What a transaction did with an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It paid us.
    Paid,
    /// It canceled the authorization, or used its nonce for something else, so that it can never
    /// pay us.
    Spent,
    /// Nothing.
    Nothing,
}

impl Receipt {
    /// What it did with an authorization.
    pub fn use_of(&self, authorization: &Authorization) -> Use {
        if !self.succeeded {
            return Use::Nothing;
        }
        let token = authorization.terms.asset.lower();
        let mut logs = self.logs.iter().filter(|log| log.address == token);
        let (payer, nonce) = (authorization.payer.word(), authorization.nonce.to_string());
        let about = |log: &Log, event: &str| log.says(&[event, &payer, &nonce]);
        // A payer may have signed the same nonce for somebody else, and many payments may be in one
        // transaction: what moved by this nonce is what the token logs next.
        while let Some(log) = logs.next() {
            if about(log, CANCELED) {
                return Use::Spent;
            }
            if about(log, USED) {
                let is_paid = logs.next().is_some_and(|log| log.pays(authorization));
                return if is_paid { Use::Paid } else { Use::Spent };
            }
        }
        Use::Nothing
    }
}

impl Log {
    fn says(&self, topics: &[&str]) -> bool {
        self.topics
            .iter()
            .map(String::as_str)
            .eq(topics.iter().copied())
    }

    fn pays(&self, authorization: &Authorization) -> bool {
        let (payer, to) = (
            authorization.payer.word(),
            authorization.terms.pay_to.word(),
        );
        let is_amount = self.data == authorization.terms.amount.word();
        is_amount && self.says(&[TRANSFER, &payer, &to])
    }
}

impl Answer for Log {
    fn of(result: &Value) -> Option<Self> {
        let small = |value: &Value| value.as_str().map(str::to_lowercase);
        let topics = result.get("topics")?.as_array()?.iter().map(small);
        Some(Self {
            transaction: parsed(result, "transactionHash")?,
            address: small(result.get("address")?)?,
            topics: topics.collect::<Option<_>>()?,
            data: small(result.get("data")?)?,
        })
    }
}

impl Answer for Receipt {
    fn of(result: &Value) -> Option<Self> {
        let status = quantity(result, "status")?;
        Some(Self {
            transaction: parsed(result, "transactionHash")?,
            block: quantity(result, "blockNumber")?,
            succeeded: status == 1,
            logs: Vec::of(result.get("logs")?)?,
        })
    }
}
