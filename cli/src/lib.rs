//! The command line of Postbode: one module a command.

mod accounts;
mod bench;
mod confirm;
mod context;
mod demo;
mod dlq;
mod doctor;
mod error;
mod events;
mod jobs;
mod keys;
pub mod listen;
mod local;
mod output;
mod registry;
mod rest;
mod signals;
mod topics;
mod webhooks;
mod when;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::context::{Context, Globals};

/// Turns a mail platform's events into signed webhooks: tools for those who run it and those who receive.
#[derive(Parser, Debug)]
#[command(name = "postbode", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 stopped early (dlq, backfill)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    globals: Globals,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run everything on this machine and watch events become signed, verified calls
    Demo(demo::DemoArgs),
    /// Make Kafka's topics, and check them
    Topics(topics::TopicsArgs),
    /// Look at configuration, Kafka, rights, clock, DNS and the way out, and say what to do
    Doctor(doctor::DoctorArgs),
    /// Copy accounts, keys and webhooks to a file, and back
    Registry(registry::RegistryArgs),
    /// Bring events to ingest
    Events(events::EventsArgs),
    /// Receive webhooks or pull live events on this machine: check, print and forward them
    Listen(listen::ListenArgs),
    /// Make accounts and their API keys, over the console's API
    Accounts(accounts::AccountsArgs),
    /// Make, verify and manage webhooks, over the console's API
    Webhooks(webhooks::WebhooksArgs),
    /// See what goes on at the console, and cancel it
    Jobs(jobs::JobsArgs),
    /// Read, replay and discard dead letters, over plain Kafka
    Dlq(dlq::DlqArgs),
    /// Make and change the platform's own signing keys, and print their DNS records
    Keys(keys::KeysArgs),
    /// Measure how fast the services are on this machine
    Bench(bench::BenchArgs),
    /// Receive what `bench` sends
    #[command(hide = true)]
    BenchReceiver,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let Cli { command, globals } = Cli::parse();
    output::style::decide(!globals.no_color);
    log_to_stderr(globals.verbose, !globals.no_color);
    let result = runtime().and_then(|runtime| runtime.block_on(perform(command, globals)));
    if let Err(error) = &result {
        eprintln!("{}", error::shown(error));
    }
    error::exit_code(&result)
}

async fn perform(command: Command, globals: Globals) -> anyhow::Result<()> {
    let context = Context::new(globals)?;
    match command {
        Command::Demo(args) => demo::run(args, context).await,
        Command::Topics(args) => topics::run(args, context).await,
        Command::Doctor(args) => doctor::run(args, &context).await,
        Command::Registry(args) => registry::run(args, &context).await,
        Command::Events(args) => events::run(args, &context).await,
        Command::Listen(args) => listen::run(args, &context).await,
        Command::Accounts(args) => accounts::run(args, &context).await,
        Command::Webhooks(args) => webhooks::run(args, &context).await,
        Command::Jobs(args) => jobs::run(args, &context).await,
        Command::Dlq(args) => dlq::run(args, &context).await,
        Command::Keys(args) => keys::run(args, &context).await,
        Command::Bench(args) => bench::run(args, context).await,
        Command::BenchReceiver => bench::receive().await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "postbode", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Silent by default but for errors: a command's own output says what matters, and Kafka's client says much.
fn log_to_stderr(verbose: u8, coloured: bool) {
    let filter = match verbose {
        0 => "error,stream::log=off",
        1 => "info",
        _ => "debug",
    };
    let coloured = coloured && std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(coloured)
        .compact()
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
