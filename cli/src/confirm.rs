//! Asks before something is done that people do by mistake.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;

use crate::error::usage;
use crate::signals::Interrupts;

/// Whether there is somebody to ask. If not, `--yes` must have been said.
///
/// # Errors
/// Says so.
pub(crate) fn possible(yes: bool, what: &str) -> anyhow::Result<()> {
    if yes || (std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(());
    }
    Err(usage(format!(
        "{what} needs a yes, and there is no terminal to ask on: say --yes, or --dry-run to look"
    )))
}

/// Asks on the terminal. Anything but yes is a no, and so is an interrupt.
pub(crate) async fn agreed(question: &str, interrupts: &mut Interrupts) -> anyhow::Result<bool> {
    eprint!("{question} [y/N] ");
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread that nobody waits for: it may read for ever.
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        let _ = tell.send(read.map(|_| answer));
    });
    let answer = tokio::select! {
        answer = told => answer.context("nobody answered")?.context("standard input cannot be read")?,
        () = interrupts.next() => {
            eprintln!();
            return Ok(false);
        }
    };
    Ok(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("no\n") && !is_yes("yess"));
    }
}
