//! What is to be paid, and what the payer answered on the form.

use crate::base::language::{Locale, PayerAmountError, parse_payer_amount};
use crate::base::money::Money;
use crate::domain::rails::{PaymentMethod, Rail, SandboxMethod};
use crate::domain::{intents::LineItem, links::Price};
use time::OffsetDateTime;

/// What a link or an intent asks for, as the payer should see it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who is paid.
    pub merchant: String,
    /// What for.
    pub description: Option<String>,
    /// The merchant's own number for it.
    pub reference: Option<String>,
    /// What is bought; may be empty.
    pub items: Vec<LineItem>,
    /// How much.
    pub price: Price,
    /// Tips to choose from, in the order to show them; empty for no choice. "No tip" is always
    /// offered, whether zero is listed or not.
    pub tips: Vec<Money>,
    /// The money is only held at first, and taken later.
    pub is_held: bool,
    /// After this it cannot be paid.
    pub expires_at: Option<OffsetDateTime>,
    /// No real money moves, and the payer chooses the outcome.
    pub test_mode: bool,
    /// The rails by which it can be paid, the one to offer first in front.
    pub rails: Vec<Rail>,
}

/// The fields of the pay form as they were posted, unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PostedForm<'a> {
    /// `amount`, as typed.
    pub amount: Option<&'a str>,
    /// `tip`, a plain decimal such as `1.00`.
    pub tip: Option<&'a str>,
    /// `payment_method`, such as `pm_sandbox_ok`.
    pub payment_method: Option<&'a str>,
}

/// What the payer decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayerChoice {
    /// The amount without the tip.
    pub amount: Money,
    /// The tip, zero for none.
    pub tip: Money,
    /// Amount and tip together: what is charged.
    pub total: Money,
    /// One that the page offers.
    pub payment_method: PaymentMethod,
}

/// What is wrong with one field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldFault {
    /// The amount cannot be read.
    Amount(PayerAmountError),
    /// The amount is below the least.
    AmountBelow(Money),
    /// The amount is above the most.
    AmountAbove(Money),
    /// The tip is none of those offered.
    TipUnknown,
    /// The payment method is none of those offered.
    MethodUnknown,
}

/// Payment methods of the sandbox rail that the page offers, the usual one first.
pub const SANDBOX_METHODS: [SandboxMethod; 7] = [
    SandboxMethod::Ok,
    SandboxMethod::Declined,
    SandboxMethod::InsufficientFunds,
    SandboxMethod::RequiresAction,
    SandboxMethod::Pending,
    SandboxMethod::Timeout,
    SandboxMethod::TimeoutFailed,
];

impl Order {
    /// Reads what the payer posted, or says everything that is wrong with it at once.
    pub fn read(
        &self,
        posted: PostedForm<'_>,
        locale: Locale,
    ) -> Result<PayerChoice, Vec<FieldFault>> {
        let typed = posted.amount.unwrap_or_default();
        let amount = read_amount(self.price, typed, locale);
        let tip = self.read_tip(posted.tip);
        let method = read_method(posted.payment_method);
        if let (Ok(amount), Ok(tip), Ok(payment_method)) = (amount, tip, method) {
            let too_large = |_| vec![FieldFault::Amount(PayerAmountError::TooLarge)];
            return Ok(PayerChoice {
                amount,
                tip,
                total: amount.checked_add(tip).map_err(too_large)?,
                payment_method,
            });
        }
        let faults = [amount.err(), tip.err(), method.err()];
        Err(faults.into_iter().flatten().collect())
    }

    /// Whether the payer chooses something that changes the sum, so that it is shown before the
    /// press that pays.
    pub fn is_chosen(&self) -> bool {
        match self.price {
            Price::Fixed(_) => !self.tips.is_empty(),
            Price::Chosen { .. } => true,
        }
    }

    /// The tips to show: "no tip" first, then the others as the merchant listed them.
    pub(super) fn tip_choices(&self) -> Vec<Money> {
        let others = self.tips.iter().copied().filter(|tip| tip.minor() > 0);
        if self.tips.is_empty() {
            Vec::new()
        } else {
            std::iter::once(Money::zero(self.price.currency()))
                .chain(others)
                .collect()
        }
    }

    fn read_tip(&self, posted: Option<&str>) -> Result<Money, FieldFault> {
        let currency = self.price.currency();
        // A field that is empty says as much as one that is missing.
        let Some(text) = posted.filter(|text| !text.is_empty()) else {
            return Ok(Money::zero(currency));
        };
        Money::parse(text, currency)
            .ok()
            .filter(|tip| tip.minor() == 0 || self.tips.contains(tip))
            .ok_or(FieldFault::TipUnknown)
    }
}

/// Reads a method that pages offer. Whether this one does is not asked here: a form that was sent
/// before must be read as it was then.
fn read_method(posted: Option<&str>) -> Result<PaymentMethod, FieldFault> {
    let played = SANDBOX_METHODS.map(PaymentMethod::Sandbox);
    let mut all = played
        .into_iter()
        .chain([PaymentMethod::BankTransfer, PaymentMethod::Stripe]);
    all.find(|method| posted == Some(method.to_string().as_str()))
        .ok_or(FieldFault::MethodUnknown)
}

fn read_amount(price: Price, typed: &str, locale: Locale) -> Result<Money, FieldFault> {
    match price {
        Price::Fixed(amount) => Ok(amount),
        Price::Chosen { min, max, .. } => {
            let amount =
                parse_payer_amount(typed, price.currency(), locale).map_err(FieldFault::Amount)?;
            if amount.minor() < min.minor() {
                Err(FieldFault::AmountBelow(min))
            } else if amount.minor() > max.minor() {
                Err(FieldFault::AmountAbove(max))
            } else {
                Ok(amount)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::language::Language;

    fn eur(text: &str) -> Money {
        Money::parse(text, "EUR".parse().unwrap()).unwrap()
    }

    fn order(price: Price, tips: &[&str]) -> Order {
        Order {
            merchant: "Café Nord".to_owned(),
            description: None,
            reference: None,
            items: Vec::new(),
            price,
            tips: tips.iter().map(|tip| eur(tip)).collect(),
            is_held: false,
            expires_at: None,
            test_mode: true,
            rails: vec![Rail::Sandbox],
        }
    }

    fn posted<'a>(amount: &'a str, tip: &'a str) -> PostedForm<'a> {
        let present = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        PostedForm {
            amount: present(amount),
            tip: present(tip),
            payment_method: Some("pm_sandbox_ok"),
        }
    }

    #[test]
    fn a_fixed_price_is_not_up_to_the_payer() {
        let order = order(Price::Fixed(eur("12.50")), &["0.00", "1.00"]);
        let choice = order
            .read(posted("0,01", "1.00"), Language::De.into())
            .unwrap();
        assert_eq!((choice.amount, choice.total), (eur("12.50"), eur("13.50")));
        let empty = PostedForm {
            tip: Some(""),
            ..posted("", "")
        };
        for untipped in [posted("", ""), posted("", "0.00"), empty] {
            let tip = order.read(untipped, Language::De.into()).unwrap().tip;
            assert_eq!(tip, eur("0.00"));
        }
        assert_eq!(
            order.read(posted("", "3.00"), Language::De.into()),
            Err(vec![FieldFault::TipUnknown])
        );
    }

    #[test]
    fn a_chosen_amount_keeps_its_bounds() {
        let price = Price::Chosen {
            preset: Some(eur("10.00")),
            min: eur("1.00"),
            max: eur("100.00"),
        };
        let order = order(price, &[]);
        let read = |typed| order.read(posted(typed, ""), Language::De.into());
        assert_eq!(read("7,5").unwrap().total, eur("7.50"));
        assert_eq!(read("100").unwrap().total, eur("100.00"));
        assert_eq!(
            read("0,99"),
            Err(vec![FieldFault::AmountBelow(eur("1.00"))])
        );
        assert_eq!(
            read("100,01"),
            Err(vec![FieldFault::AmountAbove(eur("100.00"))])
        );
        assert_eq!(
            read(""),
            Err(vec![FieldFault::Amount(PayerAmountError::Missing)])
        );
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let price = Price::Chosen {
            preset: None,
            min: eur("1.00"),
            max: eur("100.00"),
        };
        let form = PostedForm {
            amount: Some("1.000"),
            tip: Some("x"),
            payment_method: None,
        };
        assert_eq!(
            order(price, &[]).read(form, Language::De.into()),
            Err(vec![
                FieldFault::Amount(PayerAmountError::Malformed),
                FieldFault::TipUnknown,
                FieldFault::MethodUnknown,
            ])
        );
    }
}
