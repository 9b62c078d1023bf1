//! What a rail says of a call.

crate::names! {
    /// Why a rail refused.
    pub enum DeclineCode {
        /// The payer's bank refused and gave no reason.
        CardDeclined = "card_declined",
        /// The payer's account does not hold enough.
        InsufficientFunds = "insufficient_funds",
        /// The payer did not prove who they are.
        AuthenticationFailed = "authentication_failed",
        /// The rail failed, and no money moved.
        ProcessingError = "processing_error",
        /// The rail moved another amount than it was asked to.
        WrongAmount = "wrong_amount",
        /// The payer sent no money in time.
        NotPaidInTime = "not_paid_in_time",
    }
}

impl DeclineCode {
    /// One sentence for the people who build on us.
    pub fn message(self) -> &'static str {
        match self {
            Self::CardDeclined => {
                "The payer's bank declined the payment. Ask the payer to use another payment method."
            }
            Self::InsufficientFunds => {
                "The payer's account does not hold enough money. Ask the payer to use another payment method."
            }
            Self::AuthenticationFailed => {
                "The payer did not complete the authentication. Ask the payer to try again."
            }
            Self::ProcessingError => {
                "The rail could not process the payment and no money moved. Try again."
            }
            Self::WrongAmount => {
                "The rail moved another amount than was asked for. It is kept apart until it is decided on."
            }
            Self::NotPaidInTime => {
                "No money came in time. What comes later is kept apart until it is decided on."
            }
        }
    }
}

/// What a rail says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RailAnswer {
    /// Done. (A charge that is captured by hand is authorized.)
    Succeeded,
    /// Refused, and no money moved.
    Declined(DeclineCode),
    /// Taken on; the outcome comes later.
    Pending,
    /// The payer must do something first.
    RequiresAction,
    /// No answer came, so money may or may not have moved.
    Unknown,
}
