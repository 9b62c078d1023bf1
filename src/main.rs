//! The `threadpay` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    threadpay::cli::main()
}
