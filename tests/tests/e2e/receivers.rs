//! The documentation's receivers, each on a live call: what they take, and what they refuse.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use harness::{Call, Receiver, World, eventually};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

#[expect(unreachable_pub, reason = "it is written for a crate of its own")]
#[path = "../../../docs/receivers/receiver.rs"]
mod documented;

/// How each language's receiver is started; those whose language is not on the machine are named and left out.
const LANGUAGES: [(&str, &[&str]); 4] = [
    ("node", &["receiver.mjs"]),
    ("python3", &["receiver.py"]),
    ("go", &["build", "-o", "RECEIVER", "receiver.go"]),
    ("java", &["Receiver.java"]),
];

/// A documented receiver as a process. Killed when dropped.
struct Documented {
    url: String,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _built: tempfile::TempDir,
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn free_port() -> u16 {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn start(program: &str, arguments: &[&str], secret: &str) -> Option<Documented> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/receivers");
    let (port, built) = (free_port().await, tempfile::tempdir().unwrap());
    let binary = built.path().join("receiver");
    let mut command = Command::new(program);
    let target =
        |word: &&str| if *word == "RECEIVER" { binary.display().to_string() } else { (*word).to_owned() };
    command.args(arguments.iter().map(target)).current_dir(&folder);
    if arguments[0] == "build" {
        match command.status().await {
            Ok(status) => assert!(status.success(), "{program} {arguments:?}"),
            Err(error) => return missing(program, &error),
        }
        command = Command::new(&binary);
    }
    command.env("PORT", port.to_string()).env("WEBHOOK_SECRET", secret);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) => return missing(program, &error),
    };
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = format!("http://127.0.0.1:{port}/hook");
    // A first start compiles.
    eventually(Duration::from_secs(120), "the receiver listens", || async {
        let answer = client().post(&url).body("{}").send().await;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(401) => Ok(()),
            other => Err(format!("{program}: {other:?}")),
        }
    })
    .await;
    Some(Documented { url, lines, _process: process, _built: built })
}

fn missing(program: &str, error: &std::io::Error) -> Option<Documented> {
    eprintln!("{program} is not on this machine, its receiver is not run: {error}");
    None
}

/// Sends a call as it was sent before, with one thing changed.
async fn again(url: &str, call: &Call, change: impl FnOnce(&mut Call)) -> u16 {
    let mut call = call.clone();
    change(&mut call);
    for name in ["host", "content-length"] {
        call.headers.remove(name);
    }
    let request = client().post(url).headers(call.headers).body(call.body);
    request.send().await.unwrap().status().as_u16()
}

fn say(name: &'static str, value: &str) -> impl FnOnce(&mut Call) {
    let value = value.parse().unwrap();
    move |call| drop(call.headers.insert(name, value))
}

/// Takes a genuine call, and nothing else.
async fn is_careful(url: &str, call: &Call) {
    assert_eq!(again(url, call, |_| {}).await, 204, "a genuine call is taken");
    assert_eq!(again(url, call, |_| {}).await, 204, "and once more, since it may come twice");
    let two = format!("v1,AAAA {}", call.header("webhook-signature"));
    assert_eq!(
        again(url, call, say("webhook-signature", &two)).await,
        204,
        "one of two signatures is enough"
    );
    assert_eq!(again(url, call, |call| call.body = "{}".into()).await, 401, "another body");
    assert_eq!(again(url, call, say("webhook-id", "dlv_other")).await, 401, "another id");
    assert_eq!(again(url, call, say("webhook-timestamp", "1706702400")).await, 401, "an old one");
    assert_eq!(again(url, call, say("webhook-timestamp", "soon")).await, 401, "no time at all");
    assert_eq!(again(url, call, say("webhook-signature", "v1,")).await, 401, "no signature");
    let unsigned = |call: &mut Call| drop(call.headers.remove("webhook-signature"));
    assert_eq!(again(url, call, unsigned).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_receivers_take_genuine_calls_once_and_refuse_all_others() {
    let world = World::start("receivers").await;
    world.account("acme").await;
    let live = Receiver::start().await;
    let hook = world.hook("acme", &live, &[], json!({})).await;
    world.clicks("acme", 1).await;
    live.until_accepted(1).await;
    let call = live.calls()[0].clone();

    let mut run = 0;
    for (program, arguments) in LANGUAGES {
        let Some(mut receiver) = start(program, arguments, &hook.secret).await else { continue };
        is_careful(&receiver.url, &call).await;
        let took = receiver.lines.next_line().await.unwrap().unwrap();
        assert_eq!(took, format!("took {}", call.id()), "{program}");
        let more = tokio::time::timeout(Duration::from_millis(200), receiver.lines.next_line()).await;
        assert!(more.is_err(), "{program} took it twice: {more:?}");
        run += 1;
    }
    assert!(run > 0, "none of the languages is on this machine");

    let taken = documented::Taken::default();
    let router = documented::receiver(&hook.secret, documented::Taken::clone(&taken)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    is_careful(&url, &call).await;
    assert_eq!(*taken.lock().unwrap(), [call.id()].into());
    server.abort();
    world.close().await;
}
