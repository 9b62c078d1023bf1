//! Transfers that the merchant's bank is told to make, such as refunds: a file by ISO 20022,
//! pain.001.001.09, by the rules of the SEPA credit transfer (EPC132-08, customer to bank).

use super::{Bic, Holder, Iban, Scheme, Settings, xml::Element};
use crate::base::{
    money::{Money, SumError},
    timestamp,
};
use deunicode::deunicode_char;
use std::io;
use time::{Date, OffsetDateTime};

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";
/// Most characters of an id, of a name and of a text in SEPA.
const ID: usize = 35;
const NAME: usize = 70;
const TEXT: usize = 140;

/// A file of transfers from one account, on one day.
#[derive(Clone, Copy, Debug)]
pub struct TransferFile<'a> {
    /// Its name at the bank: 1 to 35 characters, another one for each file, since a bank takes no
    /// name twice.
    pub id: &'a str,
    /// When it was made.
    pub made_at: OffsetDateTime,
    /// On which day the bank is to send the money.
    pub execute_on: Date,
    /// From whose account.
    pub from: &'a Settings,
    /// The transfers: one at least.
    pub transfers: &'a [Transfer<'a>],
}

/// One transfer.
#[derive(Clone, Copy, Debug)]
pub struct Transfer<'a> {
    /// Its name, which the payee reads: 1 to 35 characters.
    pub id: &'a str,
    /// How much, in euros.
    pub amount: Money,
    /// To whom. What is above 70 characters is cut off.
    pub name: &'a str,
    /// To which account.
    pub iban: Iban,
    /// The account's bank, where it is known.
    pub bic: Option<&'a Bic>,
    /// What it is for. What is above 140 characters is cut off.
    pub text: &'a str,
}

/// Why a file of transfers cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The account has no IBAN.
    #[error("the account is not one of SEPA")]
    Scheme,
    /// The account takes payments and makes none.
    #[error("a QR-IBAN takes payments and makes none: name the account's other IBAN")]
    QrIban,
    /// The account's bank must be named, since it is outside of the European Economic Area.
    #[error("the settings of the account lack its BIC")]
    Bic,
    /// There is nothing to transfer.
    #[error("a file holds one transfer at least")]
    Empty,
    /// A transfer is of another currency, or of more or less than SEPA takes.
    #[error("{0} {currency}: SEPA takes 0.01 to 999999999.99 EUR", currency = .0.currency())]
    Amount(Money),
    /// The amounts have no sum.
    #[error("{0}")]
    Sum(#[from] SumError),
    /// The payee's account is of a country that SEPA does not reach.
    #[error("{0} is of a country that SEPA does not reach")]
    Payee(Iban),
    /// An id is too long.
    #[error("{0:?} has more than 35 characters")]
    Long(String),
    /// Nothing of an id or a name is left in the characters that SEPA takes.
    #[error("{0:?} holds no characters that SEPA takes")]
    Characters(String),
    /// The file could not be written.
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl TransferFile<'_> {
    /// The file: XML in UTF-8. Texts are put in the Latin letters that every bank takes
    /// (EPC217-08): `é` is written `e`, `&` is `+`, `_` is `-`.
    pub fn write(&self) -> Result<Vec<u8>, TransferError> {
        let (iban, bank) = self.account()?;
        let (id, name) = (latin_id(self.id)?, latin_name(self.from.name())?);
        let count = self.transfers.len().to_string();
        let sum = self.sum()?.to_string();
        let header = [
            Element::text(&["MsgId"], &id),
            Element::text(&["CreDtTm"], timestamp::format(self.made_at)),
            Element::text(&["NbOfTxs"], &count),
            Element::text(&["CtrlSum"], &sum),
            Element::text(&["InitgPty", "Nm"], &name),
        ];
        let mut payment = vec![
            Element::text(&["PmtInfId"], &id),
            Element::text(&["PmtMtd"], "TRF"),
            Element::text(&["NbOfTxs"], &count),
            Element::text(&["CtrlSum"], &sum),
            Element::text(&["PmtTpInf", "SvcLvl", "Cd"], "SEPA"),
            Element::text(&["ReqdExctnDt", "Dt"], self.execute_on.to_string()),
            Element::text(&["Dbtr", "Nm"], &name),
            Element::text(&["DbtrAcct", "Id", "IBAN"], iban.as_str()),
            bank,
            // Each side pays its own bank, as SEPA has it.
            Element::text(&["ChrgBr"], "SLEV"),
        ];
        for transfer in self.transfers {
            payment.push(transfer.element()?);
        }
        let message = [
            Element::new("GrpHdr", header),
            Element::new("PmtInf", payment),
        ];
        let message = Element::new("CstmrCdtTrfInitn", message);
        let document = Element::new("Document", [message]).with("xmlns", NAMESPACE);
        Ok(document.print()?)
    }

    /// The account that pays, and its bank.
    fn account(&self) -> Result<(&Iban, Element), TransferError> {
        let (iban, bic) = match self.from.holder() {
            Holder::Epc { iban, bic, .. } | Holder::Swiss { iban, bic, .. } => (iban, bic),
            Holder::Pix { .. } => return Err(TransferError::Scheme),
        };
        if iban.is_qr() {
            return Err(TransferError::QrIban);
        }
        let bank = match bic {
            Some(bic) => Element::text(&["DbtrAgt", "FinInstnId", "BICFI"], bic.as_str()),
            None if iban.is_in_eea() => {
                Element::text(&["DbtrAgt", "FinInstnId", "Othr", "Id"], "NOTPROVIDED")
            }
            None => return Err(TransferError::Bic),
        };
        Ok((iban, bank))
    }

    /// The sum of all, each of which SEPA takes.
    fn sum(&self) -> Result<Money, TransferError> {
        let (first, rest) = self.transfers.split_first().ok_or(TransferError::Empty)?;
        rest.iter().try_fold(first.amount()?, |sum, transfer| {
            Ok(sum.checked_add(transfer.amount()?)?)
        })
    }
}

impl Transfer<'_> {
    fn amount(&self) -> Result<Money, TransferError> {
        let (least, most) = Scheme::Epc.limits(self.amount.currency());
        let is_taken = Scheme::Epc.takes(self.amount.currency())
            && (least.minor()..=most.minor()).contains(&self.amount.minor());
        if is_taken {
            Ok(self.amount)
        } else {
            Err(TransferError::Amount(self.amount))
        }
    }

    fn element(&self) -> Result<Element, TransferError> {
        if !self.iban.is_in_sepa() {
            return Err(TransferError::Payee(self.iban));
        }
        let amount = Element::text(&["InstdAmt"], self.amount()?.to_string());
        let mut parts = vec![
            Element::text(&["PmtId", "EndToEndId"], latin_id(self.id)?),
            Element::new("Amt", [amount.with("Ccy", "EUR")]),
        ];
        let bank = |bic: &Bic| Element::text(&["CdtrAgt", "FinInstnId", "BICFI"], bic.as_str());
        parts.extend(self.bic.map(bank));
        parts.extend([
            Element::text(&["Cdtr", "Nm"], latin_name(self.name)?),
            Element::text(&["CdtrAcct", "Id", "IBAN"], self.iban.as_str()),
        ]);
        let text = latin(self.text, TEXT);
        if !text.is_empty() {
            parts.push(Element::text(&["RmtInf", "Ustrd"], text));
        }
        Ok(Element::new("CdtTrfTxInf", parts))
    }
}

/// An id is never cut, so that two stay two.
fn latin_id(id: &str) -> Result<String, TransferError> {
    if id.chars().count() > ID {
        return Err(TransferError::Long(id.to_owned()));
    }
    some(id, latin(id, ID))
}

fn latin_name(name: &str) -> Result<String, TransferError> {
    some(name, latin(name, NAME))
}

fn some(text: &str, written: String) -> Result<String, TransferError> {
    if written.is_empty() {
        return Err(TransferError::Characters(text.to_owned()));
    }
    Ok(written)
}

/// A text in the characters of SEPA's basic set: letters, digits, blanks and `/-?:().,'+`. A stroke
/// must not stand at its ends, nor two in a row.
fn latin(text: &str, longest: usize) -> String {
    let ascii = text.chars().flat_map(|c| match c {
        c if c.is_ascii() => c.to_string().chars().collect::<Vec<_>>(),
        c => deunicode_char(c).unwrap_or_default().chars().collect(),
    });
    let taken = ascii.map(|c| match c {
        '&' => '+',
        '_' => '-',
        c if c.is_ascii_alphanumeric() || " /-?:().,'+".contains(c) => c,
        _ => ' ',
    });
    let taken: String = taken.collect();
    let words: Vec<&str> = taken.split_whitespace().collect();
    let parts = words.join(" ");
    let parts: Vec<&str> = parts.split('/').filter(|part| !part.is_empty()).collect();
    let text: String = parts.join("/").chars().take(longest).collect();
    text.trim_matches([' ', '/']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use time::macros::{date, datetime};

    fn euros(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    fn transfer(minor: i64) -> Transfer<'static> {
        Transfer {
            id: "re_01m810zz1qf30stf80swm6wd6q",
            amount: euros(minor),
            name: "José Núñez & Söhne",
            iban: Iban::parse("FR1420041010050500013M02606").unwrap(),
            bic: None,
            text: "Refund of order_7 <late>",
        }
    }

    fn write(from: &Value, transfers: &[Transfer<'_>]) -> Result<String, TransferError> {
        let file = TransferFile {
            id: "st_01m810zz1qf30stf80swm6wd6q",
            made_at: datetime!(2026-11-22 07:02:11.779 UTC),
            execute_on: date!(2026 - 11 - 23),
            from: &Settings::parse("", from).unwrap(),
            transfers,
        };
        file.write().map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn account() -> Value {
        json!({"scheme": "epc", "name": "Corner Café", "iban": "DE89370400440532013000"})
    }

    #[test]
    fn a_file_says_what_is_sent_to_whom() {
        let file = write(&account(), &[transfer(250), transfer(99)]).unwrap();
        for part in [
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\">",
            "<MsgId>st-01m810zz1qf30stf80swm6wd6q</MsgId>",
            "<CreDtTm>2026-11-22T07:02:11.779Z</CreDtTm><NbOfTxs>2</NbOfTxs><CtrlSum>3.49</CtrlSum>",
            "<ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt><Dbtr><Nm>Corner Cafe</Nm></Dbtr>",
            "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>",
            "<EndToEndId>re-01m810zz1qf30stf80swm6wd6q</EndToEndId>",
            "<InstdAmt Ccy=\"EUR\">2.50</InstdAmt>",
            "<Nm>Jose Nunez + Sohne</Nm>",
            "<Ustrd>Refund of order-7 late</Ustrd>",
        ] {
            assert!(file.contains(part), "{part} is not in {file}");
        }
    }

    #[test]
    fn what_no_bank_would_take_is_not_written() {
        let swiss = |iban: &str| {
            let address = json!({"postcode": "8000", "town": "Zürich", "country": "CH"});
            json!({"scheme": "swiss", "name": "A", "iban": iban, "address": address})
        };
        let pix = json!({"scheme": "pix", "name": "A", "pix_key": "a@b.com", "city": "B"});
        let abroad = Transfer {
            iban: Iban::parse("BR1800360305000010009795493C1").unwrap(),
            ..transfer(1)
        };
        let long = "a".repeat(36);
        let francs = Money::new(1, "CHF".parse().unwrap());
        for (from, transfers, wanted) in [
            (account(), vec![], "one transfer"),
            (account(), vec![transfer(0)], "SEPA takes"),
            (
                account(),
                vec![transfer(1), transfer(100_000_000_000)],
                "SEPA takes",
            ),
            (
                account(),
                vec![Transfer {
                    amount: francs,
                    ..transfer(1)
                }],
                "SEPA takes",
            ),
            (account(), vec![abroad], "does not reach"),
            (
                account(),
                vec![Transfer {
                    id: &long,
                    ..transfer(1)
                }],
                "more than 35",
            ),
            (
                account(),
                vec![Transfer {
                    name: "***",
                    ..transfer(1)
                }],
                "no characters",
            ),
            (swiss("CH9300762011623852957"), vec![transfer(1)], "BIC"),
            (swiss("CH4431999123000889012"), vec![transfer(1)], "QR-IBAN"),
            (pix, vec![transfer(1)], "not one of SEPA"),
        ] {
            let error = write(&from, &transfers).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    proptest! {
        #[test]
        fn texts_hold_only_what_every_bank_takes(text in ".{0,200}") {
            let written = latin(&text, TEXT);
            prop_assert!(written.len() <= TEXT);
            prop_assert!(written.chars().all(|c| c.is_ascii_alphanumeric() || " /-?:().,'+".contains(c)));
            prop_assert!(!written.contains("//") && !written.starts_with('/') && !written.ends_with('/'));
        }
    }
}
