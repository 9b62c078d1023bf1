//! Which rows the commands of a batch name. Pure, so that the simulation loads by the same rule.

pub use super::world::Needs;

use super::Submission;
use crate::{
    base::{ids::MerchantId, money::Currency},
    domain::{
        intents::{Attempt, Choice, Intent, State, booked_accounts},
        ledger::Account,
        links::Link,
        movements::Movement,
        rails::Route,
    },
};

impl Needs {
    /// What these commands name.
    pub fn of<'a>(batch: impl IntoIterator<Item = &'a Submission>) -> Self {
        let mut needs = Self::default();
        for submission in batch {
            let merchant = submission.merchant;
            if let Some(claim) = &submission.claim {
                needs.keys.push((merchant, claim.key.as_str().to_owned()));
            }
            submission.command.needs(merchant, &mut needs);
        }
        needs
    }

    /// The balances that entries on these accounts change.
    pub fn add_balances(
        &mut self,
        merchant: MerchantId,
        accounts: impl IntoIterator<Item = (Account, Currency)>,
    ) {
        let names = accounts.into_iter();
        let names = names.map(|(account, currency)| (merchant, (account.to_string(), currency)));
        self.balances.extend(names);
    }

    /// What a payer's choice names: all of the merchant's rail accounts, where one of them is asked.
    pub fn add_named_by_choice(&mut self, merchant: MerchantId, choice: &Choice) {
        let needs_account = choice.account.is_some() || choice.method.rail().has_accounts();
        self.rail_accounts.extend(needs_account.then_some(merchant));
    }

    /// What an attempt that a command names does in turn: all that a fact about it may change.
    pub fn add_named_by_attempt(&mut self, attempt: &Attempt) {
        let merchant = attempt.merchant;
        self.intents.push((merchant, attempt.intent));
        self.refunds.extend(attempt.refund.map(|id| (merchant, id)));
        self.attempts
            .extend(attempt.charge.map(|id| (merchant, id)));
        self.movements
            .extend(attempt.movement.map(|id| (merchant, id)));
        let key = attempt.idempotency_key.clone();
        self.keys.extend(key.map(|key| (merchant, key)));
        let currency = attempt.amount.currency();
        self.add_balances(merchant, booked_accounts(attempt.route, currency));
        self.add_balances(merchant, [(Account::suspense(), currency)]);
    }

    /// What a movement that was loaded names in turn: what it is probably for or went to, and the balances that
    /// its resolution moves.
    pub fn add_named_by_movement(&mut self, movement: &Movement) {
        let merchant = movement.merchant;
        let went_to = movement.resolution.as_ref().and_then(|r| r.intent);
        let named = [movement.intent, went_to];
        self.intents
            .extend(named.into_iter().flatten().map(|id| (merchant, id)));
        let currency = movement.amount.currency();
        let accounts = booked_accounts(movement.route, currency);
        self.add_balances(merchant, accounts);
        self.add_balances(merchant, [(Account::suspense(), currency)]);
    }

    /// What an intent that was loaded names in turn: its link, the attempts that it waits for
    /// and was paid by, and
    /// the balances that its money moves.
    pub fn add_named_by_intent(&mut self, intent: &Intent) {
        let (merchant, terms) = (intent.merchant, &intent.terms);
        self.links
            .extend(terms.payment_link.map(|id| (merchant, id)));
        if let State::Processing(id, _) | State::RequiresAction(id) = intent.state {
            self.attempts.push((merchant, id));
        }
        // It says what the payer paid with.
        self.attempts.extend(intent.charge.map(|id| (merchant, id)));
        let currency = terms.amount.currency();
        self.add_balances(merchant, booked_accounts(intent.route, currency));
        // The next charge may be by the sandbox, which answers in the same commit.
        self.add_balances(merchant, booked_accounts(Route::SANDBOX, currency));
    }

    /// What a link that was loaded names in turn: the payment that its next attempt may use again,
    /// and the balances that its payments move by the sandbox.
    pub fn add_named_by_link(&mut self, link: &Link) {
        let unseen = link.unseen.map(|id| (link.merchant, id));
        self.intents.extend(unseen);
        let accounts = booked_accounts(Route::SANDBOX, link.terms.price.currency());
        self.add_balances(link.merchant, accounts);
    }
}
