//! What can happen: the types of events, for those who cause them and those who deliver them.

crate::names! {
    /// What kind of thing happened: a noun, a dot and what became of it.
    pub enum EventType {
        /// A payment intent was made.
        IntentCreated = "payment_intent.created",
        /// The rail works on it.
        IntentProcessing = "payment_intent.processing",
        /// The payer must do something first.
        IntentRequiresAction = "payment_intent.requires_action",
        /// It can be paid anew: its payer gave up one way to take another.
        IntentRequiresPayment = "payment_intent.requires_payment",
        /// The money is held and can be captured.
        IntentRequiresCapture = "payment_intent.requires_capture",
        /// An attempt was declined; the intent can be paid still.
        IntentPaymentFailed = "payment_intent.payment_failed",
        /// It is paid.
        IntentSucceeded = "payment_intent.succeeded",
        /// It was called off.
        IntentCanceled = "payment_intent.canceled",
        /// Its time ran out.
        IntentExpired = "payment_intent.expired",
        /// A refund was asked for.
        RefundCreated = "refund.created",
        /// The payer has the money back.
        RefundSucceeded = "refund.succeeded",
        /// The rail did not give it back.
        RefundFailed = "refund.failed",
        /// Money came or went that no payment intent waits for.
        MovementUnmatched = "movement.unmatched",
        /// It was decided what such money is.
        MovementResolved = "movement.resolved",
        /// It is known what each line of a statement came to.
        StatementProcessed = "statement.processed",
        /// A payment link was made.
        LinkCreated = "payment_link.created",
        /// It took its last payment.
        LinkCompleted = "payment_link.completed",
        /// Its time ran out.
        LinkExpired = "payment_link.expired",
        /// It was switched off.
        LinkDeactivated = "payment_link.deactivated",
        /// Calls by a rail account fail: it is not offered to payers.
        RailAccountFailing = "rail_account.failing",
        /// They go through again.
        RailAccountRecovered = "rail_account.recovered",
        /// An endpoint is sent nothing until its owner enables it again.
        EndpointDisabled = "callback_endpoint.disabled",
        /// The owner of an endpoint tries it.
        Ping = "ping",
    }
}
