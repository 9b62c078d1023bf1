//! Words and tools that everything stands on: money, ids, time, cryptography, the database.

pub mod actor;
pub mod ambient;
pub mod columns;
pub mod crypto;
pub mod db;
pub mod event_type;
pub mod flow;
pub mod ids;
pub mod invalid;
pub mod language;
pub mod mode;
pub mod money;
pub mod names;
pub mod net;
pub mod patch;
pub mod problem;
pub mod quota;
pub mod timestamp;
pub mod unknown;
