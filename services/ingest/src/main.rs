//! The binary of the ingest service.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked(
        "postbode-ingest",
        ingest::Settings::check,
        |settings| settings.kafka.try_here(),
        ingest::run,
    )
}
