//! The `threadpay` program.

use std::process::ExitCode;

/// A batch makes and drops some ten thousand small things; the system's allocator took a sixth of
/// the service's processor time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    threadpay::cli::main()
}
