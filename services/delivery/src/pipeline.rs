//! The service: deliveries -> receivers, tiers, dead letters, attempts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use domain::{Clock, Command, DeliveryId, Dispatcher, Fate, Outcome, RecordPlace, Standing, Verdict, View};
use outbound::Outbound;
use process::{Check, Service};
use stream::{
    Admin, Ahead, ReadAhead, RegistryView, Sink, SinkOptions, Source, SourceEvent, SourceOptions,
    TableOptions, TableState, WriteEvent, Writes,
};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::attempt::{Attempts, Call, Done, unsent};
use crate::busiest::Busiest;
use crate::config::{Plan, Settings};
use crate::effects::{Effects, Tag};
use crate::held::{Held, Payload};
use crate::history::History;
use crate::telemetry::Telemetry;
use crate::vault::Vault;

/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(5);
/// How often what is costly to count is counted.
const LOOK: Duration = Duration::from_secs(1);
/// With so many calls open, what came of them is taken together: waking up for each costs more than handling it.
const MANY_OPEN: usize = 32;
const GATHER: Duration = Duration::from_millis(1);
/// What is left for the last commit once the time to finish is over.
const LAST_COMMIT: Duration = Duration::from_secs(1);

/// Runs until the soft stop, then finishes the calls that are open, commits and leaves the group.
///
/// # Errors
/// When the topics are missing or unsafe, or Kafka's clients fail for good.
pub async fn run(service: Service<Settings>) -> anyhow::Result<()> {
    let (soft_stop, hard_stop) = (service.lifecycle.soft_stop(), service.lifecycle.hard_stop());
    let lifecycle = service.lifecycle.clone();
    let Some(built) = lifecycle.until_stop(Shell::build(service)).await else { return Ok(()) };
    let mut shell = built?;
    tokio::pin!(soft_stop, hard_stop);
    loop {
        shell.perform_all();
        tokio::select! {
            turned = shell.turn() => turned?,
            () = &mut soft_stop => break,
        }
    }
    shell.dispatcher.handle_stop();
    let drained = tokio::select! {
        drained = shell.drain() => Some(drained),
        () = &mut hard_stop => None,
    };
    if let Some(drained) = drained {
        drained?;
    } else {
        shell.dispatcher.handle_out_of_time();
        // What is done by now is not done again, if Kafka listens at all.
        if let Ok(committed) = tokio::time::timeout(LAST_COMMIT, shell.drain()).await {
            committed?;
        }
    }
    if let Err(error) = shell.attempts.history.sink.flush(LEAVE).await {
        tracing::warn!(%error, "the last attempts are missing in the history");
    }
    shell.source.close(LEAVE).await;
    Ok(())
}

/// What surrounds the dispatcher.
struct Shell {
    dispatcher: Dispatcher<Payload>,
    source: Source,
    view: RegistryView,
    registry: watch::Receiver<TableState>,
    effects: Effects,
    vault: Vault,
    attempts: Arc<Attempts>,
    done: mpsc::UnboundedReceiver<Done>,
    tell_done: mpsc::UnboundedSender<Done>,
    sealed: Check,
    ahead: ReadAhead,
    busiest: Busiest,
    looked_at: domain::Timestamp,
}

impl Shell {
    async fn build(service: Service<Settings>) -> anyhow::Result<Self> {
        let Service { config, health, metrics, clock, .. } = &service;
        let Plan { topics, dispatch, keyring, ring, user_agent } = config.plan()?;
        vitals::access(&service);
        let fit = health.ready("topics");
        Admin::new(&config.kafka)?.require(&topics.specs(), |error| fit.fail(error.to_string())).await?;

        let clock: Arc<dyn Clock> = Arc::new(*clock);
        let outbound = Outbound::new(&config.outbound, Arc::clone(&clock)).context("outbound")?;
        let view = RegistryView::start(&config.kafka, Arc::clone(&topics.webhooks), TableOptions::default())?;
        let size = topics.delivery_record_bytes();
        let group = format!("{}delivery", config.topics.prefix);
        let options = SourceOptions::new(group.clone(), vec![Arc::clone(&topics.deliveries)], size);
        let source = Source::start(&config.kafka, &options)?;
        let sink = Sink::new(&config.kafka, SinkOptions::new(size))?;
        let history = Sink::new(&config.kafka, SinkOptions::unhurried(size))?;
        vitals::source(&service, &source);
        vitals::registry(&service, &view);
        fit.pass();
        let sealed = health.ready("secrets");
        sealed.pass();

        let (writes, ahead) = (Writes::new(sink), ReadAhead::new(Arc::clone(&clock)));
        let written = [&topics.dead_deliveries, &topics.webhooks, &topics.events];
        writes.failures().expect(written.into_iter().chain(topics.retries().map(|(_, topic)| topic)));
        metrics.register_collector(writes.failures());
        metrics.register_collector(ahead.clone());
        let telemetry = Telemetry::register(metrics);
        Telemetry::watch(metrics, &outbound);
        let busiest = Busiest::new(config.delivery.webhook_metrics, Arc::clone(&clock));
        metrics.register_collector(busiest.clone());
        let history =
            History { topic: Arc::clone(&topics.attempts), sink: history, telemetry: telemetry.clone() };
        let effects = Effects { topics, group, writes, clock: Arc::clone(&clock), telemetry };
        let (tell_done, done) = mpsc::unbounded_channel();
        Ok(Self {
            dispatcher: Dispatcher::new(dispatch),
            source,
            registry: view.changed(),
            view,
            effects,
            vault: Vault::new(keyring, ring.is_some()),
            attempts: Arc::new(Attempts { outbound, clock, ring, user_agent, history }),
            done,
            tell_done,
            sealed,
            ahead,
            busiest,
            looked_at: domain::Timestamp::from_millis(0),
        })
    }

    /// Waits for the next thing to happen, and handles it.
    async fn turn(&mut self) -> anyhow::Result<()> {
        if self.dispatcher.open() >= MANY_OPEN {
            tokio::time::sleep(GATHER).await;
        }
        let now = self.effects.now();
        let wake = Instant::now() + self.dispatcher.poll_timeout().since(now).max(Duration::from_millis(1));
        tokio::select! {
            event = self.source.next() => self.handle_source(event)?,
            Some(done) = self.done.recv() => self.handle_done(&done),
            write = self.effects.writes.next() => self.handle_write(write)?,
            _ = self.registry.changed() => self.dispatcher.handle_registry(),
            () = tokio::time::sleep_until(wake) => {}
        }
        while let Ok(done) = self.done.try_recv() {
            self.handle_done(&done);
        }
        while let Some(write) = self.effects.writes.try_next() {
            self.handle_write(write)?;
        }
        Ok(())
    }

    /// Finishes what is open, polling on, until the last commit is accepted.
    async fn drain(&mut self) -> anyhow::Result<()> {
        self.perform_all();
        while !self.dispatcher.is_idle() {
            self.turn().await?;
            self.perform_all();
        }
        Ok(())
    }

    fn handle_source(&mut self, event: SourceEvent) -> anyhow::Result<()> {
        match event {
            SourceEvent::Assigned { claim, committed, completed } => {
                self.dispatcher.handle_assigned(claim.epoch, committed, completed);
            }
            SourceEvent::Records(records) => {
                for (epoch, record) in records {
                    self.take_in(RecordPlace { epoch, offset: record.offset }, Held::new(record));
                }
            }
            SourceEvent::Revoking(epochs) => self.dispatcher.handle_revoking(&epochs),
            SourceEvent::Lost(epochs) => {
                self.dispatcher.handle_lost(&epochs);
                self.effects.writes.retain(|tag| !tag.is_of(&epochs));
            }
            SourceEvent::Committed(result) => {
                if let Err(error) = &result {
                    tracing::warn!(kafka.error = error, "a commit was refused, the next one repeats it");
                }
                self.dispatcher.handle_committed(self.effects.now(), result.is_ok());
            }
            SourceEvent::Failed(why) => bail!("reading failed for good: {why}"),
        }
        Ok(())
    }

    fn take_in(&mut self, place: RecordPlace, held: Payload) {
        match held.job() {
            Some(job) => self.dispatcher.handle_delivery(self.effects.now(), place, job),
            None => {
                let bytes = held.record.size();
                self.dispatcher.handle_stranger(self.effects.now(), place, held, bytes);
            }
        }
    }

    fn handle_done(&mut self, done: &Done) {
        let now = self.effects.now();
        let outcome = &done.exchange.outcome;
        let Some((post, first)) = done.members.first() else { return };
        let fates = self.dispatcher.handle_outcome(now, *post, done.began, outcome);
        let fate = fates.first().copied().unwrap_or(Fate::Stale);
        let telemetry = &self.effects.telemetry;
        if outcome.verdict() == Verdict::Deferred {
            return;
        }
        let trace = process::trace::is_exported().then(|| first.trace()).flatten();
        let took = done.exchange.phases.total;
        telemetry.attempted(outcome.class(), took, trace);
        self.busiest.attempted(&done.standing.webhook, outcome.class(), took);
        if done.number == 1 {
            telemetry.first_attempt(now.since(first.record.timestamp));
        }
        match fate {
            Fate::Delivered => {
                let members = fates.iter().zip(&done.members);
                let delivered = members.filter(|(fate, _)| **fate == Fate::Delivered);
                delivered.for_each(|(_, (_, held))| telemetry.delivered(now, held));
            }
            Fate::Retried(_) => fates.iter().for_each(|_| telemetry.retried()),
            Fate::Died(domain::DeathReason::Gone) => self.dispatcher.handle_gone(&done.standing),
            Fate::Died(_) | Fate::Stale => {}
        }
        if !done.is_delivered()
            && let Some(attempt) = done.record(fate, now)
        {
            self.attempts.history.write(&attempt);
        }
    }

    fn handle_write(&mut self, write: WriteEvent<Tag>) -> anyhow::Result<()> {
        match write {
            WriteEvent::Written(Tag::Record(place, _)) => self.dispatcher.handle_written(place),
            WriteEvent::Written(Tag::Finding) => {}
            WriteEvent::TooLarge(tag, refused) => self.effects.too_large(tag, refused),
            WriteEvent::Failed(why) => bail!("writing failed for good: {why}"),
        }
        Ok(())
    }

    fn perform_all(&mut self) {
        let now = self.effects.now();
        let fresh = self.view.is_fresh(Instant::now());
        while let Some(command) =
            self.view.read(|registry| self.dispatcher.next_command(now, View { registry, fresh }))
        {
            self.perform(command);
        }
        let dispatcher = &self.dispatcher;
        self.effects.telemetry.holding(dispatcher.held(), dispatcher.bytes(), dispatcher.open());
        if now.since(self.looked_at) >= LOOK {
            self.looked_at = now;
            self.look();
        }
    }

    /// Says what is costly to count.
    fn look(&self) {
        let dispatcher = &self.dispatcher;
        self.effects.telemetry.breakers(dispatcher.breakers_open(), dispatcher.baseless());
        self.ahead.tell(Ahead {
            oldest: dispatcher.oldest().map(|held| held.record.timestamp).min(),
            fill: dispatcher.window_fill(),
            due: dispatcher.due(),
        });
    }

    fn perform(&mut self, command: Command<Payload>) {
        match command {
            Command::Send { members, batch, standing, number } => {
                self.send(members, batch, standing, number);
            }
            Command::Retry { place, tier, progress, deferred, payload } => {
                if let Some(why) = deferred {
                    self.effects.telemetry.deferred(why);
                }
                self.effects.retry(place, tier, &progress, payload);
            }
            Command::DeadLetter { place, reason, progress, last, payload } => {
                self.effects.bury(place, reason, &progress, last.as_ref(), payload);
            }
            Command::Health { health, standing } => self.effects.found_out(health, &standing),
            Command::Commit(frontiers) => self.source.commit(frontiers),
            Command::Release(epochs) => self.source.release(epochs),
            Command::Pause(epochs) => self.source.pause(epochs),
            Command::Resume(epochs) => self.source.resume(epochs),
        }
    }

    fn send(
        &mut self,
        members: Vec<(RecordPlace, Payload)>,
        batch: Option<DeliveryId>,
        standing: Standing,
        number: u32,
    ) {
        let tell = self.tell_done.clone();
        let keep =
            self.view.read(|registry| registry.account(&standing.webhook.account).map(|it| it.keep.details));
        let keep = keep.unwrap_or_default();
        match self.vault.credentials(&standing) {
            Ok(credentials) => {
                self.sealed.pass();
                let attempts = Arc::clone(&self.attempts);
                let call = Call { members, batch, standing, keep, number, credentials };
                tokio::spawn(async move {
                    let _ = tell.send(attempts.make(call).await);
                });
            }
            Err(error) => {
                tracing::error!(%error, "a webhook cannot be called: its deliveries wait");
                self.sealed.fail(error.to_string());
                let (began, sent) = (self.effects.now(), http::HeaderMap::new());
                let exchange = unsent(Outcome::Sealed);
                let _ = tell.send(Done { members, batch, standing, keep, number, began, sent, exchange });
            }
        }
    }
}
