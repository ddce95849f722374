//! A proxy before a broker, which understands as much of Kafka's protocol as it takes to be in the way: it holds answers
//! back, and refuses commits and writes.
//!
//! Brokers tell clients their address; in every answer it is replaced by the proxy's. Lengths do not change, since both
//! are `127.0.0.1` and a number of four bytes.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

const PRODUCE: i16 = 0;
const OFFSET_COMMIT: i16 = 8;
const HOST: &[u8] = b"127.0.0.1";

/// A running proxy; ends when dropped.
pub struct Proxy {
    state: Arc<State>,
    port: u16,
    accepting: JoinHandle<()>,
}

struct State {
    broker: String,
    delay_ms: AtomicU64,
    hold: watch::Sender<bool>,
    refuse: AtomicBool,
    refused: AtomicU64,
    /// Topics to which nothing is written.
    unwritable: Mutex<Vec<String>>,
}

impl Proxy {
    /// Before a broker on `127.0.0.1`.
    pub async fn start(broker: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            broker: broker.to_owned(),
            delay_ms: AtomicU64::new(0),
            hold: watch::Sender::new(false),
            refuse: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            unwritable: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, Arc::clone(&shared), port));
            }
        });
        Self { state, port, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Holds each answer back this long.
    pub fn delay(&self, delay: Duration) {
        self.state.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Whether all answers are kept until they are let go: the broker seems to hang.
    pub fn hold(&self, hold: bool) {
        self.state.hold.send_replace(hold);
    }

    /// Writes to these topics are refused, and no others.
    pub fn refuse_writes(&self, topics: &[&str]) {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        *self.state.unwritable.lock().unwrap_or_else(PoisonError::into_inner) = topics;
    }

    /// Whether commits are refused.
    pub fn refuse_commits(&self, refuse: bool) {
        self.state.refuse.store(refuse, Ordering::Relaxed);
    }

    /// How many were.
    pub fn refused(&self) -> u64 {
        self.state.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, state: Arc<State>, port: u16) {
    let Ok(broker) = TcpStream::connect(&state.broker).await else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let broker_port = broker.peer_addr().map_or(0, |address| address.port());
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    tokio::select! {
        _ = questions(from_client, to_broker, &state) => {}
        _ = answers(from_broker, to_client, &state, [place(broker_port), place(port)]) => {}
    }
}

/// An address as answers have it: the host's text, and the port after it.
fn place(port: u16) -> Vec<u8> {
    [HOST, &i32::from(port).to_be_bytes()].concat()
}

async fn questions(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    state: &State,
) -> io::Result<()> {
    loop {
        let mut frame = read_frame(&mut from).await?;
        if state.refuse.load(Ordering::Relaxed) && frame.starts_with(&OFFSET_COMMIT.to_be_bytes()) {
            state.refused.fetch_add(1, Ordering::Relaxed);
            misdirect(&mut frame);
        }
        if frame.starts_with(&PRODUCE.to_be_bytes()) {
            let unwritable = state.unwritable.lock().unwrap_or_else(PoisonError::into_inner).clone();
            unwritable.iter().for_each(|topic| misplace(&mut frame, topic));
        }
        write_frame(&mut to, &frame).await?;
    }
}

/// Spoils the name of the group: the broker knows none of that name with such a generation, and refuses by itself.
/// Before the name stand key, version, correlation id, the client's id with its length, and two bytes: the name's
/// length, or from version 8 on a byte for tags and a shorter length.
fn misdirect(frame: &mut [u8]) {
    let Some(client) = number(frame, 8) else { return };
    if let Some(byte) = frame.get_mut(12 + client) {
        *byte = b'?';
    }
}

/// How far behind a question's head the name of the first topic is, at most, that something is written to. A client writes to
/// one topic with each question.
const TOPIC_WITHIN: usize = 40;

/// Spoils the name of a topic that is written to: the broker knows none of that name, and refuses by itself.
fn misplace(frame: &mut [u8], topic: &str) {
    let Some(from) = number(frame, 8).map(|client| 10 + client) else { return };
    let end = frame.len().min(from + TOPIC_WITHIN + topic.len());
    let Some(head) = frame.get(from..end) else { return };
    if let Some(at) = head.windows(topic.len()).position(|name| name == topic.as_bytes()) {
        frame[from + at] = b'?';
    }
}

fn number(frame: &[u8], at: usize) -> Option<usize> {
    let bytes = frame.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
}

async fn answers(
    mut from: tcp::OwnedReadHalf,
    to: tcp::OwnedWriteHalf,
    state: &State,
    [theirs, ours]: [Vec<u8>; 2],
) -> io::Result<()> {
    let (pass, passed) = mpsc::unbounded_channel();
    let read = async {
        loop {
            let mut frame = read_frame(&mut from).await?;
            let found = frame.windows(theirs.len()).enumerate().filter(|(_, window)| *window == theirs);
            for at in found.map(|(at, _)| at).collect::<Vec<_>>() {
                frame[at..at + ours.len()].copy_from_slice(&ours);
            }
            let due = Instant::now() + Duration::from_millis(state.delay_ms.load(Ordering::Relaxed));
            // It is gone when its client is.
            let _ = pass.send((due, frame));
        }
    };
    tokio::select! {
        ended = read => ended,
        ended = let_go(passed, to, state) => ended,
    }
}

/// Answers, each when it is due: one does not wait for the delay of those before it.
async fn let_go(
    mut passed: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
    mut to: tcp::OwnedWriteHalf,
    state: &State,
) -> io::Result<()> {
    let mut held = state.hold.subscribe();
    while let Some((due, frame)) = passed.recv().await {
        sleep_until(due).await;
        // The sender lives as long as this.
        let _ = held.wait_for(|hold| !hold).await;
        write_frame(&mut to, &frame).await?;
    }
    Ok(())
}

async fn read_frame(from: &mut tcp::OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_i32().await?).unwrap_or(0);
    let mut frame = vec![0; length.min(64 << 20)];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}

async fn write_frame(to: &mut tcp::OwnedWriteHalf, frame: &[u8]) -> io::Result<()> {
    let length = i32::try_from(frame.len()).unwrap_or(i32::MAX).to_be_bytes();
    to.write_all(&[&length[..], frame].concat()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misdirected_commit_names_another_group() {
        // Key 8, version, correlation id, client "pb"; then in version 8 tags, and the group with its length.
        let mut newer = [&[0, 8, 0, 8, 0, 0, 0, 1, 0, 2, b'p', b'b', 0, 6][..], b"group"].concat();
        let mut older = [&[0, 8, 0, 7, 0, 0, 0, 1, 0, 2, b'p', b'b', 0, 5][..], b"group"].concat();
        for frame in [&mut newer, &mut older] {
            misdirect(frame);
            assert!(frame.ends_with(b"?roup"), "{frame:?}");
        }
    }

    #[test]
    fn a_misplaced_write_names_another_topic_and_keeps_its_records() {
        // Key 0, version 9, correlation id, client "pb", tags, no transaction, all replicas, time-out, one topic with its length.
        let head = [0, 0, 0, 9, 0, 0, 0, 1, 0, 2, b'p', b'b', 0, 0, 255, 255, 0, 0, 0, 1, 2, 9];
        let write = [&head[..], b"p.events and its records, of p.events"].concat();
        let mut refused = write.clone();
        misplace(&mut refused, "p.events");
        assert!(refused.ends_with(b"?.events and its records, of p.events"), "{refused:?}");
        let mut other = write.clone();
        misplace(&mut other, "p.deliveries");
        assert_eq!(other, write);
    }
}
