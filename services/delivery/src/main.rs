//! The delivery service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked(
        "postbode-delivery",
        delivery::Settings::check,
        |settings| settings.kafka.try_here(),
        delivery::run,
    )
}
