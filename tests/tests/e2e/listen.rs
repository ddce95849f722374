//! `postbode listen` on a developer's desk: live events without a URL, and calls whose signature is forged.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::{Kind, Receiver, World, WorldOptions, said};
use httpsig::{PlatformKey, Ring, Scheme, SigningSettings};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout};

/// `postbode listen --json`, line by line. Killed when dropped.
struct Desk {
    lines: Lines<BufReader<ChildStdout>>,
    child: Child,
}

impl Desk {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut child = world.cli(&[&["listen", "--json"], arguments].concat());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { lines, child }
    }

    /// The next line; the end is a failure, told with what it said on standard error.
    async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(60), self.lines.next_line()).await;
        match line.expect("a line within a minute").unwrap() {
            Some(line) => serde_json::from_str(&line).unwrap(),
            None => {
                use tokio::io::AsyncReadExt as _;
                let mut errors = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
                panic!("it ended: {errors}")
            }
        }
    }

    /// The ids of the next so many events.
    async fn events(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let line = self.line().await;
            let id = line["event"]["id"].as_str().unwrap_or_else(|| panic!("no event: {line}"));
            ids.push(id.to_owned());
        }
        ids
    }
}

async fn console_and_ingest(story: &str) -> World {
    let services = Some(vec![Kind::Console, Kind::Ingest]);
    World::with(story, WorldOptions { services, ..WorldOptions::default() }).await
}

fn ids(events: &[domain::Event]) -> BTreeSet<String> {
    events.iter().map(|event| event.id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_without_a_public_url_sees_live_events_and_forwards_them() {
    let world = console_and_ingest("desk").await;
    let key = world.account("acme").await;
    let (console, application) = (world.service(Kind::Console).api(), Receiver::start().await);
    world.clicks("acme", 3).await;
    let url = application.url("/hook");
    let asked = ["--console-url", &console, "--key", &key, "--types", "click,open", "--forward", &url];
    let mut desk = Desk::start(&world, &[&asked[..], &["--format", "standard"]].concat());
    let secret = desk.line().await["secret"].as_str().unwrap().to_owned();
    let mut narrow = Desk::start(&world, &[&asked[..6], &["--filter", "type == 'open'"]].concat());
    narrow.line().await;

    world.events("acme", "bounce", 5).await;
    let clicks = world.clicks("acme", 20).await;
    let opens = world.events("acme", "open", 5).await;
    application.until_accepted(25).await;
    let seen = desk.events(25).await;
    assert_eq!(BTreeSet::from_iter(seen), ids(&[clicks, opens.clone()].concat()));
    assert_eq!(BTreeSet::from_iter(narrow.events(5).await), ids(&opens));
    for call in application.calls() {
        assert!(call.verifies(&secret), "as a webhook's: {call:?}");
        assert!(["click", "open"].contains(&call.json()["type"].as_str().unwrap()));
        assert!(call.json()["data"]["id"].is_string(), "in the format asked for");
        assert_eq!(call.path, "/hook");
    }
    assert_eq!(application.duplicates(), 0);
    let service = world.service(Kind::Console);
    assert!((service.metric("postbode_console_streams").await - 2.0).abs() < 0.5);
    assert!((service.metric("postbode_console_stream_events_total").await - 30.0).abs() < 0.5);
    drop((desk, narrow));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_events_are_never_seen() {
    let world = console_and_ingest("desks").await;
    let (acme, bolt) = (world.account("acme").await, world.account("bolt").await);
    let console = world.service(Kind::Console).api();
    let of = |key: &str| Desk::start(&world, &["--console-url", &console, "--key", key, "--types", "*"]);
    let (mut of_acme, mut of_bolt) = (of(&acme), of(&bolt));
    of_acme.line().await;
    of_bolt.line().await;
    let mut expected = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..5 {
        expected.0.extend(ids(&world.clicks("acme", 10).await));
        expected.1.extend(ids(&world.events("bolt", "open", 7).await));
    }
    assert_eq!(BTreeSet::from_iter(of_bolt.events(35).await), expected.1);
    assert_eq!(BTreeSet::from_iter(of_acme.events(50).await), expected.0);

    let theirs = ["--account", "acme", "--console-url", &console, "--key", &bolt];
    let refused = said(world.cli(&[&["listen"], &theirs[..]].concat())).await;
    assert_eq!(
        (refused.code, refused.err.contains("there is no such account")),
        (Some(1), true),
        "{refused:?}"
    );
    let nobody = world.says(&["listen", "--types", "click", "--console-url", &console]).await;
    assert!(nobody.err.contains("account: is missing: an operator says whose"), "{nobody:?}");
    drop((of_acme, of_bolt));
    world.close().await;
}

/// An address that stays while what is behind it moves.
async fn door(behind: Arc<Mutex<SocketAddr>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let address = *behind.lock().unwrap();
            tokio::spawn(async move {
                if let Ok(mut service) = TcpStream::connect(address).await {
                    let _ = copy_bidirectional(&mut caller, &mut service).await;
                }
            });
        }
    });
    url
}

fn address(world: &World) -> SocketAddr {
    world.service(Kind::Console).api().strip_prefix("http://").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_goes_on_where_it_stood_after_the_console_restarted() {
    let mut world = console_and_ingest("desk-restart").await;
    let key = world.account("acme").await;
    let behind = Arc::new(Mutex::new(address(&world)));
    let console = door(Arc::clone(&behind)).await;
    let mut desk = Desk::start(&world, &["--console-url", &console, "--key", &key, "--types", "*"]);
    assert_eq!(desk.line().await["pulling"], json!(console));
    let first = world.clicks("acme", 10).await;
    assert_eq!(BTreeSet::from_iter(desk.events(10).await), ids(&first));

    let begun = tokio::time::Instant::now();
    world.take(Kind::Console).stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "an open stream does not hold a stop up");
    assert_eq!(desk.line().await["connection"], "lost");
    let meanwhile = world.clicks("acme", 10).await;
    world.add(Kind::Console).await;
    *behind.lock().unwrap() = address(&world);
    loop {
        let line = desk.line().await;
        match line["connection"].as_str() {
            Some("lost") => {}
            Some("regained") => break,
            _ => panic!("{line}"),
        }
    }
    let live = world.clicks("acme", 10).await;
    let seen = desk.events(20).await;
    assert_eq!(BTreeSet::from_iter(seen.clone()), ids(&[meanwhile, live].concat()), "none lost, none twice");
    drop(desk);
    world.close().await;
}

/// A call as it came, under another signature if there is one.
async fn again(desk: &str, call: &harness::Call, host: &str, signature: Option<&str>) -> (u16, String) {
    let mut headers = call.headers.clone();
    headers.insert("host", host.parse().unwrap());
    if let Some(signature) = signature {
        headers.insert("signature", signature.parse().unwrap());
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{desk}{}", call.path)).headers(headers).body(call.body.clone());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_refuses_a_call_whose_platform_signature_is_forged_and_forwards_the_genuine_one() {
    let keys = tempfile::tempdir().unwrap();
    let name = "2026-11.postbode.invalid";
    let key = PlatformKey::generate(name, 2048).unwrap();
    std::fs::write(Ring::file_of(keys.path(), name), key.to_pem().unwrap()).unwrap();
    let environment = vec![("POSTBODE__SIGNING__DIRECTORY", keys.path().display().to_string())];
    let world = World::with("forged", WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let (receiver, application) = (Receiver::start().await, Receiver::start().await);
    let hook = world.hook("acme", &receiver, &[], json!({"platform_signature": true})).await;
    let published = format!("{}/.well-known/postbode-keys", world.service(Kind::Console).api());
    let url = application.url("/mine");
    let arguments = ["--platform-keys", &published, "--secret", &hook.secret, "--forward", &url];
    let mut desk = Desk::start(&world, &arguments);
    let at = desk.line().await["listening"].as_str().unwrap().trim_end_matches('/').to_owned();

    world.clicks("acme", 1).await;
    receiver.until_accepted(1).await;
    let (call, host) = (receiver.calls()[0].clone(), receiver.address.to_string());
    assert_eq!(again(&at, &call, &host, None).await.0, 204, "the application's answer");
    let shown = desk.line().await;
    assert_eq!((&shown["genuine"], &shown["platform_key"]), (&json!(true), &json!(name)), "{shown}");
    assert_eq!(shown["forwarded"]["status"], 204);
    let passed = application.calls();
    assert!(passed.len() == 1 && passed[0].body == call.body && passed[0].verifies(&hook.secret));

    // Somebody else's key under the platform's name; the headers are those that it signs.
    let other = PlatformKey::generate(name, 2048).unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(Ring::file_of(directory.path(), name), other.to_pem().unwrap()).unwrap();
    let settings = SigningSettings { directory: Some(directory.path().to_owned()), ..Default::default() };
    let ring = settings.ring().unwrap().unwrap();
    let Scheme { key: forger, id_header } = ring.scheme();
    let forged = Scheme { key: forger, id_header }.sign(&httpsig::Call {
        target: &call.path,
        host: &host,
        account: "acme",
        content_type: call.header("content-type"),
        body: &call.body,
        now: domain::Clock::now(&process::SystemClock),
        nonce: call.header("x-nonce"),
    });
    let mut with_date = call.clone();
    with_date.headers.extend(forged.unwrap());
    let (status, sentence) = again(&at, &with_date, &host, None).await;
    assert_eq!((status, &*sentence), (401, "the platform's signature: the signature is wrong\n"));
    assert_eq!(desk.line().await["problem"], "the platform's signature: the signature is wrong");
    let unknown = call.header("signature").replace(name, "other.invalid");
    let (status, sentence) = again(&at, &call, &host, Some(&unknown)).await;
    assert_eq!((status, &*sentence), (401, "the platform's signature: there is no key \"other.invalid\"\n"));
    assert_eq!(application.calls().len(), 1, "what is not genuine is not passed on");
    drop(desk);
    world.close().await;
}
