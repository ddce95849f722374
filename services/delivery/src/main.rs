//! The delivery service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve("postbode-delivery", delivery::run)
}
