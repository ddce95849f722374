//! The socket on which a service's API listens. It outlives the generations that serve it, so that nobody is refused while
//! one ends and the next begins: connections wait until there is somebody to answer.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;

use crate::{HttpSettings, http};

/// The socket, once there is one. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<Mutex<Option<Kept>>>);

#[derive(Debug)]
struct Kept {
    asked: SocketAddr,
    listener: std::net::TcpListener,
}

impl Door {
    /// Listens, says where, and writes `address_file`: on the socket of the generation before, unless that listens elsewhere.
    ///
    /// # Errors
    /// When the address is taken or not ours, or the file can't be written; the text names which.
    pub async fn listen(&self, settings: &HttpSettings) -> io::Result<TcpListener> {
        let kept = match self.again(settings.listen)? {
            Some(kept) => kept,
            None => self.keep(settings.listen, http::bind(settings.listen).await?.into_std()?)?,
        };
        let listener = TcpListener::from_std(kept)?;
        http::announce(settings, listener.local_addr()?)?;
        Ok(listener)
    }

    /// Listens no more, but for who has the socket still.
    pub(crate) fn close(&self) {
        self.kept().take();
    }

    /// The socket on which it listens already, if that is the one that is asked for; else it is closed.
    fn again(&self, asked: SocketAddr) -> io::Result<Option<std::net::TcpListener>> {
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|kept| kept.asked != asked) {
            kept.take();
        }
        kept.as_ref().map(|kept| kept.listener.try_clone()).transpose()
    }

    fn keep(&self, asked: SocketAddr, listener: std::net::TcpListener) -> io::Result<std::net::TcpListener> {
        let another = listener.try_clone()?;
        *self.kept() = Some(Kept { asked, listener });
        Ok(another)
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::Lifecycle;

    fn anywhere() -> HttpSettings {
        HttpSettings { listen: "127.0.0.1:0".parse().unwrap(), address_file: None }
    }

    #[tokio::test]
    async fn who_comes_between_two_generations_is_answered_by_the_second() {
        let (door, settings) = (Door::default(), anywhere());
        let first = Lifecycle::new(Duration::from_secs(5));
        let listener = door.listen(&settings).await.unwrap();
        let address = listener.local_addr().unwrap();
        first.stop();
        http::serve(listener, Router::new(), &first).await.unwrap();

        let mut early = TcpStream::connect(address).await.unwrap();
        early.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await.unwrap();
        let listener = door.listen(&settings).await.unwrap();
        assert_eq!(listener.local_addr().unwrap(), address);
        let second = Lifecycle::new(Duration::from_secs(5));
        let router = Router::new().route("/", get(async || "the second"));
        let served = tokio::spawn({
            let second = second.clone();
            async move { http::serve(listener, router, &second).await }
        });
        let mut answer = String::new();
        early.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("the second"), "{answer}");
        second.stop();
        served.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_closed_door_refuses_and_one_that_moved_listens_at_one_place() {
        let door = Door::default();
        let first = door.listen(&anywhere()).await.unwrap();
        let before = first.local_addr().unwrap();
        drop(first);
        assert!(TcpStream::connect(before).await.is_ok(), "kept");
        let free = http::bind(anywhere().listen).await.unwrap().local_addr().unwrap();
        let moved = HttpSettings { listen: free, address_file: None };
        drop(door.listen(&moved).await.unwrap());
        assert!(TcpStream::connect(before).await.is_err() && TcpStream::connect(free).await.is_ok());
        door.close();
        assert!(TcpStream::connect(free).await.is_err());
    }
}
