//! The `sandclaw` program.

use std::process::ExitCode;

/// What one thread allocates (a request's worker, the store's writer) another one frees, which glibc's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sandclaw::cli::main()
}
