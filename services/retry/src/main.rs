//! The retry service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked(
        "postbode-retry",
        retry::Settings::check,
        |settings| settings.kafka.try_here(),
        retry::run,
    )
}
