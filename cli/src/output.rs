//! What people see: colours on a terminal only, progress, and texts of strangers made harmless.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

/// Prints one line on standard output. A broken pipe is the reader's wish, not an error.
pub(crate) fn line(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A text with its control characters written out: what strangers send cannot steer the terminal.
pub(crate) fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() && letter != '\t' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// At most so many characters, with an ellipsis where something was left out.
pub(crate) fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Colours, where standard output is a terminal and nobody objects.
pub(crate) mod style {
    use std::io::IsTerminal as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    static COLOURED: AtomicBool = AtomicBool::new(false);

    /// Decides, once, for the whole run.
    pub(crate) fn decide(wanted: bool) {
        COLOURED.store(wanted && std::io::stdout().is_terminal(), Ordering::Relaxed);
    }

    /// In green.
    pub(crate) fn good(text: &str) -> String {
        painted("32", text)
    }

    /// In red.
    pub(crate) fn bad(text: &str) -> String {
        painted("1;31", text)
    }

    /// In grey.
    pub(crate) fn dim(text: &str) -> String {
        painted("2", text)
    }

    /// In bold.
    pub(crate) fn strong(text: &str) -> String {
        painted("1", text)
    }

    fn painted(code: &str, text: &str) -> String {
        if COLOURED.load(Ordering::Relaxed) { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Rows under headings, as wide as they need to be. The last column may run on.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let laid_out = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| {
            let gap = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(gap))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| laid_out(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(laid_out(headings)).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Progress on standard error: a bar on a terminal, else a plain line every few seconds.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
    last: Instant,
}

/// How often a plain line appears.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Of so many; none when nobody knows.
    pub(crate) fn new(total: Option<u64>, unit: &'static str) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => format!("{{bar:32}} {{human_pos}}/{{human_len}} {unit} {{per_sec}} {{msg}}"),
            None => format!("{{spinner}} {{human_pos}} {unit} {{elapsed}} {{msg}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self { bar, plain, last: Instant::now() }
    }

    /// Without numbers: the text says it all.
    pub(crate) fn line() -> Self {
        let progress = Self::new(None, "");
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            progress.bar.set_style(style);
        }
        progress
    }

    /// So many more are done.
    pub(crate) fn advance(&mut self, by: u64) {
        self.bar.inc(by);
        if !self.is_due() {
            return;
        }
        match self.bar.length() {
            Some(total) => eprintln!("{} of {total}", self.bar.position()),
            None => eprintln!("{} so far", self.bar.position()),
        }
    }

    /// Says what goes on.
    pub(crate) fn say(&mut self, text: &str) {
        self.bar.set_message(text.to_owned());
        self.bar.tick();
        if self.is_due() {
            eprintln!("{text}");
        }
    }

    /// Says something that is to stay.
    pub(crate) fn note(&self, text: &str) {
        if self.plain {
            eprintln!("{text}");
        } else {
            self.bar.suspend(|| eprintln!("{text}"));
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn is_due(&mut self) -> bool {
        let due = self.plain && self.last.elapsed() >= PLAIN_EVERY;
        if due {
            self.last = Instant::now();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(safe("a\x1b[31mb\r\n\u{9b}\tz é"), "a\\u{1b}[31mb\\r\\n\\u{9b}\tz é");
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!((clipped("éééé", 4), clipped("ééééé", 4)), ("éééé".to_owned(), "ééé…".to_owned()));
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["1".to_owned(), "é".to_owned()], ["1000".to_owned(), String::new()]];
        assert_eq!(table(["N", "NAME"], &rows), "N     NAME\n1     é\n1000");
        assert_eq!(table(["N"], &[]), "N");
    }
}
