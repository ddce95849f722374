//! Makes every alert fire in a running installation, and go out again.
//!
//! `make alerts` runs a real Prometheus with the chart's own rules, in which time is shortened, on a real Kafka and the built
//! services, and causes for each alert what it is about. Meanwhile it asks every query of the dashboards.
//! `docs/runbooks/README.md` says what it has seen.
#![expect(clippy::unwrap_used, reason = "a run that cannot go on has failed, and says where")]

mod causes;
mod load;
mod panels;
mod prometheus;
mod report;
mod rules;
mod run;
mod stage;
mod thread;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Makes every alert fire in a running installation, and go out again.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Only what these alerts are about, comma-separated
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// How many times shorter the rules' times are
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    factor: u64,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
    /// List the alerts and what is done for each, and end
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let rules = match rules::Rules::read(options.factor) {
        Ok(rules) => rules,
        Err(error) => return refused(&error),
    };
    let causes = match causes::chosen(&rules, &options.only) {
        Ok(causes) => causes,
        Err(error) => return refused(&error),
    };
    if options.list {
        for cause in &causes {
            cause.alerts.iter().for_each(|alert| println!("{alert:<30}{}", cause.what));
        }
        return ExitCode::SUCCESS;
    }
    std::panic::set_hook(Box::new(|panic| eprintln!("alerts: {panic}")));
    // Receivers and producers have to be prompt while something else waits for a script.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(6).enable_all().build().unwrap();
    let report = runtime.block_on(async {
        tokio::select! {
            report = run::all(&rules, &causes, options.only.is_empty()) => Ok(report),
            _ = tokio::signal::ctrl_c() => Err("interrupted"),
        }
    });
    // What is left (servers of receivers) is of no interest any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match report {
        Ok(report) => report.print(options.json),
        Err(error) => refused(error),
    }
}

fn refused(why: &str) -> ExitCode {
    eprintln!("alerts: {why}");
    ExitCode::from(2)
}
