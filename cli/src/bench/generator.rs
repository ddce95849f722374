//! The load: requests written out beforehand, sent to ingest over plain connections, flat out or at a pace.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::AccountId;
use futures::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::micros;
use super::http1::{Connection, Kind};
use super::payload;

/// What is sent, and where to. The requests are sent in turn.
pub(super) struct Load {
    /// Who is asked.
    pub(super) address: SocketAddr,
    /// What is sent.
    pub(super) requests: Vec<Request>,
    /// How many connections send at once.
    pub(super) connections: usize,
    /// What it looks like from outside while it runs.
    pub(super) gate: Gate,
}

/// How far a load has come, and whether it may go on.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Events that were answered with success so far.
    pub(super) accepted: AtomicU64,
    /// Nothing more is sent while this is set.
    pub(super) closed: AtomicBool,
}

/// One request, ready to be written.
pub(super) struct Request {
    bytes: Vec<u8>,
    /// Where the time of sending goes, if one event is sent.
    at: Option<Range<usize>>,
    events: u64,
}

/// How requests follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// The next one as soon as one is answered.
    FlatOut,
    /// So many a second over all connections, whatever the answers: a late one is sent with the time when it was due.
    PerSecond(u32),
}

/// What became of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sent {
    /// Events that were answered with success.
    pub(super) accepted: u64,
    /// Those of them that carry a time.
    pub(super) timed: u64,
    /// Requests that were not.
    pub(super) refused: u64,
    /// When the first one was sent, in microseconds since 1970.
    pub(super) began: u64,
    /// From the first request to the last answer.
    pub(super) seconds: f64,
}

/// A connection waits so long after a refusal.
const PAUSE: Duration = Duration::from_millis(20);
/// How often a closed gate is tried.
const GATE: Duration = Duration::from_millis(5);
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What sends later than this after its time says when it should have been sent. The timer itself is a millisecond wide.
const SLACK: u64 = 2_000;

impl Load {
    /// Events of these accounts, so many to a request. Accounts and events take turns.
    pub(super) fn events(
        address: &str,
        key: &str,
        accounts: &[AccountId],
        events: &[Vec<u8>],
        batch: usize,
    ) -> anyhow::Result<Self> {
        let address = address.parse().context("ingest's address")?;
        let per_account = if batch == 1 { 4 } else { 1 };
        let requests = (0..accounts.len() * per_account).map(|number| {
            let picked = (0..batch).map(|nth| events[(number * batch + nth) % events.len()].as_slice());
            request(address, key, &accounts[number % accounts.len()], &picked.collect::<Vec<_>>())
        });
        Ok(Self { address, requests: requests.collect(), connections: 64, gate: Gate::default() })
    }

    /// Sends until time is up, then waits for the last answers. Events sent during the first `warm_up` carry no time.
    pub(super) async fn run(
        self: &Arc<Self>,
        pace: Pace,
        warm_up: Duration,
        length: Duration,
    ) -> anyhow::Result<Sent> {
        let began = Instant::now();
        let plan = Plan { pace, began, timed_from: began + warm_up, until: began + warm_up + length };
        let first = micros();
        let workers = (0..self.connections).map(|number| tokio::spawn(Arc::clone(self).work(number, plan)));
        let mut sum = Sent { began: first, ..Sent::default() };
        for sent in join_all(workers).await {
            let sent = sent??;
            sum.accepted += sent.accepted;
            sum.timed += sent.timed;
            sum.refused += sent.refused;
        }
        sum.seconds = began.elapsed().as_secs_f64();
        Ok(sum)
    }

    async fn work(self: Arc<Self>, number: usize, plan: Plan) -> anyhow::Result<Sent> {
        let mut connection = connect(self.address).await?;
        let (mut sent, mut text) = (Sent::default(), Vec::new());
        for turn in 0.. {
            let nth = turn * self.connections + number;
            let due = plan.due(nth);
            if let Some(due) = due {
                sleep_until(due.min(plan.until)).await;
            }
            while self.gate.closed.load(Ordering::Relaxed) && Instant::now() < plan.until {
                sleep(GATE).await;
            }
            let now = Instant::now();
            if now >= plan.until {
                break;
            }
            let request = &self.requests[nth % self.requests.len()];
            text.clear();
            text.extend_from_slice(&request.bytes);
            let timed = now >= plan.timed_from && request.at.is_some();
            if let (true, Some(at)) = (timed, &request.at) {
                payload::stamp(&mut text[at.clone()], sending_time(now, due));
            }
            connection.stream.write_all(&text).await?;
            match tokio::time::timeout(PATIENCE, connection.next()).await {
                Ok(Ok(Some(head))) => {
                    connection.done(&head);
                    if (200..300).contains(&head.status) {
                        sent.accepted += request.events;
                        self.gate.accepted.fetch_add(request.events, Ordering::Relaxed);
                        sent.timed += u64::from(timed);
                    } else {
                        sent.refused += 1;
                        sleep(PAUSE).await;
                    }
                }
                Ok(Ok(None) | Err(_)) => {
                    sent.refused += 1;
                    connection = connect(self.address).await?;
                }
                Err(_) => bail!("no answer within {PATIENCE:?}"),
            }
        }
        Ok(sent)
    }
}

#[derive(Clone, Copy)]
struct Plan {
    pace: Pace,
    began: Instant,
    timed_from: Instant,
    until: Instant,
}

impl Plan {
    /// When the nth request is due; nothing if at once.
    fn due(&self, nth: usize) -> Option<Instant> {
        match self.pace {
            Pace::FlatOut => None,
            Pace::PerSecond(rate) => {
                Some(self.began + Duration::from_secs_f64(nth as f64 / f64::from(rate.max(1))))
            }
        }
    }
}

/// What was held up by the answer before it counts from when it was due: else slow answers would hide themselves.
fn sending_time(now: Instant, due: Option<Instant>) -> u64 {
    let late = due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
    let late = u64::try_from(late.as_micros()).unwrap_or(0);
    micros() - if late > SLACK { late } else { 0 }
}

async fn connect(address: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
    Ok(Connection::new(stream, Kind::Response))
}

fn request(address: SocketAddr, key: &str, account: &AccountId, events: &[&[u8]]) -> Request {
    let body = if let [event] = events { event.to_vec() } else { array(events) };
    let head = format!(
        "POST /v1/events?account={account} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let at = (events.len() == 1).then(|| head.len() + payload::AT.start..head.len() + payload::AT.end);
    let bytes = [head.as_bytes(), &body].concat();
    Request { bytes, at, events: events.len() as u64 }
}

fn array(events: &[&[u8]]) -> Vec<u8> {
    [b"[".as_slice(), &events.join(&b","[..]), b"]"].concat()
}

impl Request {
    /// A signed call straight to a receiver: what the ceilings of generator and receiver are measured with.
    pub(super) fn to_receiver(address: SocketAddr, event: &[u8]) -> Self {
        let head = format!(
            "POST /ok/0 HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nuser-agent: Postbode\r\n\
             webhook-id: dlv_00000000000000000000000000000000\r\nwebhook-timestamp: 1769860800\r\n\
             webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\naccept: */*\r\n\
             content-length: {}\r\n\r\n",
            event.len()
        );
        Self { bytes: [head.as_bytes(), event].concat(), at: None, events: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_sent_bare_with_room_for_its_time_and_several_as_an_array() {
        let events = payload::events(1, 3);
        let accounts = [AccountId::from("a"), "b".into()];
        let one = Load::events("127.0.0.1:1", "pbk", &accounts, &events, 1).unwrap();
        let at = one.requests[0].at.clone().unwrap();
        assert_eq!(&one.requests[0].bytes[at], payload::UNTIMED.to_string().as_bytes());
        let many = Load::events("127.0.0.1:1", "pbk", &accounts, &events, 3).unwrap();
        let text = String::from_utf8(many.requests[1].bytes.clone()).unwrap();
        assert!(text.starts_with("POST /v1/events?account=b HTTP/1.1\r\n") && text.contains("\r\n\r\n[{"));
        assert_eq!((many.requests[1].events, many.requests[1].at.is_none()), (3, true));
    }
}
