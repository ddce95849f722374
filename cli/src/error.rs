//! Whose fault an error is: the exit code says it.

use std::process::ExitCode;

/// The command was misused: exit code 2, as for what clap refuses.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

/// An error of usage.
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    UsageError(message.into()).into()
}

/// The command did a part and was told to stop: exit code 3. Said again, it goes on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct StoppedEarly(String);

/// A command that was told to stop before all was done.
pub(crate) fn stopped_early(message: impl Into<String>) -> anyhow::Error {
    StoppedEarly(message.into()).into()
}

/// How an error is told on the terminal.
pub(crate) fn shown(error: &anyhow::Error) -> String {
    if error.is::<StoppedEarly>() { error.to_string() } else { format!("error: {error:#}") }
}

/// What a command's end means for the process.
pub(crate) fn exit_code(result: &anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.chain().any(|cause| cause.is::<UsageError>()) => ExitCode::from(2),
        Err(error) if error.is::<StoppedEarly>() => ExitCode::from(3),
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn misuse_is_told_from_failure_however_deep_it_lies() {
        let code = |result: anyhow::Result<()>| format!("{:?}", exit_code(&result));
        assert_eq!(code(Ok(())), format!("{:?}", ExitCode::from(0)));
        assert_eq!(code(Err(anyhow::anyhow!("no"))), format!("{:?}", ExitCode::from(1)));
        let misuse = Err(usage("no such partition")).context("--offset");
        assert_eq!(code(misuse), format!("{:?}", ExitCode::from(2)));
        assert_eq!(code(Err(stopped_early("enough"))), format!("{:?}", ExitCode::from(3)));
    }
}
