//! A gate before a receiver that can be closed in every way in which strangers' servers are down.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long an answer may take that is under way when the manner changes.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How calls are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Let through.
    Open,
    /// Nobody listens.
    Refuse,
    /// The connection is cut when the call has been read.
    Reset,
    /// Nothing is ever answered.
    Hang,
    /// The answer's head comes a byte at a time, and never ends: whether it is taken is never said.
    Drip,
    /// The answer says that it is not taken, and its body never ends.
    Trickle,
    /// The answer is not HTTP.
    Garbage,
}

/// A running gate; ends when dropped.
pub struct Gate {
    address: SocketAddr,
    manner: watch::Sender<Manner>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open one, before a receiver.
    pub async fn before(receiver: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, told) = watch::channel(Manner::Open);
        let task = tokio::spawn(keep(listener, address, receiver, told));
        Self { address, manner, task }
    }

    /// Its URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Meets calls so from now on; connections that are open end.
    pub fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep(
    listener: TcpListener,
    address: SocketAddr,
    receiver: SocketAddr,
    mut told: watch::Receiver<Manner>,
) {
    let mut listener = Some(listener);
    loop {
        let manner = *told.borrow_and_update();
        if manner == Manner::Refuse {
            listener = None;
            if told.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(open) = &listener else {
            listener = TcpListener::bind(address).await.ok();
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(one(stream, manner, receiver, told.clone()));
                }
            }
            changed = told.changed() => if changed.is_err() { return },
        }
    }
}

/// One connection, until the manner changes.
async fn one(stream: TcpStream, manner: Manner, receiver: SocketAddr, mut told: watch::Receiver<Manner>) {
    if manner == Manner::Open {
        let _ = let_through(stream, receiver, told).await;
        return;
    }
    tokio::select! {
        _ = meet(stream, manner) => {}
        _ = told.changed() => {}
    }
}

/// Carries calls and their answers. When the manner changes, no further call is carried, but answers to those that were:
/// a call that was taken and whose answer is lost would rightly be made again.
async fn let_through(
    stream: TcpStream,
    receiver: SocketAddr,
    mut told: watch::Receiver<Manner>,
) -> io::Result<()> {
    let inner = TcpStream::connect(receiver).await?;
    let (mut from_caller, mut to_caller) = stream.into_split();
    let (mut from_receiver, mut to_receiver) = inner.into_split();
    let answers = copy(&mut from_receiver, &mut to_caller);
    tokio::pin!(answers);
    tokio::select! {
        _ = &mut answers => return Ok(()),
        _ = copy(&mut from_caller, &mut to_receiver) => {}
        _ = told.changed() => {}
    }
    let _ = tokio::time::timeout(LAST_ANSWERS, answers).await;
    Ok(())
}

async fn meet(mut stream: TcpStream, manner: Manner) -> io::Result<()> {
    let mut head = [0; 4096];
    match manner {
        Manner::Open | Manner::Refuse => Ok(()),
        Manner::Reset => {
            // What is left unread makes the kernel answer with a reset.
            stream.read(&mut head[..16]).await.map(drop)
        }
        Manner::Hang => loop {
            if stream.read(&mut head).await? == 0 {
                return Ok(());
            }
        },
        Manner::Drip => {
            let _some = stream.read(&mut head).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-patience: ").await?;
            drip(&mut stream).await
        }
        Manner::Trickle => {
            let _some = stream.read(&mut head).await?;
            stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 100000\r\n\r\n").await?;
            drip(&mut stream).await
        }
        Manner::Garbage => {
            let _some = stream.read(&mut head).await?;
            stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\0\xff\xfe\r\n\r\n").await?;
            stream.shutdown().await
        }
    }
}

async fn drip(stream: &mut TcpStream) -> io::Result<()> {
    loop {
        stream.write_all(b".").await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
