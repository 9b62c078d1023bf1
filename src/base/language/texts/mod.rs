//! What we say to payers. One [`Texts`] a language, so that a text missing in one does not compile.
//!
//! Places such as `{merchant}` are filled by [`fill`]; a test holds that every language has the
//! same places.

mod de;
mod en;
mod es;
mod fr;
mod ja;
mod pt;

pub use de::DE;
pub use en::EN;
pub use es::ES;
pub use fr::FR;
pub use ja::JA;
pub use pt::PT;

/// Every text in one language.
#[derive(Debug)]
pub struct Texts {
    /// The tag of BCP 47 for `lang` attributes.
    pub tag: &'static str,
    /// Names of the months as they stand in a date.
    pub months: [&'static str; 12],
    /// A time; `{day}`, `{month}`, `{year}`, `{time}`.
    pub moment: &'static str,
    /// The first day of a month in a date.
    pub first_day: &'static str,
    /// Heading of the pay page; `{merchant}`.
    pub pay_to: &'static str,
    /// Marks pages on which no real money moves.
    pub test_mode: &'static str,
    /// What the mark means.
    pub test_note: &'static str,
    /// Label of an amount.
    pub amount: &'static str,
    /// Label of the amount that the payer chooses.
    pub you_choose: &'static str,
    /// Hint: both ends; `{min}`, `{max}`.
    pub between: &'static str,
    /// Hint: `{min}` only.
    pub at_least: &'static str,
    /// Hint: `{max}` only.
    pub at_most: &'static str,
    /// Caption of what is bought.
    pub items: &'static str,
    /// Column of what is bought.
    pub item: &'static str,
    /// One item's price, after its quantity; `{amount}`.
    pub each: &'static str,
    /// Heading of the tip choices, and label of a tip.
    pub tip: &'static str,
    /// The choice of no tip.
    pub no_tip: &'static str,
    /// What it comes to with a tip; `{amount}`.
    pub in_total: &'static str,
    /// Label of a sum.
    pub total: &'static str,
    /// Label of the merchant's own number.
    pub reference: &'static str,
    /// Label of the time after which it cannot be paid.
    pub payable_until: &'static str,
    /// Label of the choice of outcome.
    pub test_card: &'static str,
    /// What the choice does.
    pub test_card_hint: &'static str,
    /// Outcome.
    pub method_ok: &'static str,
    /// Outcome.
    pub method_declined: &'static str,
    /// Outcome.
    pub method_insufficient_funds: &'static str,
    /// Outcome.
    pub method_requires_action: &'static str,
    /// Outcome.
    pub method_pending: &'static str,
    /// Outcome.
    pub method_timeout: &'static str,
    /// Outcome.
    pub method_timeout_failed: &'static str,
    /// The button, where the sum is not known yet.
    pub pay: &'static str,
    /// The button; `{amount}`.
    pub pay_amount: &'static str,
    /// The button that leads to where the sum is shown.
    pub go_on: &'static str,
    /// The button, where money is only held at first; `{amount}`.
    pub hold_amount: &'static str,
    /// Heading over what was chosen, before it is paid.
    pub review: &'static str,
    /// Leads back to the choice.
    pub change: &'static str,
    /// Opens the QR code.
    pub other_device: &'static str,
    /// Says what the QR code is.
    pub qr_code: &'static str,
    /// Heading of the list of errors.
    pub check_entries: &'static str,
    /// Error.
    pub amount_missing: &'static str,
    /// Error; `{example}`.
    pub amount_malformed: &'static str,
    /// Error; `{example}`.
    pub amount_too_precise: &'static str,
    /// Error.
    pub amount_too_large: &'static str,
    /// Error.
    pub amount_zero: &'static str,
    /// Error; `{min}`.
    pub amount_below: &'static str,
    /// Error; `{max}`.
    pub amount_above: &'static str,
    /// Error.
    pub tip_unknown: &'static str,
    /// Error.
    pub method_unknown: &'static str,
    /// Heading over a decline.
    pub declined: &'static str,
    /// Any other decline.
    pub decline_generic: &'static str,
    /// Decline: not enough money.
    pub decline_funds: &'static str,
    /// Decline: the payer did not confirm.
    pub decline_authentication: &'static str,
    /// A way to pay: a transfer from the payer's bank.
    pub bank_transfer: &'static str,
    /// What that way means.
    pub bank_transfer_hint: &'static str,
    /// A way to pay: on a page of Stripe's.
    pub card_or_wallet: &'static str,
    /// What that way means.
    pub card_or_wallet_hint: &'static str,
    /// The button that leads to account and reference.
    pub transfer_details: &'static str,
    /// What stands above links to other ways.
    pub other_ways: &'static str,
    /// Heading of the page that says how to transfer.
    pub transfer: &'static str,
    /// What must not be forgotten. `{merchant}`.
    pub transfer_note: &'static str,
    /// Label of the account holder's name.
    pub transfer_name: &'static str,
    /// Label of an IBAN.
    pub transfer_iban: &'static str,
    /// Label of a Pix key.
    pub transfer_pix_key: &'static str,
    /// Label of what the payer gives with the transfer.
    pub transfer_reference: &'static str,
    /// What the picture is.
    pub transfer_code: &'static str,
    /// What to do with it.
    pub transfer_scan: &'static str,
    /// The button that copies.
    pub copy: &'static str,
    /// What it says then.
    pub copied: &'static str,
    /// No transfer came.
    pub decline_time: &'static str,
    /// Another amount came.
    pub decline_amount: &'static str,
    /// Heading while the outcome is open.
    pub processing: &'static str,
    /// What to do then.
    pub processing_note: &'static str,
    /// Loads the page again.
    pub check_again: &'static str,
    /// Heading while another payer's payment is under way.
    pub somebody_paying: &'static str,
    /// What that means for the reader.
    pub somebody_paying_note: &'static str,
    /// Heading where the payer must confirm.
    pub action: &'static str,
    /// What the two buttons stand for.
    pub action_note: &'static str,
    /// Button.
    pub action_succeed: &'static str,
    /// Button.
    pub action_fail: &'static str,
    /// Heading where the payer pays on a page of the provider's.
    pub elsewhere: &'static str,
    /// What that means.
    pub elsewhere_note: &'static str,
    /// The button that leads there.
    pub elsewhere_button: &'static str,
    /// Above the buttons that take another way instead, and what that does.
    pub another_way: &'static str,
    /// Heading: reserved, not yet taken.
    pub authorized: &'static str,
    /// What that means; `{merchant}`.
    pub authorized_note: &'static str,
    /// Heading.
    pub paid: &'static str,
    /// Thanks; `{merchant}`.
    pub paid_note: &'static str,
    /// All was paid back; `{merchant}`.
    pub refunded_note: &'static str,
    /// A part was paid back; `{merchant}`.
    pub partly_refunded_note: &'static str,
    /// Link.
    pub view_receipt: &'static str,
    /// Heading.
    pub expired: &'static str,
    /// What to do; `{merchant}`.
    pub expired_note: &'static str,
    /// Heading.
    pub used: &'static str,
    /// What to do; `{merchant}`.
    pub used_note: &'static str,
    /// Heading.
    pub inactive: &'static str,
    /// What to do; `{merchant}`.
    pub inactive_note: &'static str,
    /// Heading.
    pub for_programs: &'static str,
    /// What to do; `{merchant}`.
    pub for_programs_note: &'static str,
    /// Heading.
    pub canceled: &'static str,
    /// What to do; `{merchant}`.
    pub canceled_note: &'static str,
    /// Heading.
    pub not_found: &'static str,
    /// What to do.
    pub not_found_note: &'static str,
    /// Heading: the form could not be trusted or read.
    pub stale_form: &'static str,
    /// What to do.
    pub stale_form_note: &'static str,
    /// Heading: too many attempts were declined.
    pub too_many_declines: &'static str,
    /// What to do.
    pub too_many_declines_note: &'static str,
    /// Heading: too much to do.
    pub busy: &'static str,
    /// What to do.
    pub busy_note: &'static str,
    /// Heading: our fault.
    pub broken: &'static str,
    /// What to do.
    pub broken_note: &'static str,
    /// Link to the pay page.
    pub back: &'static str,
    /// Name of the receipt.
    pub receipt: &'static str,
    /// Heading of the receipt; `{merchant}`.
    pub receipt_from: &'static str,
    /// Label.
    pub status: &'static str,
    /// Status.
    pub status_paid: &'static str,
    /// Status.
    pub status_authorized: &'static str,
    /// Status.
    pub status_refunded: &'static str,
    /// Status.
    pub status_partly_refunded: &'static str,
    /// Label of what was paid back.
    pub refunded: &'static str,
    /// Label of the time of payment.
    pub date: &'static str,
    /// Label of the intent's id.
    pub payment_id: &'static str,
    /// Link.
    pub signed_copy: &'static str,
    /// What it is for.
    pub signed_copy_note: &'static str,
    /// Foot of every page.
    pub powered_by: &'static str,
}

/// Puts `value` in the place `{name}` of a text.
pub fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

/// The text before and after `{merchant}`, so that a page can set the name apart in `<bdi>`.
pub fn around_merchant(text: &str) -> (&str, &str) {
    text.split_once("{merchant}").unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use crate::base::language::Language;

    /// The places of each text, in order of the fields.
    fn places(language: Language) -> Vec<Vec<String>> {
        let fields = format!("{:#?}", language.texts());
        let lines = fields.lines().filter(|line| line.starts_with("    "));
        lines
            .map(|line| {
                let parts = line.split('{').skip(1);
                let mut names: Vec<String> = parts
                    .filter_map(|part| Some(part.split_once('}')?.0.to_owned()))
                    .collect();
                names.sort();
                names
            })
            .collect()
    }

    #[test]
    fn every_language_has_the_same_places() {
        let english = places(Language::En);
        assert!(english.len() > 80);
        for language in Language::ALL {
            assert_eq!(places(*language), english, "{language:?}");
        }
    }

    #[test]
    fn no_text_is_empty() {
        for language in Language::ALL {
            let texts = format!("{:?}", language.texts());
            assert!(!texts.contains("\"\""), "{language:?}");
        }
    }
}
