//! What the payer chose, with its sum, before the press that pays it.

use super::order::PayerChoice;

/// What the payer chose, with the form that pays it.
#[derive(Clone, Debug)]
pub struct Review {
    /// Token of the form against forged posts.
    pub csrf: String,
    /// What was chosen.
    pub choice: PayerChoice,
    /// The query of the pay page that holds the same choice, to change it.
    pub query: String,
}
