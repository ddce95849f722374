//! The retry service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve("postbode-retry", retry::run)
}
