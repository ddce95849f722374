//! How fast the history is: a million attempts written, then looked for, at rest and while more come in.
//!
//! `cargo run --release -p postbode-history --example million [ATTEMPTS] [DATABASE-URL]`

use std::time::Duration;

use domain::{DeathReason, Offset, Partition, Timestamp};
use history::dead_letters::LetterSearch;
use history::deliveries::Search;
use history::entry::{Attempt, DeadLetter, Entry, Member, Read};
use history::{History, HistorySettings, State};
use tokio::time::{Instant, sleep_until};

const ACCOUNTS: u64 = 20;
const WEBHOOKS: u64 = 200;
const KINDS: [&str; 6] = ["delivery", "open", "click", "bounce", "failure", "unsubscribe"];
/// Records in a transaction, and how many of them a second come in while is looked.
const BATCH: u64 = 2_000;
const RATE: u64 = 5_000;
/// How often each question is asked.
const ASKED: usize = 100;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(1_000_000, |text| text.parse().expect("a number of attempts"));
    let folder = tempfile::tempdir().expect("a folder");
    let url = arguments.next().unwrap_or(format!("sqlite:{}", folder.path().join("history.db").display()));
    let history =
        History::open(&HistorySettings { url, ..HistorySettings::default() }).await.expect("a database");

    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for from in (0..count).step_by(usize::try_from(BATCH).expect("small")) {
        let began = Instant::now();
        history.write(&batch(from..(from + BATCH).min(count))).await.expect("written");
        slowest = slowest.max(began.elapsed());
    }
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = cpu_seconds() * 1e6 / count as f64;
    println!(
        "{count} attempts: {:.0} a second, {cpu:.0} µs of CPU each, slowest transaction {slowest:.0?}",
        count as f64 / seconds
    );

    println!("\n| Question | at rest | at {RATE} attempts/s |\n|---|---|---|");
    let at_rest = measure(&history, count).await;
    let writer = tokio::spawn(keep_writing(history.clone(), count));
    let under_load = measure(&history, count).await;
    writer.abort();
    for ((name, rest), (_, load)) in at_rest.iter().zip(&under_load) {
        println!("| {name} | {:.1} ms | {:.1} ms |", rest.as_secs_f64() * 1e3, load.as_secs_f64() * 1e3);
    }
    history.close().await;
}

/// What this process used so far, where Linux tells: a rate on a shared machine is others' too.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Writes on at the rate, and complains if it cannot keep up.
async fn keep_writing(history: History, from: u64) {
    let begun = Instant::now();
    let pause = Duration::from_millis(BATCH * 1000 / RATE);
    for n in 0_u32.. {
        let (due, from) = (begun + pause * n, from + u64::from(n) * BATCH);
        sleep_until(due).await;
        if due.elapsed() > pause * 5 {
            println!("behind by {:.1?} after {n} transactions", due.elapsed());
        }
        history.write(&batch(from..from + BATCH)).await.expect("written");
    }
}

/// The 95th percentile of each question.
async fn measure(history: &History, count: u64) -> Vec<(&'static str, Duration)> {
    let mut told = Vec::new();
    for (name, ask) in questions() {
        let mut times = Vec::new();
        for turn in 0..ASKED {
            let began = Instant::now();
            ask_one(history, ask(turn as u64 * 7919 % count)).await;
            times.push(began.elapsed());
        }
        times.sort();
        told.push((name, times[ASKED * 95 / 100]));
    }
    told
}

enum Question {
    Deliveries(Search),
    Letters(LetterSearch),
    Counts(LetterSearch),
    One(String),
    Hours(String),
}

async fn ask_one(history: &History, question: Question) {
    match question {
        Question::Deliveries(search) => drop(history.deliveries(&search, None, 51).await.expect("an answer")),
        Question::Letters(search) => drop(history.dead_letters(&search, None, 51).await.expect("an answer")),
        Question::Counts(search) => drop(history.count_dead_letters(&search).await.expect("an answer")),
        Question::One(id) => {
            history.delivery(&id.as_str().into()).await.expect("an answer").expect("a delivery");
            history.attempts(&id.into()).await.expect("an answer");
        }
        Question::Hours(webhook) => drop(history.hours(&webhook, at(0)).await.expect("an answer")),
    }
}

type Ask = fn(u64) -> Question;

fn questions() -> Vec<(&'static str, Ask)> {
    fn of(n: u64) -> Search {
        Search { account: Some(account(n).into()), ..Search::default() }
    }
    fn letters(n: u64) -> LetterSearch {
        LetterSearch { account: Some(account(n).into()), ..LetterSearch::default() }
    }
    vec![
        ("an account's newest", |n| Question::Deliveries(of(n))),
        ("everybody's newest", |_| Question::Deliveries(Search::default())),
        ("by webhook", |n| Question::Deliveries(Search { webhook: Some(webhook(n).into()), ..of(n) })),
        ("by message", |n| Question::Deliveries(Search { message: Some(message(n).into()), ..of(n) })),
        ("by recipient", |n| Question::Deliveries(Search { recipient: Some(recipient(n).into()), ..of(n) })),
        ("by event", |n| {
            Question::Deliveries(Search { event: Some(format!("event-{n:x}").into()), ..of(n) })
        }),
        ("by type", |n| Question::Deliveries(Search { kind: Some(kind(n).into()), ..of(n) })),
        ("by a type that there is not", |n| {
            Question::Deliveries(Search { kind: Some("create".into()), ..of(n) })
        }),
        ("dead ones", |n| Question::Deliveries(Search { state: Some(State::Dead), ..of(n) })),
        ("everybody's dead ones", |_| {
            Question::Deliveries(Search { state: Some(State::Dead), ..Search::default() })
        }),
        ("by a status that there is not", |n| Question::Deliveries(Search { status: Some(418), ..of(n) })),
        ("by outcome", |n| Question::Deliveries(Search { outcome: Some("server-error".into()), ..of(n) })),
        ("a minute in the middle", |n| {
            let (since, until) = (Some(at(60)), Some(at(120)));
            Question::Deliveries(Search { since, until, ..of(n) })
        }),
        ("one with its attempts", |n| Question::One(delivery(n))),
        ("an account's dead letters", |n| Question::Letters(letters(n))),
        ("their counts", |n| Question::Counts(letters(n))),
        ("everybody's counts", |_| {
            Question::Counts(LetterSearch { events: true, ..LetterSearch::default() })
        }),
        ("a webhook's hours", |n| Question::Hours(webhook(n))),
    ]
}

/// Half a millisecond from one attempt to the next.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + seconds * 1000)
}

/// Attempts: of twenty the last but one fails, and its delivery dies.
fn batch(numbers: std::ops::Range<u64>) -> Vec<Read> {
    let mut reads = Vec::new();
    for n in numbers {
        reads.push(read("attempts", n, Entry::Attempt(attempt(n))));
        if n % 20 == 18 {
            reads.push(read("dead-letters.deliveries", n, Entry::DeadLetter(letter(n))));
        }
    }
    reads
}

fn read(topic: &str, n: u64, entry: Entry) -> Read {
    Read {
        topic: topic.into(),
        partition: Partition((n % 12) as i32),
        offset: Offset(n as i64),
        timestamp: at(0),
        entry: Some(entry),
    }
}

/// Numbers in no order, as names that are hashes are.
fn scattered(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

fn delivery(n: u64) -> String {
    format!("dlv_{:016x}{:016x}", scattered(n), scattered(n ^ 0xFFFF))
}

fn account(n: u64) -> String {
    format!("account-{}", webhook_number(n) % ACCOUNTS)
}

fn webhook_number(n: u64) -> u64 {
    scattered(n) % WEBHOOKS
}

fn webhook(n: u64) -> String {
    format!("wh_{:032x}", webhook_number(n))
}

fn message(n: u64) -> String {
    format!("{:016x}@mail.example.com", scattered(n / 4 + 1))
}

fn recipient(n: u64) -> String {
    format!("person{}@example.com", scattered(n) % 200_000)
}

fn kind(n: u64) -> &'static str {
    KINDS[(scattered(n) >> 20) as usize % KINDS.len()]
}

fn member(n: u64) -> Member {
    Member {
        delivery: delivery(n).into(),
        event: format!("event-{n:x}").into(),
        kind: kind(n).into(),
        message: Some(message(n).into()),
        recipient: Some(recipient(n).into()),
        origin: Some(format!("{}-{n}", n % 12).into()),
        replays: 0,
    }
}

fn attempt(n: u64) -> Attempt {
    let fails = n % 20 == 18;
    let headers = "x".repeat(900);
    Attempt {
        name: delivery(n).into(),
        webhook: webhook(n).into(),
        account: account(n).into(),
        number: 1,
        started_at: Timestamp::from_millis(at(0).as_millis() + (n / 2) as i64),
        took_ms: (scattered(n) % 400) as f64,
        outcome: if fails { "server-error" } else { "success" }.into(),
        status: Some(if fails { 503 } else { 200 }),
        next_due: None,
        test: false,
        members: vec![member(n)],
        record: format!("{{\"v\":1,\"number\":{n},\"headers\":\"{headers}\"}}"),
    }
}

fn letter(n: u64) -> DeadLetter {
    DeadLetter {
        place: format!("dead-letters.deliveries-{}-{n}", n % 12).into(),
        died_at: Timestamp::from_millis(at(0).as_millis() + (n / 2) as i64 + 10),
        is_event: false,
        account: Some(account(n).into()),
        webhook: Some(webhook(n).into()),
        delivery: Some(member(n)),
        event: Some(format!("event-{n:x}").into()),
        kind: Some(kind(n).into()),
        reason: if n % 60 == 18 { DeathReason::Gone } else { DeathReason::Exhausted },
        explanation: "the schedule is spent".into(),
        attempts: 1,
        status: Some(503),
        error: Some("the endpoint answered 503".into()),
    }
}
