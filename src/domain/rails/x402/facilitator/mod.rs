//! Facilitators bring authorizations to the chain and pay its fees. They hold no money, but what
//! they say is only what they say: the chain is asked, too, where a node is known.

mod answers;
mod calls;
#[cfg(test)]
mod tests;

pub use answers::{
    Kind, Presentation, Refusal, Settled, Settlement, Verdict, Why, read_settlement,
    read_supported, read_verdict,
};
pub use calls::{presented, settle, supported, verify};
