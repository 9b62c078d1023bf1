//! What people ask to be done with lines of statements.

use crate::base::{
    ids::IntentId,
    invalid::{Invalid, read_optional, read_text},
    money::field::{AmountText, BareAmount},
};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::HashSet, ops::RangeInclusive};

/// Most characters of a reason.
const REASON_LONGEST: usize = 200;
/// How many parts a line is split into.
const PARTS: RangeInclusive<usize> = 2..=100;

/// What a person says about a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAction {
    /// It is the money of this payment intent.
    Match {
        /// The intent.
        intent: IntentId,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// It is the money of several, or of one and nobody yet knows what else.
    Split(Vec<LinePart>),
    /// What was said before is not so.
    Unmatch {
        /// Why, in their words.
        reason: String,
    },
    /// It is for no payment, or stays as it is.
    Mark {
        /// Which of these.
        mark: Mark,
        /// Why, in their words.
        reason: Option<String>,
    },
}

impl LineAction {
    /// The payment intents that it names.
    pub fn intents(&self) -> Vec<IntentId> {
        match self {
            Self::Match { intent, .. } => vec![*intent],
            Self::Split(parts) => parts.iter().filter_map(|part| part.intent).collect(),
            Self::Unmatch { .. } | Self::Mark { .. } => Vec::new(),
        }
    }
}

/// A part of a line's money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePart {
    /// How much, in the line's currency.
    pub amount: BareAmount,
    /// The payment intent that it is for, if that is known.
    pub intent: Option<IntentId>,
}

crate::names! {
    /// What a line is marked as.
    pub enum Mark {
        /// It is for no payment: fees, interest, transfers of one's own. Money that came is the
        /// merchant's.
        Unrelated = "unrelated",
        /// Somebody has looked at it, and it stays as it is: its money stays in suspense.
        Reviewed = "reviewed",
    }
}

/// The body of `POST /v1/statement_lines/{id}/match`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchRequest {
    /// The payment intent that the line is the money of.
    payment_intent: IntentId,
    /// Why, in your own words; needed where the payment intent does not wait for just this money. At
    /// most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "the bank kept its fee")]
    reason: Option<String>,
}

impl MatchRequest {
    /// What is asked for, or the field at fault.
    pub fn parse(self) -> Result<LineAction, Invalid> {
        Ok(LineAction::Match {
            intent: self.payment_intent,
            reason: read_optional("/reason", self.reason, REASON_LONGEST)?,
        })
    }
}

/// The body of `POST /v1/statement_lines/{id}/split`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitRequest {
    /// The parts, which sum to what is in suspense of the line.
    #[schema(min_items = 2, max_items = 100)]
    parts: Vec<PartRequest>,
}

/// A part of a line.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StatementLinePart)]
pub struct PartRequest {
    /// How much, in the line's currency.
    #[schema(value_type = AmountText)]
    amount: Value,
    /// The payment intent that it is the money of, which must be for just as much; a part without one
    /// stays in suspense, as a movement of its own.
    #[serde(default)]
    payment_intent: Option<IntentId>,
}

impl SplitRequest {
    /// What is asked for, or the first field at fault.
    pub fn parse(self) -> Result<LineAction, Invalid> {
        if !PARTS.contains(&self.parts.len()) {
            return Err(Invalid::field("/parts", "holds 2 to 100 parts"));
        }
        let mut named = HashSet::new();
        let parts = self.parts.into_iter().enumerate().map(|(at, part)| {
            let intent = part.payment_intent;
            if intent.is_some_and(|intent| !named.insert(intent)) {
                let why = "is named by a part before: each payment intent is paid once";
                return Err(Invalid::field(format!("/parts/{at}/payment_intent"), why));
            }
            let amount = BareAmount::read(&format!("/parts/{at}/amount"), &part.amount)?;
            Ok(LinePart { amount, intent })
        });
        Ok(LineAction::Split(parts.collect::<Result<_, Invalid>>()?))
    }
}

/// The body of `POST /v1/statement_lines/{id}/unmatch`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmatchRequest {
    /// Why, in your own words. At most 200 characters.
    #[schema(min_length = 1, max_length = 200, example = "it was for another order")]
    reason: String,
}

impl UnmatchRequest {
    /// What is asked for, or the field at fault.
    pub fn parse(self) -> Result<LineAction, Invalid> {
        Ok(LineAction::Unmatch {
            reason: read_text("/reason", &self.reason, REASON_LONGEST)?,
        })
    }
}

/// The body of `POST /v1/statement_lines/{id}/mark`.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// `unrelated`: it is for no payment. `reviewed`: it stays as it is.
    #[serde(rename = "as")]
    mark: Mark,
    /// Why, in your own words. At most 200 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "interest of the quarter")]
    reason: Option<String>,
}

impl MarkRequest {
    /// What is asked for, or the field at fault.
    pub fn parse(self) -> Result<LineAction, Invalid> {
        Ok(LineAction::Mark {
            mark: self.mark,
            reason: read_optional("/reason", self.reason, REASON_LONGEST)?,
        })
    }
}
