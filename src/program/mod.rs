//! What the program's commands share: the service as they run it, the database they work on,
//! signals, how they speak and how they fail.

pub mod database;
mod error;
pub mod keys;
pub mod notes;
pub mod print;
pub mod service;
mod signals;
pub mod socket;

pub use error::ProgramError;
pub use service::Service;
pub use signals::Signals;
