//! The `threadpay` program.

fn main() -> std::process::ExitCode {
    threadpay::cli::main()
}
