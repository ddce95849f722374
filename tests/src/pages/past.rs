//! A past to look at: accounts, webhooks, events, and what became of them.

use std::sync::Arc;
use std::time::Duration;

use domain::{DeathReason, Offset, Partition, Timestamp};
use harness::{Hook, World};
use serde_json::json;
use stream::{SendError, Sink, Written};
use wire::attempt::{Attempt, Durations, Member};
use wire::dead_letter::{self, Death};
use wire::{Headers, OutRecord, Record, names, text};

const ACCOUNTS: u64 = 20;
/// Of each account.
const WEBHOOKS: u64 = 5;
const KINDS: [&str; 6] = ["delivery", "open", "click", "bounce", "failure", "unsubscribe"];
/// One in so many attempts failed for good.
const DEAD: u64 = 20;
/// Events that Kafka still has, which deliveries' pages read.
const EVENTS: usize = 300;
/// Records on their way at once.
const BURST: u64 = 10_000;

/// What was written.
pub(crate) struct Past {
    key: String,
    account: String,
    hook: String,
    delivered: String,
    dead: String,
}

impl Past {
    /// Writes it, so that it ends about now.
    pub(crate) async fn write(world: &World, attempts: u64) -> Self {
        let mut hooks = Vec::new();
        let mut key = String::new();
        for n in 0..ACCOUNTS {
            let account = format!("account-{n}");
            key = world.account(&account).await;
            for _ in 0..WEBHOOKS {
                hooks.push(world.create_hook(&account, "https://hooks.example/in", &[], json!({})).await);
            }
        }
        let last = ACCOUNTS - 1;
        world.clicks(&format!("account-{last}"), EVENTS).await;
        let sink = world.sink();
        let end = present();
        for from in (0..attempts).step_by(usize::try_from(BURST).unwrap()) {
            for n in from..(from + BURST).min(attempts) {
                let started = end - Duration::from_millis((attempts - n) * 80);
                write(world, &sink, &hooks, n, started);
            }
            sink.flush(Duration::from_secs(60)).await.unwrap();
        }
        // The last account's last one that went well, and its last one that died.
        let of = |died: bool| {
            let found = (0..attempts).rev().find(|n| n % ACCOUNTS == last && is_dead(*n) == died);
            found.map(delivery).unwrap_or_default()
        };
        let hook = hooks[usize::try_from(last * WEBHOOKS).unwrap()].id.clone();
        Self { key, account: format!("account-{last}"), hook, delivered: of(false), dead: of(true) }
    }

    /// The key of the last account, which has seen everything.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Every page that shows something of it.
    pub(crate) fn pages(&self) -> Vec<String> {
        let Self { key: _, account, hook, delivered, dead } = self;
        let mut pages = vec![
            "/webhooks".to_owned(),
            format!("/webhooks?account={account}"),
            "/webhooks/new".to_owned(),
            format!("/webhooks/{hook}"),
            format!("/webhooks/{hook}/edit"),
            format!("/webhooks/{hook}/verify"),
            "/deliveries".to_owned(),
            format!("/deliveries?webhook={hook}"),
            "/deliveries?type=click".to_owned(),
            "/deliveries?state=dead".to_owned(),
            "/deliveries?status=418".to_owned(),
            "/deliveries?recipient=reader-77@example.com".to_owned(),
            format!("/deliveries/{delivered}"),
            format!("/deliveries/{dead}"),
            "/dead-letters".to_owned(),
            format!("/accounts/{account}"),
            format!("/operator/accounts/{account}"),
        ];
        pages.extend(
            ["/operator", "/audit", "/event-types", "/event-types/click", "/reference"].map(str::to_owned),
        );
        pages
    }
}

/// One attempt, and the dead letter of one that failed for good.
fn write(world: &World, sink: &Sink, hooks: &[Hook], n: u64, started: Timestamp) {
    let hook = &hooks[usize::try_from(n % ACCOUNTS * WEBHOOKS + n / ACCOUNTS % WEBHOOKS).unwrap()];
    let (account, id) = (format!("account-{}", n % ACCOUNTS), delivery(n));
    let is_dead = is_dead(n);
    let member = Member {
        delivery: id.as_str().into(),
        event: format!("event-{n:x}").into(),
        kind: kind(n).into(),
        message: Some(format!("message-{n:x}").into()),
        recipient: Some(format!("reader-{}@example.com", n % 50_000).into()),
        origin: Some(format!("{}-{}", n % 3, n % 90)),
        backfill: None,
        replays: 0,
    };
    let attempt = Attempt {
        v: 1,
        webhook: hook.id.as_str().into(),
        account: account.as_str().into(),
        first: member.clone(),
        number: if is_dead { 4 } else { 1 },
        started_at: text::rfc3339(started),
        duration: Durations { total_ms: (n % 997) as f64 / 3.0, ..Durations::default() },
        url: "https://hooks.example/in".into(),
        request_headers: vec![
            ("webhook-id".into(), id.as_str().into()),
            ("user-agent".into(), "Postbode".into()),
        ],
        outcome: if is_dead { "server-error" } else { "success" }.into(),
        status: Some(if is_dead { 503 } else { 204 }),
        error: is_dead.then(|| "the endpoint answered 503".to_owned()),
        response_headers: vec![("server".into(), "nginx".into())],
        response_body: None,
        next_due: None,
        trace: None,
        test: false,
        members: Vec::new(),
    };
    let value = Some(serde_json::to_vec(&attempt).unwrap().into());
    let (topic, key) = (Arc::clone(&world.topics.attempts), Some(hook.id.clone().into()));
    sink.send_then(&OutRecord { topic, key, value, headers: Headers::new() }, done);
    if is_dead {
        sink.send_then(&letter(world, hook, &account, &member, started), done);
    }
}

fn letter(world: &World, hook: &Hook, account: &str, member: &Member<'_>, at: Timestamp) -> OutRecord {
    let mut headers = Headers::new();
    for (name, value) in [
        (names::CE_ID, &*member.event),
        (names::CE_TYPE, &*member.kind),
        (names::CE_SOURCE, "/pages"),
        (names::CE_ACCOUNT, account),
        (names::WEBHOOK, &hook.id),
        (names::DELIVERY, &*member.delivery),
        (names::ORIGIN, member.origin.as_deref().unwrap_or_default()),
    ] {
        headers.push(name, value.to_owned());
    }
    let record = Record {
        topic: Arc::clone(&world.topics.deliveries),
        partition: Partition(0),
        offset: Offset(0),
        timestamp: at,
        key: None,
        value: Some("{}".into()),
        headers: headers.clone(),
    };
    let death = Death {
        reason: DeathReason::Exhausted,
        message: "it was tried for too long".to_owned(),
        attempts: 4,
        last_status: Some(503),
        last_error: Some("the endpoint answered 503".to_owned()),
    };
    dead_letter::bury(&record, headers, &world.topics.dead_deliveries, "pages", &death)
}

fn done(sent: Result<Written, SendError>) {
    sent.unwrap();
}

/// Webhooks and kinds differ from those next to it.
fn is_dead(n: u64) -> bool {
    n / ACCOUNTS % DEAD == DEAD - 1
}

fn kind(n: u64) -> &'static str {
    KINDS[usize::try_from(n / ACCOUNTS).unwrap() % KINDS.len()]
}

fn delivery(n: u64) -> String {
    // As far apart in the index as hashes are.
    format!("dlv_{:016x}{n:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[expect(clippy::disallowed_methods, reason = "the history forgets by the clock on the wall")]
fn present() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}
