//! `postbode dlq replay`: puts dead letters back, each under its own name and with fresh attempts.

use clap::Args;

use super::ActArgs;
use super::rules::{Act, Rules};
use super::work::{self, Job};
use crate::context::Context;

/// The arguments of `dlq replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    act: ActArgs,
    /// At most so many a second
    #[arg(long, value_name = "PER SECOND", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    /// Leave alone what was replayed so often before: it would go round in circles
    #[arg(long, value_name = "TIMES", default_value_t = 10)]
    max_replays: u32,
    /// Replay what was discarded too
    #[arg(long)]
    include_discarded: bool,
    /// Send letters of one delivery that died once, but lies there twice, as often as they lie there
    #[arg(long)]
    include_copies: bool,
}

/// Replays what the filter means.
pub(crate) async fn run(args: ReplayArgs, context: &Context) -> anyhow::Result<()> {
    let rules = Rules {
        act: Act::Replay,
        max: args.act.max,
        max_replays: args.max_replays,
        include_discarded: args.include_discarded,
        include_copies: args.include_copies,
    };
    work::perform(Job { args: args.act, rules, rate: args.rate, ask: false }, context).await
}
