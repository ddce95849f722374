//! Every fault: what is done, to what, and how much waiting and repeating it may cost.

use std::time::Duration;

use futures::future::BoxFuture;
use harness::Kind;

use crate::scripts::{brokers, members, offsets, processes, receivers, topics};
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
    /// Whether it needs the binaries of the build before.
    pub(crate) two_builds: bool,
    pub(crate) duplicates: Duplicates,
    /// How long a healthy receiver may get nothing.
    pub(crate) stall: Duration,
    pub(crate) setup: fn() -> Setup,
    pub(crate) script: for<'a> fn(&'a mut Stage) -> BoxFuture<'a, ()>,
}

impl Fault {
    /// The same on a machine that does other things as well: no service may hang, but how fast one is is not judged.
    pub(crate) fn patient(self) -> Self {
        Self { stall: self.stall.max(AFTER_A_KILL), ..self }
    }
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

/// Where nothing that a healthy receiver needs is touched.
const A_WHILE: Duration = Duration::from_secs(5);
/// After a node: until its session (six seconds) and those of members are over, leaders are chosen, and ten seconds.
const AFTER_A_BROKER: Duration = Duration::from_secs(6 + 6 + 10);

/// All of them.
pub(crate) fn all() -> Vec<Fault> {
    [killed(), stopped(), moved(), receivers(), offsets(), topics(), brokers()].concat()
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
        two_builds: false,
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
    let environment = vec![
        ("POSTBODE__KAFKA__PROPERTIES__max.poll.interval.ms", "7000".to_owned()),
        // No longer than that, also for the clients that follow the registry.
        ("POSTBODE__KAFKA__PROPERTIES__session.timeout.ms", "6000".to_owned()),
    ];
    Setup { environment, ..two_of(kind) }
}

/// An endpoint is called whatever it does: with a breaker, what waits for it would spend no attempt and never die.
fn without_breaker() -> Setup {
    let environment = vec![("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned())];
    Setup { environment, ..Setup::default() }
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
    // What a member had not committed when it stood still is others' to do again.
    vec![
        Fault {
            setup: || impatient(Kind::Delivery),
            duplicates: Duplicates::Uncommitted,
            short: true,
            ..fault("sigstop-delivery", "SIGSTOP past max.poll.interval.ms, then SIGCONT", |stage| {
                Box::pin(processes::freeze(stage, Kind::Delivery))
            })
        },
        Fault {
            setup: || impatient(Kind::Fanout),
            duplicates: Duplicates::Uncommitted,
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
        Fault {
            two_builds: true,
            // What two builds make of each other's records is asked on any machine; how quickly, `rolling-restart` asks.
            stall: AFTER_A_KILL,
            setup: || Setup { binaries: harness::previous_binaries(), ..Setup::default() },
            ..orderly(fault(
                "upgrade",
                "Each service of the build before is replaced by this one's, and back (make upgrade-check)",
                |stage| Box::pin(members::upgrade(stage)),
            ))
        },
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

fn receivers() -> Vec<Fault> {
    let patient = |fault: Fault| Fault { duplicates: Duplicates::None, stall: A_WHILE, ..fault };
    vec![
        patient(Fault {
            short: true,
            ..fault("receivers-ill", "A receiver refuses, resets, hangs, drips, answers garbage", |stage| {
                Box::pin(receivers::ill_then_well(stage))
            })
        }),
        patient(Fault {
            setup: without_breaker,
            ..fault(
                "receivers-down",
                "One of these for longer than the schedule lasts, no breaker",
                |stage| Box::pin(receivers::ill_for_long(stage)),
            )
        }),
    ]
}

fn offsets() -> Vec<Fault> {
    vec![
        Fault {
            short: true,
            ..fault("commit-refused", "Brokers refuse every commit, and a process is killed", |stage| {
                Box::pin(offsets::refused(stage))
            })
        },
        Fault {
            short: true,
            ..fault("foreign-metadata", "Another tool commits offsets with metadata not ours", |stage| {
                Box::pin(offsets::foreign_metadata(stage))
            })
        },
        fault("offsets-reset", "An operator sets a group's offsets back", |stage| {
            Box::pin(offsets::reset(stage))
        }),
        Fault {
            short: true,
            ..fault("slow-answers", "Every answer of the brokers takes up to 0.7 s longer", |stage| {
                Box::pin(offsets::slow_answers(stage))
            })
        },
    ]
}

fn topics() -> Vec<Fault> {
    let still = |fault: Fault| Fault { duplicates: Duplicates::None, stall: A_WHILE, ..fault };
    vec![
        still(Fault {
            short: true,
            ..fault("retry-deleted", "The first tier's topic is deleted, and made again", |stage| {
                Box::pin(topics::retry_deleted(stage))
            })
        }),
        still(fault("dead-letters-deleted", "The dead letters' topic is deleted, and made again", |stage| {
            Box::pin(topics::dead_letters_deleted(stage))
        })),
        still(Fault {
            short: true,
            ..fault("retry-narrow", "The first tier takes no record of the usual size", |stage| {
                Box::pin(topics::retry_too_narrow(stage))
            })
        }),
        still(Fault {
            short: true,
            ..fault("dead-letters-narrow", "The dead letters take no record of the usual size", |stage| {
                Box::pin(topics::dead_letters_too_narrow(stage))
            })
        }),
        fault("past-retention", "Delivery is away until its records are deleted", |stage| {
            Box::pin(topics::past_retention(stage))
        }),
    ]
}

fn brokers() -> Vec<Fault> {
    let on_three = |fault: Fault| Fault { kafka: Kafka::ThreeNodes, stall: AFTER_A_BROKER, ..fault };
    vec![
        on_three(Fault {
            short: true,
            ..fault("leader-killed", "SIGKILL to the node that leads a partition", |stage| {
                Box::pin(brokers::leader_killed(stage))
            })
        }),
        on_three(fault("coordinator-killed", "SIGKILL to the node that coordinates a group", |stage| {
            Box::pin(brokers::coordinator_killed(stage))
        })),
        on_three(Fault {
            short: true,
            ..fault("brokers-gone", "All nodes are killed, and back a minute later", |stage| {
                Box::pin(brokers::all_gone(stage))
            })
        }),
        on_three(fault("broker-frozen", "SIGSTOP to a node for some seconds, then SIGCONT", |stage| {
            Box::pin(brokers::slow(stage))
        })),
    ]
}
