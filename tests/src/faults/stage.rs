//! An installation under load, and what a fault may do to it.

mod finish;
mod processes;

use std::any::Any;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use harness::{Answer, Broker, Hook, Kind, Receiver, World, WorldOptions};
use serde_json::json;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::ledger::{Ledger, Role};
use crate::load::Load;

/// The delays after a failed attempt, in every run.
pub(crate) const SCHEDULE: [Duration; 4] =
    [Duration::from_millis(300), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(1)];

/// How an installation is set up for a fault.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Variables for the services.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Processes beside the usual five.
    pub(crate) extra: Vec<Kind>,
    /// Events a second, for each account.
    pub(crate) rates: Vec<usize>,
    /// Partitions of each topic.
    pub(crate) partitions: i32,
    /// Where the binaries are that it begins with; none means this build's.
    pub(crate) binaries: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            environment: Vec::new(),
            extra: Vec::new(),
            rates: vec![20, 20, 20],
            partitions: 4,
            binaries: None,
        }
    }
}

/// One run.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) dice: Dice,
    pub(crate) load: Load,
    /// The cluster, if it is the fault's to break.
    pub(crate) broker: Option<Broker>,
    /// Whether times are to be short.
    pub(crate) short: bool,
    /// What is worth telling although no promise is broken.
    pub(crate) remarks: Vec<String>,
    /// Promises that are broken.
    pub(crate) broken: Vec<String>,
    /// Deliveries that nothing can bring back: not to be waited for.
    pub(crate) gone: BTreeSet<String>,
    watched_from: Instant,
    kills: Vec<Instant>,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

/// What a receiver does with a call, told its id and how often that came before.
type Temper = Box<dyn Fn(&str, usize) -> Answer + Send + Sync>;

impl Stage {
    /// Starts everything: services, webhooks, producers.
    pub(crate) async fn start(
        name: &str,
        setup: Setup,
        broker: Option<Broker>,
        dice: Dice,
        short: bool,
    ) -> Self {
        let schedule = SCHEDULE.map(wire_duration).join(",");
        let mut environment = vec![("POSTBODE__DELIVERY__SCHEDULE", schedule)];
        environment.extend(setup.environment);
        let world = World::with(
            name,
            WorldOptions {
                replication: broker.as_ref().map(|_| 3),
                broker: broker.clone(),
                services: Some(Kind::ALL.into_iter().chain(setup.extra).collect()),
                environment,
                partitions: Some(setup.partitions),
                secrets_in_files: false,
                binaries: setup.binaries,
                prefix: None,
            },
        )
        .await;
        let ledger = Ledger::default();
        let rates: Vec<_> =
            setup.rates.iter().enumerate().map(|(n, rate)| (format!("account-{n}"), *rate)).collect();
        for (account, _) in &rates {
            world.account(account).await;
            hook(&world, &ledger, account, Role::Healthy, Box::new(|_, _| quickly(204))).await;
        }
        let refused_first: Temper =
            Box::new(|id, before| quickly(if before == 0 && one_of(3, id) { 503 } else { 204 }));
        hook(&world, &ledger, "account-1", Role::Flaky, refused_first).await;
        world.registry_seen().await;
        let load = Load::start(&ledger, world.sink(), &world.topics.events, &rates);
        let mut stage = Self {
            world,
            ledger,
            dice,
            load,
            broker,
            short,
            remarks: Vec::new(),
            broken: Vec::new(),
            gone: BTreeSet::new(),
            watched_from: Instant::now(),
            kills: Vec::new(),
            kept: Vec::new(),
        };
        stage.open_doors();
        stage.pause(Duration::from_secs(3)).await;
        stage.watch();
        stage
    }

    /// One more webhook of an account, whose receiver does as it is told.
    pub(crate) async fn ill_hook(
        &self,
        account: &str,
        temper: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
    ) -> (Hook, Receiver) {
        let made = hook(&self.world, &self.ledger, account, Role::Ill, Box::new(temper)).await;
        self.world.registry_seen().await;
        made
    }

    /// One more webhook of an account, whose receiver takes everything.
    pub(crate) async fn healthy_hook(&self, account: &str) {
        hook(&self.world, &self.ledger, account, Role::Healthy, Box::new(|_, _| quickly(204))).await;
        self.world.registry_seen().await;
    }

    /// From now on a healthy receiver that gets nothing is the fault's doing.
    pub(crate) fn watch(&mut self) {
        self.watched_from = Instant::now();
    }

    /// Keeps something up to the end of the run.
    pub(crate) fn keep(&mut self, what: impl Any + Send + Sync) {
        self.kept.push(Box::new(what));
    }

    /// A long while, or a shorter one where times are to be short.
    pub(crate) fn span(&self, long: u64, short: u64) -> Duration {
        Duration::from_secs(if self.short { short } else { long })
    }

    /// Lets the load go on for a while, and starts again what ended by itself.
    pub(crate) async fn pause(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            self.supervise();
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_millis(200))).await;
        }
    }

    /// A service's metric, summed over its processes.
    pub(crate) async fn metric(&self, kind: Kind, name: &str) -> f64 {
        let mut sum = 0.0;
        for service in self.world.services.iter().filter(|service| service.kind == kind) {
            sum += service.metric_if_up(name).await.unwrap_or_default();
        }
        sum
    }

    /// Notes a broken promise unless it holds.
    pub(crate) fn expect(&mut self, holds: bool, promise: impl Into<String>) {
        if !holds {
            self.broken.push(promise.into());
        }
    }
}

/// Makes a webhook whose receiver writes the ledger.
pub(crate) async fn hook(
    world: &World,
    ledger: &Ledger,
    account: &str,
    role: Role,
    temper: Temper,
) -> (Hook, Receiver) {
    let receiver = recorded(ledger, temper).await;
    let made = world.create_hook(account, &receiver.url("/hook"), &["click"], json!({})).await;
    world.verify(&made, &receiver).await;
    ledger.keep(&made, role);
    (made, receiver)
}

/// A receiver that writes the ledger.
pub(crate) async fn recorded(ledger: &Ledger, temper: Temper) -> Receiver {
    let ledger = ledger.clone();
    Receiver::scripted(move |call, before| {
        let (id, body): (String, Bytes) = (call.id(), call.body.clone());
        let answer = temper(&id, before);
        ledger.posted(&id, &body, call.at, (200..300).contains(&answer.status));
        answer
    })
    .await
}

/// Answered as an endpoint next door would.
pub(crate) fn quickly(status: u16) -> Answer {
    Answer { delay: Duration::from_millis(5), ..Answer::status(status) }
}

/// Whether an id is one of so many.
pub(crate) fn one_of(count: u32, id: &str) -> bool {
    id.bytes()
        .fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
        .is_multiple_of(count)
}

fn wire_duration(duration: Duration) -> String {
    domain::duration::format(duration)
}
