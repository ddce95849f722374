//! The receiver: a process of its own, on one thread, that answers at once and counts. What it does is said by a path's
//! first word: `/ok` succeeds, `/slow` succeeds after 50 ms, `/fail` is 503, `/hang` never answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::book::Book;
use crate::bench::http1::{Connection, Head, Kind};
use crate::output::line;

/// How long `/slow` takes.
const SLOW: Duration = Duration::from_millis(50);
/// Ports, each a host of its own to a client's pool of connections, as many customers' hosts would be.
const PORTS: usize = 100;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

/// Serves until standard input ends: the benchmark holds it, so the receiver never outlives it.
pub(in crate::bench) async fn run() -> anyhow::Result<()> {
    let serve = || tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve());
    tokio::task::spawn_blocking(serve).await?
}

async fn serve() -> anyhow::Result<()> {
    let desk = Arc::new(Desk { book: Mutex::new(Book::new()), files: Mutex::default() });
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for _ in 0..PORTS {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the receiver cannot listen")?;
        addresses.push(listener.local_addr()?);
        tokio::spawn(accept(listener, Arc::clone(&desk)));
    }
    line(json!({ "addresses": addresses }));
    let mut nothing = [0; 64];
    while tokio::io::stdin().read(&mut nothing).await? > 0 {}
    Ok(())
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, Arc::clone(&desk)))),
            // Too many open files, say: some will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, for as long as its client keeps it. A client that breaks it off needs no answer.
async fn converse(stream: TcpStream, desk: Arc<Desk>) {
    let mut connection = Connection::new(stream, Kind::Request);
    while let Ok(Some(head)) = connection.next().await {
        if answer(&mut connection, &head, &desk).await.is_err() {
            return;
        }
        connection.done(&head);
    }
}

async fn answer(connection: &mut Connection, head: &Head, desk: &Desk) -> std::io::Result<()> {
    let word = head.path.split('/').nth(1).unwrap_or_default();
    if head.method == "POST" {
        match word {
            "fail" => {
                desk.book().failed();
                return connection.stream.write_all(UNAVAILABLE).await;
            }
            "hang" => {
                desk.book().hangs();
                return std::future::pending().await;
            }
            "slow" => tokio::time::sleep(SLOW).await,
            _ => {}
        }
        desk.book().took(connection.body(head));
        return connection.stream.write_all(OK).await;
    }
    let (content, status) = desk.attend(head, connection.body(head));
    connection.stream.write_all(&with_body(&content, status)).await
}

fn with_body(content: &[u8], status: &str) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", content.len()).into_bytes();
    answer.extend_from_slice(content);
    answer
}

struct Desk {
    book: Mutex<Book>,
    /// Verification files, by their path.
    files: Mutex<HashMap<String, Vec<u8>>>,
}

impl Desk {
    /// What is no call: the counts, and files.
    fn attend(&self, head: &Head, body: &[u8]) -> (Vec<u8>, &'static str) {
        const DONE: &str = "200 OK";
        match (head.method.as_str(), head.path.as_str()) {
            ("GET", "/counts") => (serde_json::to_vec(&self.book().counts()).unwrap_or_default(), DONE),
            ("DELETE", "/counts") => {
                *self.book() = Book::new();
                (Vec::new(), DONE)
            }
            ("PUT", path) => {
                self.files().insert(path.to_owned(), body.to_vec());
                (Vec::new(), DONE)
            }
            (_, path) => {
                let file = self.files().get(path).cloned();
                let status = if file.is_some() { DONE } else { "404 Not Found" };
                (file.unwrap_or_default(), status)
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
