//! `postbode dlq discard` and `postbode dlq restore`: what is not wanted any more, and what is wanted after all. Kafka keeps
//! the letters until their time is over; both only write down what was decided.

use clap::Args;

use super::ActArgs;
use super::rules::{Act, Rules};
use super::work::{self, Job};
use crate::confirm;
use crate::context::Context;

/// The arguments of `dlq discard`.
#[derive(Args, Debug)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    act: ActArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// The arguments of `dlq restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    act: ActArgs,
}

/// Discards what the filter means.
pub(crate) async fn run(args: DiscardArgs, context: &Context) -> anyhow::Result<()> {
    let ask = !args.yes && !args.act.dry_run;
    confirm::possible(!ask, "discard")?;
    let rules = rules(Act::Discard, &args.act);
    work::perform(Job { args: args.act, rules, rate: None, ask }, context).await
}

/// Takes the discarding back.
pub(crate) async fn restore(args: RestoreArgs, context: &Context) -> anyhow::Result<()> {
    let rules = rules(Act::Restore, &args.act);
    work::perform(Job { args: args.act, rules, rate: None, ask: false }, context).await
}

fn rules(act: Act, args: &ActArgs) -> Rules {
    Rules { act, max: args.max, max_replays: u32::MAX, include_discarded: false, include_copies: true }
}
