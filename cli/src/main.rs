//! The `postbode` binary.

fn main() -> std::process::ExitCode {
    postbode::run()
}
