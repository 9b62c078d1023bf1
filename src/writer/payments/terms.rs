//! On what terms a payer is charged: by which of the merchant's accounts, and what the payer is told.

use crate::{
    base::{invalid::Invalid, problem::ProblemCode},
    domain::{
        intents::{ChargeTerms, Choice, Intent, IntentError},
        rail_accounts::{AccountSettings, RailAccount},
        rails::{NextAction, Rail},
    },
    writer::{Rejection, decider::Decider},
};

impl Decider<'_> {
    /// The terms of a charge with what the payer chose, if the intent can be paid with it.
    pub(in crate::writer) fn charge_terms(
        &self,
        intent: &Intent,
        choice: Choice,
    ) -> Result<ChargeTerms, Rejection> {
        intent.takes(choice.method)?;
        match choice.method.rail() {
            Rail::Sandbox => self.play(choice),
            rail @ Rail::BankTransfer => {
                let account = self.account_for(intent, choice, rail)?;
                let AccountSettings::BankTransfer(settings) = &account.settings;
                // The intent's and not the attempt's: a payer who has begun a transfer and comes back
                // is told the same.
                let reference = settings.reference(intent.id.0);
                let instructions = settings.instructions(intent.terms.amount, &reference);
                let instructions = instructions.map_err(|error| not_usable(error.to_string()))?;
                Ok(ChargeTerms {
                    route: account.route(),
                    method: choice.method,
                    reference: Some(reference.to_string()),
                    next_action: Some(Box::new(NextAction::DisplayBankTransfer {
                        display_bank_transfer: instructions,
                    })),
                    expires_at: Some(self.context.now + settings.wait()),
                })
            }
        }
    }

    /// No payment is played for a live merchant.
    fn play(&self, choice: Choice) -> Result<ChargeTerms, Rejection> {
        if self.mode()?.is_live() {
            return Err(IntentError::RailNotAvailable(Rail::Sandbox).into());
        }
        if choice.account.is_some() {
            return Err(not_usable("the sandbox has no accounts".to_owned()).into());
        }
        Ok(ChargeTerms::played(choice.method))
    }

    /// The account that was chosen, or the first that can take the intent's amount.
    fn account_for(
        &self,
        intent: &Intent,
        choice: Choice,
        rail: Rail,
    ) -> Result<&RailAccount, Rejection> {
        let amount = intent.terms.amount;
        if let Some(id) = choice.account {
            let account = self.world.rail_accounts.find(&(self.merchant, id))?;
            let account = account.filter(|account| account.route().rail == rail);
            let account =
                account.ok_or_else(|| not_usable(format!("{id} is no account of {rail}")))?;
            account
                .takes(amount)
                .map_err(|why| not_usable(why.to_string()))?;
            return Ok(account);
        }
        let fitting = self
            .rail_accounts()
            .filter(|account| account.route().rail == rail && account.takes(amount).is_ok());
        // The one that was there first.
        let first = fitting.min_by_key(|account| account.id);
        first.ok_or_else(|| IntentError::RailNotAvailable(rail).into())
    }
}

fn not_usable(detail: String) -> Invalid {
    Invalid::coded(ProblemCode::InvalidPaymentMethod, "/rail_account", detail)
}
