//! `postbode bench`: what the services do on this machine, measured against what the machine itself can do.

mod backlog;
mod clock;
mod finding;
mod generator;
mod http1;
mod measure;
mod payload;
mod plan;
mod receiver;
mod report;
mod room;
mod seed;
mod services;
mod targets;
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use domain::Keyring;
use process::Secret;
use serde_json::json;
use stream::Admin;
use tokio::time::{Instant, timeout};

use self::finding::Finding;
use self::plan::{Measure, Sizes};
use self::receiver::Receiver;
use self::report::{Circumstances, Report};
use self::room::Room;
use self::seed::Seals;
use crate::context::Context;
use crate::error::usage as misuse;
use crate::local::{Kafka, Place};
use crate::output::{Progress, hex, line};
use crate::signals::Interrupts;

/// What makes Kafka warm.
const WARM_UP: [Measure; 4] =
    [Measure::EndToEnd, Measure::EndToEndBatch, Measure::EndToEnd, Measure::EndToEnd];

/// The arguments of `bench`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// Measure everything so often; medians are reported [default: 3, or with --quick 1]
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=20))]
    repeat: Option<u32>,
    /// Measure only these: ceilings, raw, delivery, fanout, ingest, import, end_to_end, end_to_end_batch100, fanout5, scaling,
    /// batched, latency, isolation, route, filter, idle, deferral
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Little of everything: shows that it works, not how fast
    #[arg(long)]
    quick: bool,
    /// What the events are made from: the same seed makes the same events
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u64,
    /// Begin no measurement after so long
    #[arg(long, value_name = "DURATION", default_value = "23m", value_parser = domain::duration::parse)]
    budget: Duration,
}

/// What all measurements share.
pub(crate) struct Bench {
    args: BenchArgs,
    sizes: Sizes,
    context: Context,
    place: Place,
    admin: Admin,
    receiver: Receiver,
    seals: Seals,
    seal_key: Secret,
    operator_key: Secret,
    /// This process, which generates the load.
    pid: i32,
    kafka_pid: Option<i32>,
    /// Where Kafka's logs are.
    kafka_node: Option<PathBuf>,
    events: Vec<Vec<u8>>,
}

/// Different events. More would only fill the caches.
const EVENTS: usize = 1000;
/// How long Kafka may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves the benchmark's POSTs, as a process of its own.
pub(crate) async fn receive() -> anyhow::Result<()> {
    receiver::run().await
}

/// Runs the benchmark.
pub(crate) async fn run(args: BenchArgs, context: Context) -> anyhow::Result<()> {
    let chosen = chosen(&args.only)?;
    let place = Place::find("bench")?;
    let mut interrupts = Interrupts::listen()?;
    let began = Instant::now();
    let given = context.names_kafka.then(|| context.kafka.bootstrap_servers.clone());
    let kafka = Kafka::fresh(given.as_deref(), &place).await?;
    let (json, mut report) = (context.json, Report::default());
    let done = match Bench::new(args, context, place, &kafka).await {
        Ok(bench) => {
            bench.measure(&chosen, began, &mut interrupts, &mut report).await;
            Ok(Circumstances { seconds: began.elapsed().as_secs_f64(), ..bench.circumstances() })
        }
        Err(error) => Err(error),
    };
    kafka.discard().await?;
    let run = done?;
    line(if json { report.json(&run).to_string() } else { report.text(&run) });
    anyhow::ensure!(report.failures().is_empty(), "{}", report.failures().join("\n"));
    Ok(())
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<Measure>> {
    let known = |name: &String| Measure::ALL.iter().any(|measure| measure.name() == name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        return Err(misuse(format!("--only: there is no measurement '{unknown}'; --help lists them")));
    }
    let wanted = |measure: &Measure| only.is_empty() || only.iter().any(|name| name == measure.name());
    Ok(Measure::ALL.into_iter().filter(wanted).collect())
}

impl Bench {
    async fn new(args: BenchArgs, context: Context, place: Place, kafka: &Kafka) -> anyhow::Result<Self> {
        let mut context = context;
        context.kafka.bootstrap_servers = kafka.bootstrap_servers.clone();
        let admin = Admin::new(&context.kafka)?;
        admin.wait_ready(PATIENCE).await?;
        let seal_key = Secret::new(format!("bench:{}", STANDARD.encode(rand::random::<[u8; 32]>())));
        let keyring = Keyring::parse(&[seal_key.expose()])?;
        let kafka_node = kafka.node();
        let pid_file = kafka_node.as_ref().and_then(|node| std::fs::read_to_string(node.join("pid")).ok());
        Ok(Self {
            sizes: if args.quick { Sizes::QUICK } else { Sizes::DEFAULT },
            receiver: Receiver::start().await?,
            seals: Seals { keyring, secret: seed::signing_secret() },
            seal_key,
            operator_key: Secret::new(format!("pbk_{}", hex(&rand::random::<[u8; 32]>()))),
            pid: i32::try_from(std::process::id()).context("this process's id")?,
            kafka_pid: pid_file.and_then(|pid| pid.trim().parse().ok()),
            kafka_node,
            events: payload::events(args.seed, EVENTS),
            args,
            context,
            place,
            admin,
        })
    }

    /// Everything that was chosen, as often as wanted, until time is up or somebody wants to end.
    async fn measure(
        &self,
        chosen: &[Measure],
        began: Instant,
        interrupts: &mut Interrupts,
        report: &mut Report,
    ) {
        let times = self.times();
        let mut progress = Progress::line();
        if !self.args.quick && chosen.iter().any(|measure| measure.needs_kafka()) {
            progress.note("   0 s: warming up");
            if !self.warm_up(interrupts, &mut progress, report).await {
                return report.note("interrupted while warming up: nothing was measured".to_owned());
            }
        }
        for time in 1..=times {
            for measure in chosen.iter().filter(|measure| time == 1 || !measure.is_once()) {
                if began.elapsed() >= self.args.budget {
                    report.skip(*measure, "there was no time left: see --budget");
                    continue;
                }
                let elapsed = began.elapsed().as_secs();
                progress.note(&format!("{elapsed:>4} s: {} ({time} of {times})", measure.name()));
                let Some(found) = self.one(*measure, interrupts, &mut progress, report).await else {
                    report.note("interrupted: what follows is what was measured before".to_owned());
                    return progress.finish();
                };
                if let Err(error) = &found {
                    progress.note(&format!("{}: {error:#}", measure.name()));
                }
                report.add(*measure, found);
            }
        }
        progress.finish();
    }

    /// One measurement in a room of its own, which is left clean. Nothing if somebody wants to end.
    /// A virtual machine that has just started compiles while it works, for about a minute of load: whoever came first would
    /// pay for it. Says whether it was let.
    async fn warm_up(
        &self,
        interrupts: &mut Interrupts,
        progress: &mut Progress,
        report: &mut Report,
    ) -> bool {
        for measure in WARM_UP {
            match self.one(measure, interrupts, progress, report).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => report.note(format!("warming up failed: {error:#}")),
                None => return false,
            }
        }
        true
    }

    async fn one(
        &self,
        measure: Measure,
        interrupts: &mut Interrupts,
        progress: &mut Progress,
        report: &mut Report,
    ) -> Option<anyhow::Result<Finding>> {
        let mut room = Room::new(self);
        let found = tokio::select! {
            found = timeout(measure.bound(), measure::perform(measure, &mut room)) => Some(found),
            () = interrupts.next() => None,
        };
        for complaint in room.close().await {
            progress.note(&complaint);
            report.note(format!("{}: {complaint}", measure.name()));
        }
        let late = |_| Err(anyhow::anyhow!("it was not done within {:?}", measure.bound()));
        found.map(|found| found.unwrap_or_else(late))
    }

    fn times(&self) -> u32 {
        self.args.repeat.unwrap_or(if self.args.quick { 1 } else { 3 })
    }

    fn event(&self, number: usize) -> &[u8] {
        &self.events[number % self.events.len()]
    }

    fn circumstances(&self) -> Circumstances {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
        let facts = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
            "quick": self.args.quick,
            "repeat": self.times(),
            "seed": self.args.seed,
            "event_bytes": payload::SIZE,
            "cores": cores,
            "cpu": model.trim_matches([' ', '\t', ':']),
        });
        Circumstances { cores, facts, seconds: 0.0 }
    }
}
