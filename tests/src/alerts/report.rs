//! What a run saw.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// One alert.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) alert: &'static str,
    pub(crate) is_critical: bool,
    pub(crate) what: &'static str,
    /// How long after its cause it fired.
    pub(crate) fired: Option<Duration>,
    /// How long after that was mended it had gone out.
    pub(crate) out: Option<Duration>,
    /// What went wrong with the cause.
    pub(crate) failure: Option<String>,
}

impl Row {
    fn is_good(&self) -> bool {
        self.fired.is_some() && self.out.is_some() && self.failure.is_none()
    }

    fn json(&self) -> Value {
        let seconds = |time: Option<Duration>| time.map(|time| (time.as_secs_f64() * 10.0).round() / 10.0);
        let severity = if self.is_critical { "critical" } else { "warning" };
        json!({"severity": severity, "cause": self.what, "fired_after_s": seconds(self.fired),
               "out_after_s": seconds(self.out), "failure": self.failure})
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    /// What else was not as it should be, each a sentence.
    pub(crate) broken: Vec<String>,
    pub(crate) queries: usize,
    pub(crate) seconds: u64,
}

impl Report {
    /// Prints the table, what is wrong, and with `as_json` one object as the last line.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        println!("\n{:<30} {:<9} {:>14} {:>12}  cause", "alert", "severity", "fires after s", "out after s");
        let shown = |time: Option<Duration>| {
            time.map_or("NEVER".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
        };
        for row in &self.rows {
            let severity = if row.is_critical { "critical" } else { "warning" };
            let (fired, out) = (shown(row.fired), shown(row.out));
            println!("{:<30} {severity:<9} {fired:>14} {out:>12}  {}", row.alert, row.what);
        }
        for row in &self.rows {
            row.failure.iter().for_each(|failure| println!("{}: {failure}", row.alert));
        }
        self.broken.iter().for_each(|broken| println!("BROKEN: {broken}"));
        let good = self.rows.iter().filter(|row| row.is_good()).count();
        let count = self.rows.len();
        println!("{good} of {count} alerts fired and went out, {} queries, {} s", self.queries, self.seconds);
        let kept = good == count && self.broken.is_empty();
        if as_json {
            let alerts: serde_json::Map<_, _> =
                self.rows.iter().map(|row| (row.alert.to_owned(), row.json())).collect();
            let seconds = self.seconds;
            println!(
                "{}",
                json!({"kept": kept, "seconds": seconds, "broken": self.broken, "alerts": alerts})
            );
        }
        if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
