//! `postbode doctor`: looks at everything an installation stands on, and says what to do about what is not well.
//!
//! Nothing is written anywhere. Each part looks by itself, side by side with the others and within a time; [`finding`] says
//! what a finding is and how it is shown. What only makes sense once Kafka answers comes behind that.

mod api;
mod brokers;
mod clock;
mod configuration;
mod finding;
mod groups;
mod health;
mod outside;
mod rights;
mod topics;

use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

use crate::context::Context;
use finding::{Finding, show};

/// The arguments of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 0 nothing failed, 1 something did, 2 wrong usage or configuration.\n\
                        It writes nothing. Give it a service's configuration (--config, POSTBODE__…) to look with that service's eyes.")]
pub(crate) struct DoctorArgs {
    /// Look as this service: its configuration as a whole, and the rights that it needs
    #[arg(long, value_name = "SERVICE")]
    service: Option<ServiceName>,
    /// Where a service tells of itself, http://HOST:9090 (its http.listen); may be said for several
    #[arg(long, value_name = "URL")]
    health: Vec<Url>,
    /// An endpoint to reach as delivery would, with OPTIONS: by the resolver, the address policy and section outbound
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How long each check may take, in seconds
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ServiceName {
    Ingest,
    Fanout,
    Delivery,
    Retry,
    Console,
}

impl ServiceName {
    fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Fanout => "fanout",
            Self::Delivery => "delivery",
            Self::Retry => "retry",
            Self::Console => "console",
        }
    }
}

/// What every check needs.
struct Round<'a> {
    context: &'a Context,
    service: Option<ServiceName>,
    patience: Duration,
}

/// Looks at everything.
pub(crate) async fn run(args: DoctorArgs, context: &Context) -> anyhow::Result<()> {
    let patience = Duration::from_secs(args.timeout);
    let round = Round { context, service: args.service, patience };
    let (configuration, kafka, (apis, near), health, (outside, far)) = tokio::join!(
        configuration::look(&round),
        kafka(&round),
        api::look(&round),
        health::look(&round, &args.health),
        outside::look(&round, args.url.as_deref()),
    );
    let findings: Vec<Finding> =
        [configuration, kafka, apis, health, outside, vec![clock::judge(near.or(far))]]
            .into_iter()
            .flatten()
            .collect();
    let failed = show(&findings, context.json);
    anyhow::ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
    Ok(())
}

/// The brokers, and what can be asked of them.
async fn kafka(round: &Round<'_>) -> Vec<Finding> {
    let (mut findings, nodes) = brokers::bootstrap(round).await;
    if nodes.is_empty() {
        let rest = ["kafka nodes", "topics", "rights", "groups"];
        findings.extend(rest.map(|name| Finding::unchecked(name, "no broker answers")));
        return findings;
    }
    let (nodes, topics, rights, groups) = tokio::join!(
        brokers::nodes(round, nodes),
        topics::look(round),
        rights::look(round),
        groups::look(round)
    );
    findings.extend([nodes, topics, rights, groups].into_iter().flatten());
    findings
}
