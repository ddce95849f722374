//! The fan-out service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve("postbode-fanout", fanout::run)
}
