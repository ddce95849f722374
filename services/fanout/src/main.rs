//! The fan-out service's binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked(
        "postbode-fanout",
        fanout::Settings::check,
        |settings| settings.kafka.try_here(),
        fanout::run,
    )
}
