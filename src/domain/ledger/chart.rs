//! The chart of accounts: all families of accounts, declared once. The parser and printer of codes,
//! `GET /v1/accounts`, the OpenAPI document and `docs/accounts.md` come from this one table.

use super::AccountKind;

/// Makes the families from one table: the name in the code, the pattern of the codes, what the
/// accounts count, whether they may go below zero, and a sentence for those who read the books.
macro_rules! chart {
    ($($Family:ident = $pattern:literal, $Kind:ident, $negative:literal, $about:literal;)*) => {
        /// A family of accounts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Family {
            $(#[doc = $about] $Family,)*
        }

        impl Family {
            /// The whole chart.
            pub const ALL: &'static [Self] = &[$(Self::$Family,)*];

            /// What its codes look like. `<rail>`, `<currency>` and `<rail_account>` stand for a
            /// name, and what is in brackets may be left out.
            pub const fn pattern(self) -> &'static str {
                match self { $(Self::$Family => $pattern,)* }
            }

            /// What its accounts count.
            pub const fn kind(self) -> AccountKind {
                match self { $(Self::$Family => AccountKind::$Kind,)* }
            }

            /// Whether a balance below zero is nothing odd. The books refuse no balance: what has
            /// happened is booked.
            pub const fn may_be_negative(self) -> bool {
                match self { $(Self::$Family => $negative,)* }
            }

            /// What is on its accounts, as a sentence.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$Family => $about,)* }
            }
        }
    };
}

chart! {
    RailClearing = "rail:<rail>[:<rail_account>]:clearing", Asset, true,
        "Money that the rail has taken from payers and has not yet paid us.";
    Bank = "bank:<currency>[:<rail_account>]", Asset, true,
        "Money of payments in a bank account of this currency; what was there before is not booked.";
    MerchantPending = "merchant:pending", Liability, true,
        "Money owed to the merchant that the rail has not yet paid us.";
    MerchantAvailable = "merchant:available", Liability, true,
        "Money owed to the merchant that can be paid out.";
    MerchantReserve = "merchant:reserve", Liability, false,
        "Money owed to the merchant that is kept back.";
    Tips = "tips", Liability, true,
        "Tips that payers gave on top of the price.";
    RailFees = "fees:rail", Expense, true,
        "What rails take for their work.";
    PlatformFees = "fees:platform", Income, true,
        "What the platform takes for its work.";
    Disputes = "disputes", Asset, false,
        "Money that payers demand back and that is not decided on.";
    PayoutsInTransit = "payouts:in_transit", Liability, false,
        "Money on its way to the merchant's bank.";
    Suspense = "suspense", Liability, true,
        "Money of which nobody knows yet whose it is.";
}

impl Family {
    /// The family with exactly this pattern.
    pub fn of_pattern(pattern: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|family| family.pattern() == pattern)
    }

    /// Its patterns without brackets: with what they hold, and without.
    pub(super) fn forms(self) -> impl Iterator<Item = String> {
        let pattern = self.pattern();
        let whole = pattern.replace(['[', ']'], "");
        let short = pattern
            .split_once('[')
            .and_then(|(head, rest)| Some([head, rest.split_once(']')?.1].concat()));
        short.into_iter().chain([whole])
    }

    /// A regular expression for its codes.
    fn regex(self) -> String {
        [
            ("[", "("),
            ("]", ")?"),
            ("<rail>", "[a-z][a-z0-9_]{0,31}"),
            ("<currency>", "[A-Z]{3}"),
            ("<rail_account>", "ra_[0-7][0-9a-hjkmnp-tv-z]{25}"),
        ]
        .iter()
        .fold(self.pattern().to_owned(), |text, (from, to)| {
            text.replace(from, to)
        })
    }
}

/// The code of an account as callers write it.
#[derive(Clone, Copy, Debug)]
pub struct AccountCode;

impl utoipa::PartialSchema for AccountCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let families: Vec<String> = Family::ALL.iter().map(|family| family.regex()).collect();
        let lines = Family::ALL
            .iter()
            .map(|family| format!("\n- `{}`: {}", family.pattern(), family.about()));
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(format!(
                "The code of an account of the chart.\n{}",
                lines.collect::<String>()
            )))
            .pattern(Some(format!("^({})$", families.join("|"))))
            .examples(["merchant:pending"])
            .into()
    }
}

impl utoipa::ToSchema for AccountCode {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `docs/accounts.md`.
    #[test]
    fn the_docs_hold_the_chart() {
        let rows = Family::ALL.iter().map(|family| {
            let below = if family.may_be_negative() {
                "yes"
            } else {
                "no"
            };
            let (kind, side) = (family.kind(), family.kind().normal_side());
            let (pattern, about) = (family.pattern(), family.about());
            format!("| `{pattern}` | {kind} | {side} | {below} | {about} |\n")
        });
        let table: String = rows.collect();
        let docs = include_str!("../../../docs/accounts.md");
        assert!(
            docs.contains(&table),
            "docs/accounts.md should hold:\n{table}"
        );
    }

    #[test]
    fn a_pattern_has_a_form_with_each_part_and_without() {
        let forms = |family: Family| family.forms().collect::<Vec<_>>();
        let bank = ["bank:<currency>", "bank:<currency>:<rail_account>"];
        assert_eq!(forms(Family::Bank), bank);
        let rail = [
            "rail:<rail>:clearing",
            "rail:<rail>:<rail_account>:clearing",
        ];
        assert_eq!(forms(Family::RailClearing), rail);
        assert_eq!(forms(Family::Tips), ["tips"]);
    }
}
