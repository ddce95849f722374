//! The binary of the ingest service.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve_checked("postbode-ingest", ingest::Settings::check, ingest::run)
}
