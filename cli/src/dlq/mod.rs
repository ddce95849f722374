//! `postbode dlq`: dead letters over plain Kafka. No service of ours needs to run.

mod filter;
mod letter;
mod ls;
mod reader;
mod replay;
mod show;

use clap::{Args, Subcommand};

pub(crate) use ls::newest;

use crate::context::Context;

/// The arguments of `dlq`.
#[derive(Args, Debug)]
pub(crate) struct DlqArgs {
    #[command(subcommand)]
    command: DlqCommand,
}

#[derive(Subcommand, Debug)]
enum DlqCommand {
    /// List dead letters: why, whose, when, after what; and how many of each
    Ls(ls::LsArgs),
    /// Show one dead letter: all headers and bytes
    Show(show::ShowArgs),
    /// Put dead letters back to be delivered anew: same webhook-id, fresh attempts. May be cut short and said again
    Replay(replay::ReplayArgs),
}

/// Runs one of them.
pub(crate) async fn run(args: DlqArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        DlqCommand::Ls(args) => ls::run(args, context).await,
        DlqCommand::Show(args) => show::run(args, context).await,
        DlqCommand::Replay(args) => replay::run(args, context).await,
    }
}
