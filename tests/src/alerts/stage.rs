//! An installation under load that a Prometheus scrapes: each service reaches Kafka through a proxy of its own, and the console its
//! database through a gate.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;

use harness::{
    Answer, Broker, Ending, Gate, Kind, Operator, Proxy, Receiver, ServiceProcess, World, WorldOptions,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::load::{ACCOUNT, ILL, Load, MOODY, WELL};
use crate::prometheus::Prometheus;
use crate::rules::Rules;
use crate::thread::Stopped;
use crate::watch::Watch;

/// Receivers that can be made ill, since one that is slow is called twice at once only.
const ILL_RECEIVERS: usize = 4;

/// What faults are caused in.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) load: Load,
    pub(crate) watch: Watch,
    pub(crate) database: Gate,
    pub(crate) operator: Operator,
    pub(crate) ill: Arc<Temper>,
    /// A thread that stands still.
    pub(crate) stopped: Option<Stopped>,
    /// Fan-out on a Kafka that wants rights.
    pub(crate) secured: Option<Secured>,
    proxies: BTreeMap<Kind, Proxy>,
    prometheus: Prometheus,
}

/// How the receivers answer that can be made ill.
#[derive(Default)]
pub(crate) struct Temper {
    status: AtomicU16,
    delay_ms: AtomicU64,
}

impl Temper {
    /// With this status from now on; 0 means that they are well.
    pub(crate) fn status(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// After this long.
    pub(crate) fn delay(&self, delay: Duration) {
        self.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    fn answer(&self) -> Answer {
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::Relaxed));
        Answer { status: self.status.load(Ordering::Relaxed), delay, retry_after: None }
    }
}

/// An installation of its own, since a broker wants rights of all or of none.
pub(crate) struct Secured {
    pub(crate) world: World,
    pub(crate) broker: Broker,
    _ending: Ending,
}

impl Stage {
    /// Starts everything.
    pub(crate) async fn start(rules: &Rules) -> Self {
        let prometheus = Prometheus::start(&rules.text).await;
        let database = database().await;
        let options = WorldOptions {
            services: Some(Vec::new()),
            environment: settings(&database),
            secrets_in_files: true,
            ..WorldOptions::default()
        };
        let mut world = World::with("alerts", options).await;
        let mut proxies = BTreeMap::new();
        for kind in Kind::ALL {
            if kind == Kind::Fanout {
                // Those who repeat writes give each up after a minute. Ingest and console have times of their own, which
                // this would replace.
                world.set("POSTBODE__KAFKA__PROPERTIES__delivery.timeout.ms", "4000".to_owned());
            }
            let proxy = Proxy::start(&world.kafka.bootstrap_servers).await;
            add(&mut world, kind, &proxy).await;
            proxies.insert(kind, proxy);
        }
        let ill = Arc::new(Temper::default());
        world.account(ACCOUNT).await;
        hook(&world, WELL, |_, _| Answer::default()).await;
        hook(&world, MOODY, |id, before| {
            Answer::status(if before == 0 && one_of_four(id) { 503 } else { 204 })
        })
        .await;
        for _ in 0..ILL_RECEIVERS {
            let told = Arc::clone(&ill);
            hook(&world, ILL, move |_, _| told.answer()).await;
        }
        world.registry_seen().await;
        let operator = Operator::new(&world.kafka.bootstrap_servers);
        let load = Load::start(world.service(Kind::Ingest).api());
        let watch = Watch::start(prometheus.asked(), rules);
        let (stopped, secured) = (None, None);
        let it = Self { world, load, watch, database, operator, ill, stopped, secured, proxies, prometheus };
        it.scrape().await;
        it
    }

    /// What stands between a service and Kafka.
    pub(crate) fn kafka_of(&self, kind: Kind) -> &Proxy {
        &self.proxies[&kind]
    }

    /// Starts one more process of a service.
    pub(crate) async fn add(&mut self, kind: Kind) {
        add(&mut self.world, kind, &self.proxies[&kind]).await;
        self.scrape().await;
    }

    /// Stops the oldest process of a service in good order.
    pub(crate) async fn stop(&mut self, kind: Kind) {
        self.world.take(kind).stop().await;
        self.scrape().await;
    }

    /// Starts a service again whose process has ended by itself, as an orchestrator does.
    pub(crate) async fn revive(&mut self, kind: Kind) {
        let ended = |service: &mut ServiceProcess| service.kind == kind && service.has_ended().is_some();
        if self.world.services.iter_mut().any(ended) {
            drop(self.world.take(kind));
            self.add(kind).await;
        }
    }

    /// Stops the process that was started last.
    pub(crate) async fn stop_newest(&mut self) {
        let newest = self.world.services.pop().unwrap();
        newest.stop().await;
        self.scrape().await;
    }

    /// Starts fan-out on a Kafka that wants rights.
    pub(crate) async fn secure(&mut self) {
        let broker = tokio::task::spawn_blocking(|| Broker::secured("alerts")).await.unwrap();
        let ending = Ending(broker.clone());
        let (services, broker_too) = (Some(vec![Kind::Fanout]), Some(broker.clone()));
        let options = WorldOptions { broker: broker_too, services, ..WorldOptions::default() };
        let world = World::with("alerts-secured", options).await;
        self.secured = Some(Secured { world, broker, _ending: ending });
        self.scrape().await;
    }

    /// Waits until something holds that is asked again and again.
    pub(crate) async fn until(&self, limit: Duration, mut holds: impl FnMut(&Watch) -> bool) -> bool {
        let end = Instant::now() + limit;
        while !holds(&self.watch) {
            if Instant::now() >= end {
                return false;
            }
            sleep(Duration::from_millis(100)).await;
        }
        true
    }

    /// Ends everything in good order.
    pub(crate) async fn end(self) {
        drop(self.load);
        drop(self.watch);
        if let Some(secured) = self.secured {
            secured.world.end().await;
        }
        self.world.end().await;
    }

    async fn scrape(&self) {
        let secured = self.secured.iter().flat_map(|secured| &secured.world.services);
        let addresses = self.world.services.iter().chain(secured).map(ServiceProcess::management);
        let bare = |address: String| address.trim_start_matches("http://").to_owned();
        self.prometheus.scrape(&addresses.map(bare).collect::<Vec<_>>()).await;
    }
}

/// What is set so that little is enough: real settings, of real services.
fn settings(database: &Gate) -> Vec<(&'static str, String)> {
    let url = database.url("/postgres").replace("http://", "postgres://postbode@");
    [
        ("POSTBODE__INGEST__PRODUCE_TIMEOUT", "1s"),
        ("POSTBODE__DELIVERY__BREAKER_FAILURES", "0"),
        ("POSTBODE__DELIVERY__WEBHOOK_METRICS", "10"),
        ("POSTBODE__CONSOLE__LOOK_CLOSELY", "1s"),
        ("POSTBODE__HISTORY__URL", &url),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

async fn database() -> Gate {
    let url = reqwest::Url::parse(&harness::postgres()).unwrap();
    let port = url.port().unwrap_or(5432);
    Gate::before(SocketAddr::from(([127, 0, 0, 1], port))).await
}

async fn add(world: &mut World, kind: Kind, proxy: &Proxy) {
    world.set("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", proxy.address());
    world.add(kind).await;
}

/// A webhook for one type of event, whose receiver is told a call's id, and how often it has seen that before.
async fn hook(world: &World, kind: &str, answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) {
    let receiver = Receiver::scripted(move |call, before| answer(&call.id(), before)).await;
    let hook = world.create_hook(ACCOUNT, &receiver.url("/hook"), &[kind], json!({})).await;
    world.verify(&hook, &receiver).await;
}

/// One of four ids, always the same ones.
fn one_of_four(id: &str) -> bool {
    id.bytes().fold(0_u8, u8::wrapping_add) % 4 == 0
}
