//! `postbode events`: brings events to ingest.

mod batch;
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
}

/// Runs one of them.
pub(crate) async fn run(args: EventsArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        EventsCommand::Send(args) => send::run(args, context).await,
    }
}
