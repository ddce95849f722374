//! The binary of the console.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked(
        "postbode-console",
        console::Settings::check,
        |settings| settings.kafka.try_here(),
        console::run,
    )
}
