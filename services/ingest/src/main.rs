//! The binary of the ingest service.

use std::process::ExitCode;

fn main() -> ExitCode {
    process::serve("postbode-ingest", ingest::run)
}
