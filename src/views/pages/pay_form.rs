//! The form of the pay page: what its fields offer, hold and complain about.

use super::order::{FieldFault, SANDBOX_METHODS};
use super::pay::{PayForm, View};
use crate::base::language::{PayerAmountError, texts::fill, typed_amount};
use crate::base::money::{Currency, Money};
use crate::domain::{
    links::Price,
    rails::{DeclineCode, Rail, SandboxMethod},
};

/// The field of an amount that the payer chooses.
pub(super) struct Range {
    pub currency: Currency,
    /// Both bounds, in words.
    pub hint: String,
    /// What the field holds: what was typed before, else what the merchant suggests.
    pub held: String,
}

/// A choice of the sandbox.
pub(super) struct Method {
    pub code: &'static str,
    pub label: &'static str,
    pub chosen: bool,
}

/// A way to pay.
pub(super) struct Way {
    pub code: &'static str,
    pub label: &'static str,
}

/// A choice of tip.
pub(super) struct Tip {
    /// The value to post.
    pub plain: String,
    pub label: String,
    /// Price and tip together, where the price is known.
    pub total: Option<String>,
    pub chosen: bool,
}

/// A field's id and what is wrong with it.
pub(super) struct Fault {
    pub field: &'static str,
    pub text: String,
}

impl View<'_> {
    /// The bounds of an amount that the payer chooses, and what the field suggests.
    pub(super) fn chosen(&self, form: &PayForm) -> Option<Range> {
        match self.order.price {
            Price::Fixed(_) => None,
            Price::Chosen { preset, min, max } => {
                let preset = preset.map(|preset| typed_amount(preset, self.locale));
                Some(Range {
                    currency: min.currency(),
                    hint: fill(
                        &fill(self.t.between, "min", &self.money(min)),
                        "max",
                        &self.money(max),
                    ),
                    held: form.amount.clone().or(preset).unwrap_or_default(),
                })
            }
        }
    }

    pub(super) fn tips(&self, form: &PayForm) -> Vec<Tip> {
        let choices = self.order.tip_choices();
        let posted = form
            .tip
            .as_deref()
            .filter(|posted| choices.iter().any(|choice| choice.to_string() == *posted));
        let zero = Money::zero(self.order.price.currency()).to_string();
        let chosen = posted.unwrap_or(&zero);
        choices.iter().map(|tip| self.tip(*tip, chosen)).collect()
    }

    fn tip(&self, tip: Money, chosen: &str) -> Tip {
        let plain = tip.to_string();
        let total = match &self.order.price {
            Price::Fixed(amount) if tip.minor() > 0 => amount.checked_add(tip).ok(),
            Price::Fixed(_) | Price::Chosen { .. } => None,
        };
        Tip {
            label: if tip.minor() == 0 {
                self.t.no_tip.to_owned()
            } else {
                self.money(tip)
            },
            total: total.map(|total| fill(self.t.in_total, "amount", &self.money(total))),
            chosen: plain == chosen,
            plain,
        }
    }

    /// The way to pay that the form is for.
    fn way(&self, form: &PayForm) -> Option<Rail> {
        let offered = |rail: &Rail| self.order.rails.contains(rail);
        form.way
            .filter(offered)
            .or(self.order.rails.first().copied())
    }

    /// Whether the form is for a transfer that the payer sends.
    pub(super) fn is_push(&self, form: &PayForm) -> bool {
        self.way(form).is_some_and(Rail::is_push)
    }

    /// Whether the form is for a page of the provider's.
    pub(super) fn is_elsewhere(&self, form: &PayForm) -> bool {
        self.way(form).is_some_and(Rail::ends_by_itself)
    }

    /// The other ways to pay.
    pub(super) fn other_ways(&self, form: &PayForm) -> Vec<Way> {
        let shown = self.way(form);
        self.ways(|rail| Some(rail) != shown)
    }

    /// The ways to pay instead of a page of a provider's.
    pub(super) fn ways_instead(&self) -> Vec<Way> {
        self.ways(|rail| !rail.ends_by_itself())
    }

    /// The ways to pay beside a transfer that is waited for.
    pub(super) fn ways_beside_transfer(&self) -> Vec<Way> {
        self.ways(|rail| !rail.is_push())
    }

    fn ways(&self, is_one: impl Fn(Rail) -> bool) -> Vec<Way> {
        let others = self.order.rails.iter().filter(|rail| is_one(**rail));
        let way = |rail: &Rail| Way {
            code: rail.as_str(),
            label: self.way_label(*rail),
        };
        others.map(way).collect()
    }

    fn way_label(&self, rail: Rail) -> &'static str {
        match rail {
            Rail::Sandbox => self.t.test_card,
            Rail::BankTransfer => self.t.bank_transfer,
            Rail::Stripe => self.t.card_or_wallet,
            // No page offers it.
            Rail::X402 => rail.as_str(),
        }
    }

    pub(super) fn methods(&self, form: &PayForm) -> Vec<Method> {
        let posted = form.payment_method.as_deref();
        let method = |method: SandboxMethod| Method {
            code: method.as_str(),
            label: self.label(method),
            chosen: posted == Some(method.as_str()),
        };
        SANDBOX_METHODS.into_iter().map(method).collect()
    }

    fn label(&self, method: SandboxMethod) -> &'static str {
        let t = self.t;
        match method {
            SandboxMethod::Ok => t.method_ok,
            SandboxMethod::Declined => t.method_declined,
            SandboxMethod::InsufficientFunds => t.method_insufficient_funds,
            SandboxMethod::RequiresAction => t.method_requires_action,
            SandboxMethod::Pending => t.method_pending,
            SandboxMethod::Timeout => t.method_timeout,
            SandboxMethod::TimeoutFailed => t.method_timeout_failed,
        }
    }

    /// The button: it names the sum, or leads to where the sum is shown.
    pub(super) fn button(&self, form: &PayForm) -> String {
        match self.order.price {
            Price::Fixed(_) if !self.order.is_chosen() && self.is_push(form) => {
                self.t.transfer_details.to_owned()
            }
            Price::Fixed(amount) if !self.order.is_chosen() => self.press(amount),
            Price::Fixed(_) | Price::Chosen { .. } => self.t.go_on.to_owned(),
        }
    }

    /// The button that pays, or holds, so much.
    pub(super) fn press(&self, amount: Money) -> String {
        let text = if self.order.is_held {
            self.t.hold_amount
        } else {
            self.t.pay_amount
        };
        fill(text, "amount", &self.money(amount))
    }

    /// What became of the payment before, if the rail declined it.
    pub(super) fn decline(&self, form: &PayForm) -> Option<&'static str> {
        Some(match form.decline_code? {
            DeclineCode::InsufficientFunds => self.t.decline_funds,
            DeclineCode::AuthenticationFailed => self.t.decline_authentication,
            // Why a card is suspected is not the page's to say.
            DeclineCode::CardDeclined | DeclineCode::ProcessingError => self.t.decline_generic,
            DeclineCode::NotPaidInTime => self.t.decline_time,
            DeclineCode::WrongAmount => self.t.decline_amount,
        })
    }

    /// The faults of the form, each with the id of the field that it is about.
    pub(super) fn faults(&self, form: &PayForm) -> Vec<Fault> {
        form.faults.iter().map(|fault| self.fault(*fault)).collect()
    }

    pub(super) fn fault_at(&self, form: &PayForm, field: &str) -> Option<String> {
        let mut faults = self.faults(form).into_iter();
        faults
            .find(|fault| fault.field == field)
            .map(|fault| fault.text)
    }

    fn fault(&self, fault: FieldFault) -> Fault {
        let t = self.t;
        let (field, text) = match fault {
            FieldFault::Amount(error) => ("amount", self.amount_fault(error)),
            FieldFault::AmountBelow(min) => {
                ("amount", fill(t.amount_below, "min", &self.money(min)))
            }
            FieldFault::AmountAbove(max) => {
                ("amount", fill(t.amount_above, "max", &self.money(max)))
            }
            FieldFault::TipUnknown => ("tip", t.tip_unknown.to_owned()),
            FieldFault::MethodUnknown => ("payment_method", t.method_unknown.to_owned()),
        };
        Fault { field, text }
    }

    fn amount_fault(&self, error: PayerAmountError) -> String {
        let t = self.t;
        let currency = self.order.price.currency();
        // Four digits before the point show that no separator is wanted there.
        let minor = 10_i64.pow(currency.exponent()).saturating_mul(1250);
        let minor = match self.order.price {
            Price::Fixed(_) => minor,
            Price::Chosen { min, max, .. } => minor.min(max.minor()).max(min.minor()),
        };
        let example = typed_amount(Money::new(minor, currency), self.locale);
        match error {
            PayerAmountError::Missing => t.amount_missing.to_owned(),
            PayerAmountError::Malformed => fill(t.amount_malformed, "example", &example),
            PayerAmountError::TooPrecise => fill(t.amount_too_precise, "example", &example),
            PayerAmountError::TooLarge => t.amount_too_large.to_owned(),
            PayerAmountError::Zero => t.amount_zero.to_owned(),
        }
    }
}
