//! Keeping the outbox in order: what disabled endpoints are owed is held, what deleted ones are
//! owed is canceled, what is old is forgotten.

pub mod store;
