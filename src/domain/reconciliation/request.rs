//! What people ask to be done with lines of statements.

use crate::base::{
    ids::IntentId,
    invalid::{Invalid, read_optional, read_text},
};
use serde::Deserialize;

/// Most characters of a reason.
const REASON_LONGEST: usize = 200;

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
    /// The payment intent that it names.
    pub fn intent(&self) -> Option<IntentId> {
        match self {
            Self::Match { intent, .. } => Some(*intent),
            Self::Unmatch { .. } | Self::Mark { .. } => None,
        }
    }
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
