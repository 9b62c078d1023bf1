//! Test or live: what a merchant is from the day it is made, for ever.

crate::names! {
    /// Whether a merchant's money is real.
    pub enum Mode {
        /// No money moves: the sandbox is there to play with.
        Test = "test",
        /// Real money moves, and there is no sandbox.
        Live = "live",
    }
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Test, Self::Live];

    /// Whether real money moves: the `livemode` of every object and event.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Test => false,
            Self::Live => true,
        }
    }
}
