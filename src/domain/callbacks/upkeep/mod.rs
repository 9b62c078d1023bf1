//! Keeping the outbox in order: what is due to disabled endpoints is held, what is due to deleted
//! ones is canceled, what is old is forgotten.

pub mod store;
