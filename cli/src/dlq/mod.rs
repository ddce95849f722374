//! `postbode dlq`: dead letters over plain Kafka. No service of ours needs to run.
//!
//! `ls` and `show` look; `replay`, `discard` and `restore` are one kind of work ([`work`]) under different rules
//! ([`rules`]). docs/dead-letters.md is the operator's side of it.

mod decided;
mod discard;
mod filter;
mod histogram;
mod letter;
mod lives;
mod ls;
mod pace;
mod post;
mod reader;
mod records;
mod replay;
mod rules;
mod show;
mod survey;
mod tally;
mod topic;
mod turn;
mod values;
mod work;

use clap::{Args, Subcommand};

pub(crate) use ls::newest;

use crate::context::Context;

/// The arguments of `dlq`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct DlqArgs {
    #[command(subcommand)]
    command: DlqCommand,
}

#[derive(Subcommand, Debug)]
enum DlqCommand {
    /// List open dead letters: why, whose, when, after what; and how many of each
    Ls(ls::LsArgs),
    /// Show one dead letter: all headers and bytes, and what became of it
    Show(show::ShowArgs),
    /// Put dead letters back to be delivered anew: same webhook-id, fresh attempts
    #[command(after_help = EXIT_CODES)]
    Replay(replay::ReplayArgs),
    /// Write down that dead letters are not wanted any more: replay then leaves them alone
    #[command(after_help = EXIT_CODES)]
    Discard(discard::DiscardArgs),
    /// Take a discard back: the letters are open again
    #[command(after_help = EXIT_CODES)]
    Restore(discard::RestoreArgs),
}

const EXIT_CODES: &str = "Exit codes: 0 done (what was left alone is listed), 1 failed or failed in part, 2 wrong usage, \
                          3 stopped early.\nAfter 1 and 3, the same command goes on where it was.";

/// The arguments of all commands that deal with letters.
#[derive(Args, Clone, Debug)]
struct ActArgs {
    #[command(flatten)]
    filter: filter::FilterArgs,
    /// Only say how many there are, of what: nothing is written
    #[arg(long)]
    dry_run: bool,
    /// At most so many
    #[arg(long, value_name = "LETTERS", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Who does it: is written down with each letter
    #[arg(long, env = "USER", default_value = "unknown", hide_env_values = true, value_name = "NAME")]
    by: String,
    /// Why: is written down with each letter
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Do not wait for another replay, discard or restore to end: what both come upon at once is done twice
    #[arg(long)]
    concurrent: bool,
}

/// Runs one of them.
pub(crate) async fn run(args: DlqArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        DlqCommand::Ls(args) => ls::run(args, context).await,
        DlqCommand::Show(args) => show::run(args, context).await,
        DlqCommand::Replay(args) => replay::run(args, context).await,
        DlqCommand::Discard(args) => discard::run(args, context).await,
        DlqCommand::Restore(args) => discard::restore(args, context).await,
    }
}
