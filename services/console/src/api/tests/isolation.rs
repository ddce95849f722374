//! What is another's is not there, wherever a request can name it. The document says where that is: a new operation is
//! asked here without a word.

use bytes::Bytes;
use domain::{Change, DeathReason, State};
use history::entry::{Entry, Read};
use serde_json::{Value, json};
use wire::{Headers, Record};

use super::history::{attempt, letter};
use super::{Answer, call, call_with};
use crate::api::document::document;
use crate::testing::*;
use crate::world::World as _;

const WEBHOOK: &str = "wh_a";
const ACCOUNT: &str = "acme";

/// An operation of the document.
struct Asked {
    method: String,
    path: String,
    operation: &'static Value,
}

impl Asked {
    fn all() -> Vec<Self> {
        let paths = document::<Fake>()["paths"].as_object().unwrap().iter();
        let each = |(path, methods): (&String, &'static Value)| {
            let path = path.clone();
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| Self {
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                operation,
            })
        };
        paths.flat_map(each).collect()
    }

    fn is_operators(&self) -> bool {
        self.operation["security"][0]["key"][0] == "operator"
    }

    fn owner(&self) -> &'static str {
        if self.is_operators() { OPERATOR } else { ACME }
    }

    /// A body that is good.
    fn body(&self) -> Value {
        self.operation["requestBody"]["content"]["application/json"]["example"].clone()
    }

    fn reads(&self, parameter: &str) -> bool {
        let all = self.operation["parameters"].as_array().into_iter().flatten();
        all.into_iter().any(|it| it["in"] == "query" && it["name"] == parameter)
    }

    /// Whether a body may have this member.
    fn takes(&self, member: &str) -> bool {
        let schema = &self.operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = schema.as_str().and_then(|it| it.rsplit('/').next()).unwrap_or_default();
        document::<Fake>()["components"]["schemas"][name]["properties"][member].is_object()
    }

    fn name(&self) -> &'static str {
        self.operation["operationId"].as_str().unwrap()
    }
}

const LETTER: &str = "postbode.dead-letters.deliveries-0-1";

/// The letter in Kafka.
fn record() -> Record {
    Record {
        topic: "postbode.dead-letters.deliveries".into(),
        partition: domain::Partition(0),
        offset: domain::Offset(1),
        timestamp: NOW,
        key: None,
        value: Some(Bytes::from_static(b"{}")),
        headers: Headers::new(),
    }
}

/// Two accounts, of which the first has one of everything.
struct Theirs {
    world: Fake,
    job: String,
}

impl Theirs {
    async fn new() -> Self {
        let world = Fake::new(registry());
        world.put(Change::Webhook(Box::new(webhook(WEBHOOK, ACCOUNT, State::Active))));
        world.hold(vec![record()]);
        let mut letter = letter(LETTER, Some(ACCOUNT), 60, DeathReason::Gone);
        letter.webhook = Some(WEBHOOK.into());
        let entries = [Entry::Attempt(attempt("d1", ACCOUNT, WEBHOOK, 100, 500)), Entry::DeadLetter(letter)];
        let read = |(offset, entry)| Read {
            topic: "t".into(),
            partition: domain::Partition(0),
            offset: domain::Offset(offset),
            timestamp: NOW,
            entry: Some(entry),
        };
        let reads: Vec<_> = (0..).zip(entries).map(read).collect();
        let history = world.with_history().await;
        history.write(&reads).await.unwrap();
        let since = json!({"since": "2025-12-31T00:00:00Z"});
        let path = format!("/v1/webhooks/{WEBHOOK}/backfill");
        let job = call(&world, ACME, "POST", &path, since).await.expect(202).id();
        history.write(&super::audit::read(&world.audited())).await.unwrap();
        Self { world, job }
    }

    /// The id of theirs that fits into a path.
    fn id(&self, path: &str) -> String {
        match path.split('/').nth(2).unwrap_or_default() {
            "accounts" => ACCOUNT.to_owned(),
            "dead-letters" => LETTER.to_owned(),
            "deliveries" => "d1".to_owned(),
            "jobs" => self.job.clone(),
            "keys" => format!("key_{READER}"),
            "webhooks" => WEBHOOK.to_owned(),
            other => panic!("{path}: which of their {other} is it? Add one to Theirs"),
        }
    }

    async fn ask(&self, key: &str, asked: &Asked, path: &str, body: Value) -> Answer {
        call_with(&self.world, key, &asked.method, path, &[("if-match", "\"1\"")], body).await
    }

    /// All that an operation could have changed.
    async fn state(&self) -> (String, Value, Vec<Option<Bytes>>, bool) {
        let registry = self.world.look(|registry| format!("{registry:?}")).unwrap();
        let jobs = call(&self.world, OPERATOR, "GET", "/v1/jobs", Value::Null).await.expect(200).body;
        let sent = self.world.sent().into_iter().map(|record| record.value).collect();
        (registry, jobs, sent, self.world.posted().is_some())
    }
}

/// Says no as if it were not there; or, to those who may not at all, that.
#[track_caller]
fn refused(asked: &Asked, path: &str, answer: &Answer) {
    let wanted = if asked.is_operators() { (403, "forbidden") } else { (404, "not-found") };
    let got = (answer.status.as_u16(), answer.text("code"));
    assert_eq!((got.0, got.1.as_str()), wanted, "{} {path}: {}", asked.name(), answer.text);
}

#[tokio::test]
async fn no_operation_reaches_anothers_object_by_its_id() {
    let mut seen = 0;
    for asked in Asked::all().iter().filter(|it| it.path.contains("{id}")) {
        let theirs = Theirs::new().await;
        let path = asked.path.replace("{id}", &theirs.id(&asked.path));
        let before = theirs.state().await;
        refused(asked, &path, &theirs.ask(BOLT, asked, &path, asked.body()).await);
        assert!(theirs.state().await == before, "{} changed something", asked.name());
        // The owner is not told that: the id is good, and it was the account that counted.
        let own = theirs.ask(asked.owner(), asked, &path, asked.body()).await;
        assert!(!matches!(own.status.as_u16(), 401 | 403 | 404), "{} {path}: {}", asked.name(), own.text);
        seen += 1;
    }
    assert!(seen >= 20, "{seen}");
}

#[tokio::test]
async fn no_operation_reaches_anothers_things_by_a_query() {
    for asked in Asked::all().iter().filter(|it| !it.path.contains("{id}")) {
        let theirs = Theirs::new().await;
        if asked.reads("account") {
            let path = format!("{}?account={ACCOUNT}", asked.path);
            refused(asked, &path, &theirs.ask(BOLT, asked, &path, asked.body()).await);
        }
        if asked.reads("webhook") {
            let path = format!("{}?webhook={WEBHOOK}", asked.path);
            let answer = theirs.ask(BOLT, asked, &path, asked.body()).await.expect(200);
            assert_eq!(answer.body["items"], json!([]), "{}", asked.name());
            let own = theirs.ask(ACME, asked, &path, asked.body()).await.expect(200);
            assert_ne!(own.body["items"], json!([]), "{}", asked.name());
        }
    }
}

#[tokio::test]
async fn no_operation_reaches_anothers_things_by_its_body() {
    for asked in &Asked::all() {
        let theirs = Theirs::new().await;
        for (member, value) in [("account", ACCOUNT), ("webhook", WEBHOOK)] {
            if asked.takes(member) {
                let mut body = asked.body();
                body[member] = value.into();
                let before = theirs.state().await;
                refused(asked, member, &theirs.ask(BOLT, asked, &asked.path, body).await);
                assert!(theirs.state().await == before, "{} changed something", asked.name());
            }
        }
    }
}

#[tokio::test]
async fn lists_without_a_filter_show_only_ones_own() {
    for asked in Asked::all().iter().filter(|it| it.method == "GET" && it.reads("limit")) {
        if asked.path.contains("{id}") || asked.is_operators() {
            continue;
        }
        let theirs = Theirs::new().await;
        let answer = theirs.ask(BOLT, asked, &asked.path, Value::Null).await.expect(200);
        let items = answer.body["items"].as_array().unwrap();
        assert!(items.iter().all(|it| it["account"] != ACCOUNT && it["id"] != ACCOUNT), "{}", answer.text);
        let own = theirs.ask(ACME, asked, &asked.path, Value::Null).await.expect(200);
        assert!(!own.body["items"].as_array().unwrap().is_empty(), "{} has nothing to hide", asked.name());
    }
}
