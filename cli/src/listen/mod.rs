//! `postbode listen`: a receiver for one's own desk. It checks signatures, prints what comes in, passes it on to a local
//! application, and fails on demand. Without a public URL it pulls an account's live events instead.

mod answer;
mod forward;
mod live;
mod parcel;
mod platform;
mod print;
mod proof;
mod receive;
pub mod verifier;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use self::answer::Failure;
use self::forward::Forward;
use self::live::LiveArgs;
use self::platform::PlatformArgs;
use crate::context::Context;

/// The arguments of `listen`.
#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT", conflicts_with = "LiveArgs")]
    addr: SocketAddr,
    /// Secret to check signatures with (whsec_…); twice during a rotation. Without one they are not checked. With live
    /// events, what they are signed with instead
    #[arg(long, env = "POSTBODE_LISTEN_SECRET", hide_env_values = true, value_name = "SECRET")]
    secret: Vec<String>,
    #[command(flatten)]
    platform: PlatformArgs,
    /// Pass calls on to this URL of a local application, and answer with its answer. Without a path, calls keep theirs
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// How long the local application may take
    #[arg(long, value_parser = domain::duration::parse, default_value = "30s", value_name = "DURATION", requires = "forward")]
    forward_timeout: Duration,
    /// Answer with this status instead: each time (503), or the first so many times (503:3)
    #[arg(long, value_name = "STATUS[:TIMES]", conflicts_with = "LiveArgs")]
    fail: Option<Failure>,
    /// Wait so long before answering
    #[arg(long, value_parser = domain::duration::parse, value_name = "DURATION", conflicts_with = "LiveArgs")]
    delay: Option<Duration>,
    /// Verification files to serve, in any folder, under their own names
    #[arg(long, num_args = 1.., value_name = "FILE", conflicts_with = "LiveArgs")]
    verification: Vec<PathBuf>,
    /// End after so many calls that were answered with success, or so many live events
    #[arg(long, value_name = "CALLS")]
    until: Option<u64>,
    #[command(flatten)]
    live: Option<LiveArgs>,
}

/// Listens until it is interrupted, or has seen enough.
pub(crate) async fn run(args: ListenArgs, context: &Context) -> anyhow::Result<()> {
    let forward = args.forward.as_deref().map(|url| Forward::new(url, args.forward_timeout)).transpose()?;
    match &args.live {
        Some(asked) => live::run(asked, &args.secret, forward, args.until, context).await,
        None => receive::run(&args, forward, context).await,
    }
}
