//! The `sandclaw` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandclaw::cli::main()
}
