//! Which way money goes.

crate::names! {
    /// Which way money went.
    pub enum Flow {
        /// It came in: from a payer to the rail, or to the account that a statement is about.
        In = "in",
        /// It went out.
        Out = "out",
    }
}
