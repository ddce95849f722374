//! Every fault: what is done, to what, and how much waiting and repeating it may cost.

use std::time::Duration;

use futures::future::BoxFuture;
use harness::Kind;

use crate::scripts::{members, processes};
use crate::stage::{Setup, Stage};

/// One way to break an installation.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What is done, in a sentence.
    pub(crate) what: &'static str,
    pub(crate) kafka: Kafka,
    /// Whether nothing else may run beside it: it measures waiting closely.
    pub(crate) alone: bool,
    /// Whether it belongs to the short selection.
    pub(crate) short: bool,
    pub(crate) duplicates: Duplicates,
    /// How long a healthy receiver may get nothing.
    pub(crate) stall: Duration,
    pub(crate) setup: fn() -> Setup,
    pub(crate) script: for<'a> fn(&'a mut Stage) -> BoxFuture<'a, ()>,
}

/// On which Kafka it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kafka {
    /// The one that everybody shares.
    Shared,
    /// Three nodes that it may break.
    ThreeNodes,
}

/// How many deliveries may come twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// Not one.
    None,
    /// What killed processes had not committed.
    Uncommitted,
    /// As many as there are.
    Any,
}

/// After a kill: until the group has given the dead one's partitions to others, and ten seconds.
const AFTER_A_KILL: Duration = Duration::from_secs(6 + 10);
/// In a rolling restart, or when members come and go in good order.
const ROLLING: Duration = Duration::from_secs(2);

/// All of them.
pub(crate) fn all() -> Vec<Fault> {
    [killed(), stopped(), moved()].concat()
}

/// What most have in common.
fn fault(
    name: &'static str,
    what: &'static str,
    script: for<'a> fn(&'a mut Stage) -> BoxFuture<'a, ()>,
) -> Fault {
    Fault {
        name,
        what,
        kafka: Kafka::Shared,
        alone: false,
        short: false,
        duplicates: Duplicates::Any,
        stall: AFTER_A_KILL,
        setup: Setup::default,
        script,
    }
}

fn two_of(kind: Kind) -> Setup {
    Setup { extra: vec![kind], ..Setup::default() }
}

/// Two of a service, whose group waits seven seconds for a poll.
fn impatient(kind: Kind) -> Setup {
    let environment = vec![("POSTBODE__KAFKA__PROPERTIES__max.poll.interval.ms", "7000".to_owned())];
    Setup { environment, ..two_of(kind) }
}

fn killed() -> Vec<Fault> {
    let uncommitted = |fault: Fault| Fault { duplicates: Duplicates::Uncommitted, short: true, ..fault };
    vec![
        uncommitted(Fault {
            setup: || two_of(Kind::Delivery),
            ..fault("sigkill-delivery", "SIGKILL to one of two deliveries, again and again", |stage| {
                Box::pin(processes::kills(stage, Kind::Delivery))
            })
        }),
        uncommitted(Fault {
            setup: || two_of(Kind::Fanout),
            ..fault("sigkill-fanout", "SIGKILL to one of two fan-outs, again and again", |stage| {
                Box::pin(processes::kills(stage, Kind::Fanout))
            })
        }),
        uncommitted(fault("sigkill-retry", "SIGKILL to the only retry, again and again", |stage| {
            Box::pin(processes::kills(stage, Kind::Retry))
        })),
        uncommitted(Fault {
            setup: || two_of(Kind::Ingest),
            ..fault("sigkill-ingest", "SIGKILL to one of two ingests, again and again", |stage| {
                Box::pin(processes::kills(stage, Kind::Ingest))
            })
        }),
    ]
}

fn stopped() -> Vec<Fault> {
    // The member that stands still has POSTs under way, whose answers it never counts.
    vec![
        Fault {
            setup: || impatient(Kind::Delivery),
            short: true,
            ..fault("sigstop-delivery", "SIGSTOP past max.poll.interval.ms, then SIGCONT", |stage| {
                Box::pin(processes::freeze(stage, Kind::Delivery))
            })
        },
        Fault {
            setup: || impatient(Kind::Fanout),
            ..fault("sigstop-fanout", "SIGSTOP past max.poll.interval.ms, then SIGCONT", |stage| {
                Box::pin(processes::freeze(stage, Kind::Fanout))
            })
        },
    ]
}

fn moved() -> Vec<Fault> {
    let orderly = |fault: Fault| Fault {
        duplicates: Duplicates::None,
        stall: ROLLING,
        short: true,
        alone: true,
        ..fault
    };
    vec![
        orderly(fault("scale", "Delivery from one process to four, and back to one", |stage| {
            Box::pin(members::scale(stage))
        })),
        orderly(fault("rebalance-storm", "A delivery joins or leaves every two seconds", |stage| {
            Box::pin(members::storm(stage))
        })),
        orderly(fault("rolling-restart", "Each service is replaced in turn, by SIGTERM", |stage| {
            Box::pin(members::rolling(stage))
        })),
        Fault {
            duplicates: Duplicates::None,
            alone: true,
            short: true,
            setup: || Setup { rates: vec![20, 20, 20, 20], ..Setup::default() },
            stall: ROLLING,
            ..fault("flood", "One account sends ten times as much as the others", |stage| {
                Box::pin(members::flood(stage))
            })
        },
    ]
}
