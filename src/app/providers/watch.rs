//! Watches how calls by the merchants' accounts go, and has it noted when an account begins to fail or
//! works again. Failures are counted in this process alone, and forgotten with it: what all processes
//! must agree on is the account's status, which is written down when it changes and not with each call.

use crate::{
    base::{actor::Actor, ids::RailAccountId},
    domain::{
        rail_accounts::{RailAccount, breaker::Breaker},
        rails::Sign,
    },
    writer::{RailAccountCommand, Submission, Writer},
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use time::OffsetDateTime;

/// The accounts whose calls have failed of late.
pub struct Watch {
    writer: Writer,
    rows: Mutex<HashMap<RailAccountId, Breaker>>,
}

impl Watch {
    /// Nothing has failed yet.
    pub fn new(writer: Writer) -> Self {
        let rows = Mutex::default();
        Self { writer, rows }
    }

    /// Notes what a call said of the account, which is as it was before that.
    pub(super) async fn note(
        &self,
        account: &RailAccount,
        sign: Option<Sign>,
        now: OffsetDateTime,
    ) {
        let (command, news) = match sign {
            Some(Sign::Taken) if account.is_failing() => {
                let command = RailAccountCommand::Check(account.id, None);
                (command, "a failing rail account works again")
            }
            Some(sign) if account.is_active() && self.opens(account.id, sign, now) => {
                let command = RailAccountCommand::Fail(account.id);
                (command, "calls by a rail account fail: it is failing")
            }
            Some(Sign::Taken | Sign::Failed) | None => return,
        };
        tracing::warn!(account = %account.id, "{news}");
        let submission = Submission {
            merchant: account.merchant,
            actor: Actor::Worker("watch"),
            command: command.into(),
            claim: None,
            request_id: String::new(),
            bytes: 0,
        };
        // The next call says the same.
        if let Err(error) = self.writer.submit(submission).await {
            tracing::warn!(account = %account.id, %error, "that is not noted");
        }
    }

    /// Counts, and says whether that makes the account a failing one. Then the count begins anew, for
    /// when it has recovered.
    fn opens(&self, id: RailAccountId, sign: Sign, now: OffsetDateTime) -> bool {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let before = rows.remove(&id);
        if sign == Sign::Taken {
            return false;
        }
        let row = Breaker::after_failure(before, now);
        if !row.is_open() {
            rows.insert(id, row);
        }
        row.is_open()
    }
}
