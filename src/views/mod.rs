//! What people and programs are shown: these modules read and render, and never write.

pub mod exports;
pub mod pages;
pub mod reports;
