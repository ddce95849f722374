//! `postbode demo`: everything for real on this machine, and books that must balance.

mod books;
mod letters;
mod load;
mod receiver;
mod services;
mod show;
mod tenant;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use process::Secret;
use tokio::time::{Instant, sleep};
use wire::HumanDuration;

use self::books::Books;
use self::load::Load;
use self::receiver::Receiver;
use self::services::Plan;
use self::show::Show;
use crate::context::Context;
use crate::local::{Children, Kafka, Place};
use crate::output::{hex, line};
use crate::signals::Interrupts;

/// The arguments of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Send so many events. Without this the stream goes on until Ctrl-C
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    events: Option<u64>,
    /// End when the events are sent and the books balance
    #[arg(long, requires = "events")]
    exit: bool,
    /// Events a second [default: 50, or with --events as fast as they are taken]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    /// Let Kafka run on afterwards, to look into it
    #[arg(long)]
    keep: bool,
}

/// The retry delays: a dead letter is to be seen within seconds.
const TIERS: [u64; 3] = [1, 2, 5];
/// Enough for two cores, and quick to create.
const PARTITIONS: i32 = 4;
const DEFAULT_RATE: u32 = 50;
/// How long nothing may move before what is open counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the services may take to stop; they give themselves ten seconds.
const GRACE: Duration = Duration::from_secs(15);

/// Runs the demo.
pub(crate) async fn run(args: DemoArgs, context: Context) -> anyhow::Result<()> {
    let place = Place::find("demo")?;
    let mut interrupts = Interrupts::listen()?;
    let show = Show::new(context.json);
    let given = context.names_kafka.then_some(context.kafka.bootstrap_servers.as_str());
    let is_given = given.is_some();
    show.step(if is_given { "using the Kafka that is given" } else { "starting Kafka" });
    let kafka = Kafka::start(given, &place).await?;
    let demo =
        Demo { context: demo_context(context, &kafka.bootstrap_servers), place, books: Arc::default(), show };

    let mut children = Children::new();
    let played = demo.play(&args, &mut children, &mut interrupts).await;
    let complaints = children.stop(GRACE).await;
    complaints.iter().for_each(|complaint| demo.show.note(complaint));
    let letters = show::newest_letters(&demo.context).await;
    let left = kafka.leave(args.keep, &demo.context).await;
    let seconds = played?.as_secs_f64();

    let balance = demo.books.balance();
    demo.show.summary(&balance, letters.as_deref());
    demo.show.leftovers(&left?, (args.keep || !is_given).then_some(&demo.context));
    line(balance.json(seconds));
    let (lost, bad) = (balance.open(), balance.bad_signatures);
    anyhow::ensure!(
        balance.is_good(),
        "the books do not balance: {lost} deliveries lost, {bad} calls not genuine"
    );
    Ok(())
}

/// Topics of its own, and short delays.
fn demo_context(mut context: Context, bootstrap_servers: &str) -> Context {
    let random: [u8; 4] = rand::random();
    context.kafka.bootstrap_servers = bootstrap_servers.to_owned();
    let topics = &mut context.topic_settings;
    topics.prefix = format!("demo-{:08x}.", u32::from_be_bytes(random));
    topics.retry_tiers = TIERS.map(|seconds| HumanDuration(Duration::from_secs(seconds))).to_vec();
    topics.partitions = PARTITIONS;
    context
}

struct Demo {
    context: Context,
    place: Place,
    books: Arc<Books>,
    show: Show,
}

impl Demo {
    /// From the topics to balanced books: how long it took from the first event to the last delivery.
    async fn play(
        &self,
        args: &DemoArgs,
        children: &mut Children,
        interrupts: &mut Interrupts,
    ) -> anyhow::Result<Duration> {
        let load = tokio::select! {
            load = self.set_up(args, children) => load?,
            () = interrupts.next() => anyhow::bail!("interrupted before it began"),
        };
        tokio::select! {
            done = self.stream(&load, args, interrupts) => done,
            Err(failed) = letters::follow(&self.context, Arc::clone(&self.books)) => Err(failed),
            death = children.died() => Err(death),
            never = self.show.live(&self.books) => match never {},
        }
    }

    /// Everything up to the first event.
    async fn set_up(&self, args: &DemoArgs, children: &mut Children) -> anyhow::Result<Load> {
        let Self { context, place, books, show } = self;
        show.step("creating topics");
        let admin = stream::Admin::new(&context.kafka)?;
        admin.wait_ready(PATIENCE).await?;
        admin.create(&context.topics()?.specs()).await?;
        let receiver = Receiver::start(Arc::clone(books), place.work.join("verification")).await?;

        show.step("starting the services");
        let operator_key = Secret::new(format!("pbk_{}", hex(&rand::random::<[u8; 32]>())));
        let seal_key = Secret::new(format!("demo:{}", STANDARD.encode(rand::random::<[u8; 32]>())));
        let plan = Plan { context, seal_key, operator_key };
        let addresses = services::start(&plan, place, children).await?;

        show.step("creating an account and three webhooks, and verifying them by their files");
        let tenant = tenant::create(&addresses, &plan.operator_key, &receiver).await?;
        show.started(context, place, &addresses, &plan.operator_key);
        Ok(Load {
            sender: tenant.sender,
            account: tenant.account,
            hooks: tenant.hooks,
            books: Arc::clone(books),
            events: args.events,
            rate: args.rate.or(args.events.is_none().then_some(DEFAULT_RATE)),
        })
    }

    /// Sends until all is sent or somebody wants to end, then waits for what is on its way.
    async fn stream(
        &self,
        load: &Load,
        args: &DemoArgs,
        interrupts: &mut Interrupts,
    ) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let stop = AtomicBool::new(false);
        let run = uuid::Uuid::now_v7().to_string();
        let mut sending = std::pin::pin!(load.run(&run, &stop));
        tokio::select! {
            sent = &mut sending => {
                sent?;
                if !args.exit {
                    self.show.note("all events are sent; Ctrl-C ends the demo");
                    interrupts.next().await;
                }
            }
            () = interrupts.next() => {
                self.show.note("waiting for what is on its way; Ctrl-C again gives up");
                stop.store(true, Ordering::Relaxed);
                sending.await?;
            }
        }
        tokio::select! {
            () = self.balanced() => {}
            () = interrupts.next() => self.show.note("given up"),
        }
        Ok(began.elapsed())
    }

    /// Returns when nothing is open, or nothing has moved for long.
    async fn balanced(&self) {
        let mut last = self.books.balance();
        let mut moved = Instant::now();
        while !last.is_even() && moved.elapsed() < PATIENCE {
            sleep(Duration::from_millis(50)).await;
            let balance = self.books.balance();
            if balance != last {
                (last, moved) = (balance, Instant::now());
            }
        }
        // A duplicate would come right behind.
        sleep(Duration::from_millis(500)).await;
    }
}
