//! What a payer is told: where to send how much under which reference, in words and as a code.

use super::{Holder, Reference, Scheme, Settings, br_code, epc, qr_bill};
use crate::base::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How to pay by bank transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instructions {
    /// The scheme.
    pub scheme: Scheme,
    /// Whose account it is.
    pub name: String,
    /// The account: an IBAN, or a Pix key.
    pub account: String,
    /// What the payer gives with the transfer; without it nobody knows what it is for.
    pub reference: String,
    /// What to pay, in major units.
    #[schema(format = "decimal", example = "12.50")]
    pub amount: String,
    /// In which currency.
    #[schema(format = "currency", example = "EUR")]
    pub currency: String,
    /// The text of the scheme's QR code, which banks' apps read.
    pub payload: String,
}

/// Why a payment cannot be asked for at an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPayable {
    /// The scheme does not move this currency.
    #[error("the scheme {0} takes {currencies}", currencies = .0.currencies().join(" and "))]
    Currency(Scheme),
    /// The scheme does not move so little or so much.
    #[error("the scheme {scheme} takes {least} to {most} {currency}", currency = .most.currency())]
    Amount {
        /// The scheme.
        scheme: Scheme,
        /// The least that it takes.
        least: Money,
        /// The most that it takes.
        most: Money,
    },
    /// The account takes no references of this form.
    #[error("the account takes no references of the form of {0}")]
    Reference(Reference),
}

impl Settings {
    /// Whether an amount can be asked for.
    pub fn check(&self, amount: Money) -> Result<(), NotPayable> {
        let scheme = self.scheme();
        if !scheme.takes(amount.currency()) {
            return Err(NotPayable::Currency(scheme));
        }
        let (least, most) = scheme.limits(amount.currency());
        if (least.minor()..=most.minor()).contains(&amount.minor()) {
            Ok(())
        } else {
            Err(NotPayable::Amount {
                scheme,
                least,
                most,
            })
        }
    }

    /// The text of the scheme's QR code for a payment. Print it with error correction M, as all
    /// three schemes ask.
    pub fn payload(&self, amount: Money, reference: &Reference) -> Result<String, NotPayable> {
        self.check(amount)?;
        if reference.kind() != self.reference_kind() {
            return Err(NotPayable::Reference(reference.clone()));
        }
        Ok(match self.holder() {
            Holder::Epc { name, iban, bic } => {
                epc::payload((name, iban, bic.as_ref()), amount, reference)
            }
            Holder::Swiss {
                name,
                iban,
                address,
                ..
            } => qr_bill::payload((name, iban, address), amount, reference),
            Holder::Pix { name, key, city } => {
                br_code::payload((name, key, city), amount, reference)
            }
        })
    }

    /// What a payer is told.
    pub fn instructions(
        &self,
        amount: Money,
        reference: &Reference,
    ) -> Result<Instructions, NotPayable> {
        Ok(Instructions {
            scheme: self.scheme(),
            name: self.name().to_owned(),
            account: self.account(),
            reference: reference.to_string(),
            amount: amount.to_string(),
            currency: amount.currency().to_string(),
            payload: self.payload(amount, reference)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn settings(value: &Value) -> Settings {
        Settings::parse("", value).unwrap()
    }

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency.parse().unwrap()).unwrap()
    }

    #[test]
    fn writes_the_code_of_sepa() {
        let account =
            json!({"scheme": "epc", "name": "Rotes Kreuz", "iban": "AT611904300234573201"});
        let reference = Reference::parse("RF18539007547034").unwrap();
        let payload = settings(&account).payload(money("12.50", "EUR"), &reference);
        let wanted =
            "BCD\n002\n1\nSCT\n\nRotes Kreuz\nAT611904300234573201\nEUR12.50\n\nRF18539007547034";
        assert_eq!(payload.unwrap(), wanted);
    }

    #[test]
    fn writes_the_code_of_a_qr_bill() {
        let account = json!({
            "scheme": "swiss", "name": "Robert Schneider AG", "iban": "CH4431999123000889012",
            "address": {
                "street": "Rue du Lac", "building": "1268", "postcode": "2501", "town": "Biel",
                "country": "CH",
            },
        });
        let reference = Reference::parse("210000000003139471430009017").unwrap();
        let payload = settings(&account).payload(money("1949.75", "CHF"), &reference);
        let wanted = "SPC\n0200\n1\nCH4431999123000889012\nS\nRobert Schneider AG\nRue du Lac\n1268\n2501\nBiel\nCH\n\n\n\n\n\n\n\n1949.75\nCHF\n\n\n\n\n\n\n\nQRR\n210000000003139471430009017\n\nEPD";
        assert_eq!(payload.unwrap(), wanted);
    }

    #[test]
    fn writes_a_br_code() {
        let account = json!({
            "scheme": "pix", "name": "Fulano de Tal", "city": "BRASILIA",
            "pix_key": "123e4567-e12b-12d1-a456-426655440000",
        });
        let reference = Reference::parse("RF18539007547034").unwrap();
        let payload = settings(&account).payload(money("10.00", "BRL"), &reference);
        let wanted = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000520400005303986540510.005802BR5913Fulano de Tal6008BRASILIA62200516RF185390075470346304";
        assert_eq!(payload.unwrap().strip_suffix("47B0"), Some(wanted));
    }

    #[test]
    fn refuses_what_the_scheme_does_not_move() {
        let account = json!({"scheme": "epc", "name": "A", "iban": "DE89370400440532013000"});
        let account = settings(&account);
        let reference = account.reference(Uuid::from_u128(1));
        let ask = |amount, currency| account.instructions(money(amount, currency), &reference);
        for (amount, currency, right) in [
            ("0.01", "EUR", true),
            ("999999999.99", "EUR", true),
            ("0.00", "EUR", false),
            ("1000000000.00", "EUR", false),
            ("1.00", "CHF", false),
        ] {
            assert_eq!(ask(amount, currency).is_ok(), right, "{amount} {currency}");
        }
        let told = ask("0.00", "EUR").unwrap_err().to_string();
        assert_eq!(told, "the scheme epc takes 0.01 to 999999999.99 EUR");
        let told = ask("1.00", "CHF").unwrap_err().to_string();
        assert_eq!(told, "the scheme epc takes EUR");
        let qr = Reference::parse("210000000003139471430009017").unwrap();
        let refused = account.payload(money("1.00", "EUR"), &qr);
        assert_eq!(refused, Err(NotPayable::Reference(qr)));
    }
}
