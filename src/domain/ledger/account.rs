//! Accounts: what a posting names. An account comes into being with its first posting.

use super::{AccountKind, Family};
use crate::base::{
    ids::RailAccountId,
    money::{Currency, CurrencyError},
};
use std::{borrow::Cow, fmt, str::FromStr};

/// An account of the chart. It prints as its code, such as `rail:sandbox:clearing`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    family: Family,
    code: Cow<'static, str>,
    /// The only currency that it takes, if it is one currency's.
    currency: Option<Currency>,
}

/// The text is not the code of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("is no account's code: use one of {}", patterns())]
    Unknown,
    /// There is no such bank account.
    #[error(transparent)]
    Currency(#[from] CurrencyError),
}

fn patterns() -> String {
    let patterns: Vec<&str> = Family::ALL.iter().map(|family| family.pattern()).collect();
    patterns.join(", ")
}

impl Account {
    /// Money that this rail owes us, by the account with its provider if there is one.
    pub fn rail_clearing(rail: &str, account: Option<RailAccountId>) -> Self {
        let code = match account {
            None => format!("rail:{rail}:clearing"),
            Some(account) => format!("rail:{rail}:{account}:clearing"),
        };
        Self {
            family: Family::RailClearing,
            code: code.into(),
            currency: None,
        }
    }

    /// Money in a bank, in the account that payments are sent to if one is named.
    pub fn bank(currency: Currency, account: Option<RailAccountId>) -> Self {
        let code = match account {
            None => format!("bank:{currency}"),
            Some(account) => format!("bank:{currency}:{account}"),
        };
        Self {
            family: Family::Bank,
            code: code.into(),
            currency: Some(currency),
        }
    }

    /// Money owed to the merchant that the rail has not yet paid us.
    pub const fn merchant_pending() -> Self {
        Self::only(Family::MerchantPending)
    }

    /// Money of which nobody knows yet whose it is.
    pub const fn suspense() -> Self {
        Self::only(Family::Suspense)
    }

    /// The one account of a family whose pattern has no parts.
    const fn only(family: Family) -> Self {
        Self {
            family,
            code: Cow::Borrowed(family.pattern()),
            currency: None,
        }
    }

    /// The family that it is one of.
    pub fn family(&self) -> Family {
        self.family
    }

    /// What the account counts.
    pub fn kind(&self) -> AccountKind {
        self.family.kind()
    }

    /// Whether it can hold money of this currency.
    pub fn takes(&self, currency: Currency) -> bool {
        self.currency.is_none_or(|own| own == currency)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

/// Names of rails are read by their form: which rails there are is not for the books to know, and
/// the next version may have more.
impl FromStr for Account {
    type Err = AccountError;

    fn from_str(code: &str) -> Result<Self, AccountError> {
        for family in Family::ALL {
            for form in family.forms() {
                if let Some(account) = read(*family, &form, code)? {
                    return Ok(account);
                }
            }
        }
        Err(AccountError::Unknown)
    }
}

/// The account, if the code has this form of its family.
fn read(family: Family, form: &str, code: &str) -> Result<Option<Account>, CurrencyError> {
    let mut currency = None;
    let (mut forms, mut parts) = (form.split(':'), code.split(':'));
    loop {
        let fits = match (forms.next(), parts.next()) {
            (None, None) => break,
            (Some("<rail>"), Some(name)) => is_rail(name),
            (Some("<rail_account>"), Some(id)) => id.parse::<RailAccountId>().is_ok(),
            (Some("<currency>"), Some(code)) => {
                currency = Some(code.parse()?);
                true
            }
            (expected, found) => expected == found,
        };
        if !fits {
            return Ok(None);
        }
    }
    let code = Cow::Owned(code.to_owned());
    Ok(Some(Account {
        family,
        code,
        currency,
    }))
}

fn is_rail(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RAIL_ACCOUNT: &str = "ra_01kmz6v7h3e8r9t2x4c5b6n7m8";

    fn code_of(form: &str, rail: &str, currency: &str) -> String {
        form.replace("<rail>", rail)
            .replace("<currency>", currency)
            .replace("<rail_account>", RAIL_ACCOUNT)
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_it_prints(rail in "[a-z][a-z0-9_]{0,31}", currency in "EUR|JPY|KWD|ANG") {
            for family in Family::ALL {
                for form in family.forms() {
                    let code = code_of(&form, &rail, &currency);
                    let account: Account = code.parse().unwrap();
                    prop_assert_eq!(account.family(), *family);
                    prop_assert_eq!(account.to_string(), code);
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(code in ".{0,40}") {
            let _ = code.parse::<Account>();
        }
    }

    #[test]
    fn what_is_of_no_form_is_no_account() {
        let foreign = "pi_01kmz6v7h3e8r9t2x4c5b6n7m8";
        for code in [
            "",
            ":",
            "bank",
            "Suspense",
            "suspense ",
            "suspense:",
            "merchant:",
            "merchant:pending:x",
            "rail:clearing",
            "rail::clearing",
            "rail:Stripe:clearing",
            "rail:1:clearing",
            &format!("rail:{}:clearing", "a".repeat(33)),
            &format!("rail:stripe:{foreign}:clearing"),
            &format!("bank:EUR:{foreign}"),
            "rail:<rail>:clearing",
        ] {
            assert_eq!(
                code.parse::<Account>(),
                Err(AccountError::Unknown),
                "{code}"
            );
        }
        for code in ["bank:XXQ", "bank:eur", "bank:"] {
            let account = code.parse::<Account>();
            assert!(matches!(account, Err(AccountError::Currency(_))), "{code}");
        }
    }

    #[test]
    fn what_payments_post_to_is_of_the_chart() {
        for account in [
            Account::rail_clearing("sandbox", None),
            Account::rail_clearing("stripe", Some(RAIL_ACCOUNT.parse().unwrap())),
            Account::bank("EUR".parse().unwrap(), Some(RAIL_ACCOUNT.parse().unwrap())),
            Account::merchant_pending(),
            Account::suspense(),
        ] {
            let read: Account = account.to_string().parse().unwrap();
            assert_eq!(read, account);
        }
    }

    #[test]
    fn a_bank_account_takes_its_own_currency() {
        let [eur, usd] = ["EUR", "USD"].map(|code| code.parse().unwrap());
        let bank: Account = format!("bank:EUR:{RAIL_ACCOUNT}").parse().unwrap();
        assert!(bank.takes(eur) && !bank.takes(usd));
        assert!(Account::merchant_pending().takes(usd));
    }
}
