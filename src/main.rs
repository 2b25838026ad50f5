//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_covenant::cli::run(std::env::args_os())
}
