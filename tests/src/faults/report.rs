//! What the runs of a fault add up to.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// One fault, over its runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) runs: usize,
    /// Deliveries owed: accepted events times the webhooks that want them.
    pub(crate) accepted: usize,
    pub(crate) delivered: usize,
    pub(crate) duplicates: usize,
    pub(crate) dead_lettered: usize,
    pub(crate) lost: usize,
    /// All that lies in the dead letters, also what was delivered all the same.
    pub(crate) dead_letters: usize,
    pub(crate) max_stall: Duration,
    /// Broken promises, each a sentence.
    pub(crate) broken: Vec<String>,
    pub(crate) remarks: Vec<String>,
    /// Where the logs of runs that broke one lie.
    pub(crate) logs: Vec<String>,
}

impl Row {
    /// A run that could not be finished.
    pub(crate) fn failed(fault: &str, why: String) -> Self {
        Self { fault: fault.to_owned(), runs: 1, broken: vec![why], ..Self::default() }
    }

    /// Adds another run of the same fault.
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.duplicates += other.duplicates;
        self.dead_lettered += other.dead_lettered;
        self.lost += other.lost;
        self.dead_letters += other.dead_letters;
        self.max_stall = self.max_stall.max(other.max_stall);
        self.broken.extend(other.broken);
        self.remarks.extend(other.remarks);
        self.logs.extend(other.logs);
    }

    /// The sums, in words.
    pub(crate) fn sentence(&self) -> String {
        let Self { accepted, delivered, duplicates, dead_lettered, lost, .. } = self;
        let stall = self.stall_s();
        format!(
            "{delivered} of {accepted} delivered, {duplicates} twice, {dead_lettered} dead, {lost} lost, \
             stalled for {stall} s"
        )
    }

    fn stall_s(&self) -> f64 {
        (self.max_stall.as_secs_f64() * 10.0).round() / 10.0
    }

    fn json(&self) -> Value {
        json!({
            "runs": self.runs,
            "accepted": self.accepted,
            "delivered": self.delivered,
            "duplicates": self.duplicates,
            "dead_lettered": self.dead_lettered,
            "lost": self.lost,
            "max_stall_s": self.stall_s(),
            "kept": self.broken.is_empty(),
            "broken": self.broken,
            "remarks": self.remarks,
            "logs": self.logs,
        })
    }
}

/// Prints the table, what is broken, and with `as_json` one object as the last line.
pub(crate) fn print(rows: &[Row], as_json: bool) -> ExitCode {
    println!(
        "\n{:<22} {:>4} {:>8} {:>9} {:>10} {:>13} {:>4} {:>11}",
        "fault", "runs", "accepted", "delivered", "duplicates", "dead_lettered", "lost", "max_stall_s"
    );
    for row in rows {
        let Row { fault, runs, accepted, delivered, duplicates, dead_lettered, lost, .. } = row;
        let (stall, mark) = (row.stall_s(), if row.broken.is_empty() { "" } else { "  BROKEN" });
        println!(
            "{fault:<22} {runs:>4} {accepted:>8} {delivered:>9} {duplicates:>10} {dead_lettered:>13} {lost:>4} \
             {stall:>11.1}{mark}"
        );
    }
    for row in rows {
        row.remarks.iter().for_each(|remark| println!("{}: {remark}", row.fault));
        row.broken.iter().for_each(|broken| println!("{}: BROKEN: {broken}", row.fault));
        row.logs.iter().for_each(|logs| println!("{}: logs in {logs}", row.fault));
    }
    let kept = rows.iter().all(|row| row.broken.is_empty());
    if as_json {
        let faults: serde_json::Map<_, _> = rows.iter().map(|row| (row.fault.clone(), row.json())).collect();
        println!("{}", json!({"kept": kept, "faults": faults}));
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
