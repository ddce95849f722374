//! What the demo says.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use process::Secret;
use tokio::time::sleep;

use super::books::{Balance, Books};
use super::services::Addresses;
use crate::context::Context;
use crate::dlq;
use crate::local::Place;
use crate::output::{Progress, line, style};

/// Where the demo's words go: none but the last line where only JSON is wanted.
pub(super) struct Show {
    quiet: bool,
    progress: Mutex<Progress>,
}

/// How often the line of counts is looked after.
const TICK: Duration = Duration::from_millis(200);
/// How many dead letters the summary shows.
const LETTERS: usize = 5;

impl Show {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, progress: Mutex::new(Progress::line()) }
    }

    /// Something begins.
    pub(super) fn step(&self, what: &str) {
        self.note(&format!("{} {what}", style::dim("·")));
    }

    /// Something that is to stay on the screen.
    pub(super) fn note(&self, what: &str) {
        if !self.quiet {
            self.progress.lock().unwrap_or_else(PoisonError::into_inner).note(what);
        }
    }

    /// Shows the counts as they change.
    pub(super) async fn live(&self, books: &Books) -> Infallible {
        loop {
            if !self.quiet {
                self.progress.lock().unwrap_or_else(PoisonError::into_inner).say(&books.balance().line());
            }
            sleep(TICK).await;
        }
    }

    /// Everything runs.
    pub(super) fn started(&self, context: &Context, place: &Place, addresses: &Addresses, key: &Secret) {
        let mut text = String::new();
        for (name, value) in [
            ("console", addresses.console.as_str()),
            ("key", key.expose()),
            ("ingest", addresses.ingest.as_str()),
            ("kafka", context.kafka.bootstrap_servers.as_str()),
            ("topics", &format!("{}*", context.topic_settings.prefix)),
            ("logs", &format!("{}", shortened(&place.work.join("logs")).display())),
        ] {
            let _ = writeln!(text, "  {} {value}", style::strong(&format!("{name:8}")));
        }
        text.push_str("  One of the three webhooks always fails. Its dead letters:\n");
        let _ = write!(text, "    {}\n    {}", ls_line(context), kcat_line(context));
        self.note(&text);
    }

    /// What it came to.
    pub(super) fn summary(&self, balance: &Balance, letters: Option<&str>) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).finish();
        if self.quiet {
            return;
        }
        line("");
        line(totals(balance));
        if let Some(letters) = letters {
            line(format!("\nthe newest dead letters:\n{letters}"));
        }
    }

    /// What is left in Kafka, and where topics are, how to look at the letters in them.
    pub(super) fn leftovers(&self, left: &str, topics: Option<&Context>) {
        if self.quiet {
            return;
        }
        line(format!("\n{left}"));
        if let Some(context) = topics {
            line(format!("\nthen see all dead letters:\n  {}\n  {}", ls_line(context), kcat_line(context)));
        }
    }
}

fn totals(balance: &Balance) -> String {
    let Balance { accepted, matched, delivered, duplicates, dead_lettered, bad_signatures, refused } =
        balance;
    let verdict = if balance.is_good() {
        style::good("the books balance")
    } else {
        style::bad(&format!("the books do not balance: {} lost", balance.open()))
    };
    format!(
        "{accepted} events made {matched} deliveries: {delivered} delivered, {dead_lettered} dead letters; {verdict}\n\
         {refused} calls to the failing endpoint, {duplicates} duplicates, {bad_signatures} bad signatures"
    )
}

/// The command that lists the dead letters.
fn ls_line(context: &Context) -> String {
    let binary = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("postbode"));
    format!(
        "{} dlq ls --bootstrap-servers {} --topic-prefix {}",
        shortened(&binary).display(),
        context.kafka.bootstrap_servers,
        context.topic_settings.prefix
    )
}

/// The same without any of our tools.
fn kcat_line(context: &Context) -> String {
    format!(
        "kcat -C -e -b {} -t {}dead-letters.deliveries -f '%T %k %h\\n%s\\n'",
        context.kafka.bootstrap_servers, context.topic_settings.prefix
    )
}

/// As seen from here, where that is shorter.
fn shortened(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_owned()
}

/// A table of the newest dead letters; none if there are none, or they can't be read: then others have said why.
pub(super) async fn newest_letters(context: &Context) -> Option<String> {
    dlq::newest(context, LETTERS).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_totals_say_whether_the_books_balance() {
        let good = Balance { accepted: 2, matched: 3, delivered: 2, dead_lettered: 1, ..Balance::default() };
        assert!(
            totals(&good)
                .contains("2 events made 3 deliveries: 2 delivered, 1 dead letters; the books balance")
        );
        let bad = Balance { delivered: 1, ..good };
        assert!(totals(&bad).contains("do not balance: 1 lost"));
    }
}
