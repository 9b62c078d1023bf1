//! The `threadpay` program.

fn main() {}
