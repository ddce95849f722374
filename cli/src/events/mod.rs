//! `postbode events`: brings events to ingest.

mod batch;
mod import;
mod input;
mod send;
mod sender;

use clap::{Args, Subcommand};

use crate::context::Context;

pub(crate) use batch::Batch;
pub(crate) use sender::Sender;

/// The arguments of `events`.
#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Subcommand, Debug)]
enum EventsCommand {
    /// Send events with SMTPeter's flat fields to ingest: a JSON array, or one JSON object a line
    Send(send::SendArgs),
    /// Bring SMTPeter's log files, or what its REST API answered, to ingest
    Import(import::ImportArgs),
}

/// Runs one of them.
pub(crate) async fn run(args: EventsArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        EventsCommand::Send(args) => send::run(args, context).await,
        EventsCommand::Import(args) => import::run(args, context).await,
    }
}
