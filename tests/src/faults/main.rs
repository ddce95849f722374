//! Breaks a running installation in every way we know, and checks by a ledger that it keeps its promises.
//!
//! `make faults` runs everything; `docs/reliability.md` says what it means.
#![expect(clippy::unwrap_used, reason = "a run that cannot go on has failed, and says where")]

mod dice;
mod ledger;
mod list;
mod load;
mod report;
mod run;
mod scripts;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Breaks a running installation, and checks by a ledger that it keeps its promises.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Only these faults, comma-separated
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many seeds each fault is run with
    #[arg(long, default_value_t = 2)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The selection and the times that `make test` has: one seed each, minutes in all
    #[arg(long)]
    short: bool,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// List the faults and end
    #[arg(long)]
    list: bool,
    /// How many runs share the Kafka at once
    #[arg(long, default_value_t = 2)]
    together: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        list::all().iter().for_each(|fault| println!("{:<24}{}", fault.name, fault.what));
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|panic| eprintln!("faults: {panic}")));
    // Receivers and producers have to be prompt while something else waits for a script.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(6).enable_all().build().unwrap();
    let rows = runtime.block_on(async {
        tokio::select! {
            rows = run::all(&options) => rows,
            _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
        }
    });
    // What is left (servers of receivers) is of no interest any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match rows {
        Ok(rows) => report::print(&rows, options.json),
        Err(error) => {
            eprintln!("faults: {error}");
            ExitCode::from(2)
        }
    }
}
