//! The documentation's receivers, and `postbode listen`.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use harness::{Call, binary, eventually, goes_without};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Live;

#[expect(unreachable_pub, reason = "it is written for a crate of its own")]
#[path = "../../../../docs/receivers/receiver.rs"]
mod rust;

/// How each language's receiver is built, where it has to be, and started.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("Node", "", "node receiver.mjs"),
    ("Python", "", "python3 receiver.py"),
    ("PHP", "", "php -S 127.0.0.1:PORT receiver.php"),
    ("Go", "go build -o BINARY receiver.go", "BINARY"),
    ("Java", "", "java Receiver.java"),
    ("Ruby", "", "ruby receiver.rb"),
];

/// A receiver as a process. Killed when dropped.
struct Documented {
    url: String,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _own: tempfile::TempDir,
}

impl Documented {
    /// Builds and starts it: none where the language is not on the machine.
    async fn start(build: &str, start: &str, secret: &str) -> std::io::Result<Self> {
        let (port, own) = (free_port().await.to_string(), tempfile::tempdir()?);
        let command = |line: &str| {
            let binary = own.path().join("receiver").display().to_string();
            let mut words =
                line.split(' ').map(|word| word.replace("BINARY", &binary).replace("PORT", &port));
            let mut command = Command::new(words.next().unwrap());
            command
                .args(words)
                .current_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/receivers"));
            command
        };
        if !build.is_empty() {
            let status = command(build).status().await?;
            assert!(status.success(), "{build}: {status}");
        }
        let mut command = command(start);
        command.env("PORT", &port).env("WEBHOOK_SECRET", secret).env("TMPDIR", own.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = format!("http://127.0.0.1:{port}/hook");
        until_it_listens(&url).await;
        Ok(Self { url, lines, _process: process, _own: own })
    }

    async fn took_once(&mut self, id: &str) {
        let took = self.lines.next_line().await.unwrap().unwrap();
        assert_eq!(took, format!("took {id}"));
        let more = tokio::time::timeout(Duration::from_millis(200), self.lines.next_line()).await;
        assert!(more.is_err(), "took it twice: {more:?}");
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn free_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// A first start compiles.
async fn until_it_listens(url: &str) {
    eventually(Duration::from_secs(120), "the receiver listens", || async {
        let answer = client().post(url).body("{}").send().await;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(401) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// What a receiver answers to a call.
async fn answer(url: &str, call: &Call) -> u16 {
    let mut headers = call.headers.clone();
    for name in ["host", "content-length"] {
        headers.remove(name);
    }
    let request = client().post(url).headers(headers).body(call.body.clone());
    request.send().await.unwrap().status().as_u16()
}

/// Takes what is genuine, and nothing else.
async fn is_careful(who: &str, url: &str, live: &Live) {
    for (how, call) in live.genuine() {
        assert_eq!(answer(url, &call).await, 204, "{who}: {how}");
    }
    for (what, call) in live.forged() {
        // 401 but where the language's server sees for itself that something is missing.
        let status = answer(url, &call).await;
        assert!((400..500).contains(&status), "{who}: {what}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_receivers_take_genuine_calls_once_and_refuse_every_forgery() {
    let live = Live::start("receivers").await;
    for (language, build, start) in LANGUAGES {
        match Documented::start(build, start, &live.hook.secret).await {
            Ok(mut receiver) => {
                is_careful(language, &receiver.url, &live).await;
                receiver.took_once(&live.call.id()).await;
            }
            Err(error) => goes_without(language, &error.to_string()),
        }
    }

    let taken = rust::Taken::default();
    let router = rust::receiver(&live.hook.secret, rust::Taken::clone(&taken)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    is_careful("Rust", &url, &live).await;
    assert_eq!(*taken.lock().unwrap(), [live.call.id()].into());
    server.abort();
    live.world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postbode_listen_takes_genuine_calls_and_refuses_every_forgery() {
    let live = Live::start("listen").await;
    let start = format!(
        "{} listen --addr 127.0.0.1:PORT --secret {}",
        binary("postbode").display(),
        live.hook.secret
    );
    let receiver = Documented::start("", &start, "").await.unwrap();
    is_careful("listen", &receiver.url, &live).await;
    live.world.close().await;
}
