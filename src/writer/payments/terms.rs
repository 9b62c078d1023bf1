//! On what terms a payer is charged: by which of the merchant's accounts, and what the payer is told.

use crate::{
    base::{actor::Actor, ids::AttemptId, invalid::Invalid, problem::ProblemCode},
    domain::{
        intents::{ChargeTerms, Choice, Intent, IntentError},
        rail_accounts::RailAccount,
        rails::{
            NextAction, Rail,
            stripe::calls::{self, Capture, NewSession},
            x402,
        },
    },
    writer::{Rejection, decider::Decider},
};

impl Decider<'_> {
    /// The terms of a charge, which is to be this attempt, with what the payer chose, if the intent can
    /// be paid with it.
    pub(in crate::writer) fn charge_terms(
        &self,
        intent: &Intent,
        choice: &Choice,
        attempt: AttemptId,
    ) -> Result<ChargeTerms, Rejection> {
        intent.takes(choice.method)?;
        match choice.method.rail() {
            Rail::Sandbox => self.play(choice),
            Rail::BankTransfer => self.by_transfer(intent, choice),
            Rail::Stripe => self.by_stripe(intent, choice, attempt),
            Rail::X402 => self.by_x402(intent, choice),
        }
    }

    fn by_transfer(&self, intent: &Intent, choice: &Choice) -> Result<ChargeTerms, Rejection> {
        let account = self.account_for(intent, choice)?;
        let settings = account.settings.bank_transfer();
        let settings =
            settings.ok_or_else(|| not_usable(format!("{} is no bank account", account.id)))?;
        // The intent's and not the attempt's: a payer who has begun a transfer and comes back is told
        // the same.
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
            request: None,
            expires_at: Some(self.context.now + settings.wait()),
        })
    }

    fn by_stripe(
        &self,
        intent: &Intent,
        choice: &Choice,
        attempt: AttemptId,
    ) -> Result<ChargeTerms, Rejection> {
        let account = self.account_for(intent, choice)?;
        // Stripe goes by everybody's time.
        let (now, outside) = (self.context.now, self.context.outside.now);
        let ends_at = outside + (intent.expires_at() - now);
        let ends_at = calls::session_expiry(outside, ends_at, self.is_kept_short(intent));
        let ends_at = ends_at.ok_or_else(|| {
            not_usable("Stripe takes no payment that must be made within half an hour".to_owned())
        })?;
        let page = self.context.urls.stored_url(&intent.id.to_string());
        let details = &intent.terms.details;
        let label = details.description.as_ref().or(details.reference.as_ref());
        let session = NewSession {
            attempt,
            amount: intent.terms.amount,
            capture: if intent.holds() {
                Capture::ByHand
            } else {
                Capture::AtOnce
            },
            label: label.map_or("Payment", String::as_str),
            expires_at: ends_at,
            success_url: &page,
            cancel_url: &page,
        };
        let request = calls::create_session(&session);
        let request = request.map_err(|error| not_usable(error.to_string()))?;
        Ok(ChargeTerms {
            route: account.route(),
            method: choice.method,
            reference: None,
            next_action: None,
            request: request.body(),
            expires_at: Some(now + (ends_at - outside)),
        })
    }

    /// What was signed was held against an account and an amount before: here they are those that
    /// count.
    fn by_x402(&self, intent: &Intent, choice: &Choice) -> Result<ChargeTerms, Rejection> {
        let Some(signed) = &choice.signed else {
            let detail = "x402 is paid by a program, which sends what it signed to the `pay_url`";
            let (code, param) = (ProblemCode::InvalidPaymentMethod, "/payment_method");
            return Err(Invalid::coded(code, param, detail).into());
        };
        let account = self.account_for(intent, choice)?;
        let amount = intent.terms.amount;
        let terms = account.settings.x402().and_then(|settings| {
            let amount = settings.amount(amount)?.ok()?;
            Some(x402::Terms::new(settings, amount))
        });
        if terms != Some(signed.authorization.terms) {
            return Err(not_usable("what was signed is for something else".to_owned()).into());
        }
        // The chain goes by everybody's time.
        let (now, outside) = (self.context.now, self.context.outside.now);
        let request = signed.to_json();
        Ok(ChargeTerms {
            route: account.route(),
            method: choice.method,
            reference: Some(signed.authorization.reference()),
            next_action: None,
            request: Some(request.map_err(|error| Rejection::Internal(error.to_string()))?),
            expires_at: Some(now + (signed.authorization.valid_before - outside)),
        })
    }

    /// Whether others wait for the place of a payer who goes away: what is begun on a page belongs to
    /// one browser, and through a link others may want to pay.
    fn is_kept_short(&self, intent: &Intent) -> bool {
        self.actor == Actor::Payer || intent.terms.payment_link.is_some()
    }

    /// No payment is played for a live merchant.
    fn play(&self, choice: &Choice) -> Result<ChargeTerms, Rejection> {
        if self.mode()?.is_live() {
            return Err(IntentError::RailNotAvailable(Rail::Sandbox).into());
        }
        if choice.account.is_some() {
            return Err(not_usable("the sandbox has no accounts".to_owned()).into());
        }
        Ok(ChargeTerms::played(choice.method))
    }

    /// The account that was chosen, or the first of those that work which can take the intent's amount.
    fn account_for(&self, intent: &Intent, choice: &Choice) -> Result<&RailAccount, Rejection> {
        let (amount, rail) = (intent.terms.amount, choice.method.rail());
        if let Some(id) = choice.account {
            let account = self.world.rail_accounts.find(&(self.merchant, id))?;
            let account = account.filter(|account| account.route().rail == rail);
            let account =
                account.ok_or_else(|| not_usable(format!("{id} is no account of {rail}")))?;
            // Also one that is failing: who names it wants no other, and it may be back already.
            account
                .takes(amount)
                .map_err(|why| not_usable(why.to_string()))?;
            return Ok(account);
        }
        let fitting = self
            .rail_accounts()
            .filter(|account| account.route().rail == rail && account.takes(amount).is_ok());
        // Of those that work, the one that was there first.
        match fitting.min_by_key(|account| (account.is_failing(), account.id)) {
            Some(account) if account.is_failing() => Err(IntentError::RailFailing(rail).into()),
            Some(account) => Ok(account),
            None => Err(IntentError::RailNotAvailable(rail).into()),
        }
    }
}

fn not_usable(detail: String) -> Invalid {
    Invalid::coded(ProblemCode::InvalidPaymentMethod, "/rail_account", detail)
}
