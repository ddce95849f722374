//! Addresses that nobody may have called.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::{Change, State, Webhook};
use futures::future::join_all;
use harness::{Hook, Kind, Receiver, World, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};
use stream::{Journal, JournalOptions};
use tokio::net::TcpListener;

/// Every row of what the policy denies, by literal, odd spelling, name, scheme and port.
const DENIED: [&str; 45] = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://192.0.0.1/",
    "http://198.18.0.1/",
    "http://240.0.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://192.0.2.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2001::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://localhost/",
    "http://kafka/",
    "http://kafka.ns.svc/",
    "http://kafka.ns.svc.cluster.local/",
    "http://metadata.google.internal/",
    "http://hooks.example.com./",
    "http://user:password@hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "http://hooks.example.com:22/",
    "http://hooks.example.com:6379/",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_denied_address_becomes_a_webhook_and_each_refusal_names_the_field() {
    let services = Some(vec![Kind::Console]);
    let nothing = vec![("POSTBODE__OUTBOUND__ALLOW", String::new())];
    let world =
        World::with("denied", WorldOptions { services, environment: nothing, ..WorldOptions::default() })
            .await;
    world.account("acme").await;
    for url in DENIED {
        let body = json!({"account": "acme", "name": "n", "url": url, "types": "*"});
        let answer = world.console(Method::POST, "/v1/webhooks", Some(body)).await;
        assert_eq!(answer.status(), 422, "{url}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "url", "{url}: {problem}");
        assert!(
            problem["errors"][0]["message"].as_str().is_some_and(|message| message.len() > 10),
            "{problem}"
        );
    }
    world.close().await;
}

/// A webhook that was allowed when it was made, and is not any more: delivery judges again at every call.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_opens_no_connection_to_an_address_that_is_denied_by_now() {
    let mut world = World::start("denied-later").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook: Hook = world.hook("acme", &receiver, &[], json!({})).await;
    let allowed = world.take(Kind::Delivery);
    allowed.stop().await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    world
        .set("POSTBODE__OUTBOUND__ALLOW", format!("127.0.0.1/32:{}", elsewhere.local_addr().unwrap().port()));
    world.add(Kind::Delivery).await;
    let verification_calls = receiver.calls().len();
    let event = world.clicks("acme", 1).await.remove(0);
    let letter = world.until_written(&world.topics.dead_deliveries, 1).await.remove(0);
    assert_eq!(letter.headers.text(wire::names::REASON), Some("address-denied"));
    assert_eq!(letter.headers.text(wire::names::DELIVERY), Some(hook.delivery(&event).as_str()));
    assert_eq!(receiver.calls().len(), verification_calls, "no call was made");
    let accepted = tokio::time::timeout(Duration::from_millis(100), elsewhere.accept()).await;
    assert!(accepted.is_err());
    world.close().await;
}

/// The registry says, past the console, that each of them is a verified webhook's URL, and a trap listens wherever one of
/// them leads to this machine.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_opens_no_connection_to_any_denied_address_that_the_registry_may_name() {
    let trap = TcpListener::bind("[::]:0").await.or(TcpListener::bind("0.0.0.0:0").await).unwrap();
    let port = trap.local_addr().unwrap().port();
    let environment = vec![
        ("POSTBODE__OUTBOUND__ALLOW", String::new()),
        ("POSTBODE__OUTBOUND__PORTS", format!("80,443,{port}")),
    ];
    let world = World::with("denied-all", WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let hooks =
        join_all(DENIED.map(|_| world.create_hook("acme", "https://hooks.example.com/", &[], json!({}))))
            .await;
    let urls: BTreeMap<String, String> =
        hooks.iter().map(|hook| hook.id.clone()).zip(DENIED.map(|url| at_port(url, port))).collect();
    let options = JournalOptions::new(world.prefix(), Arc::clone(&world.topics.webhooks));
    let journal = Journal::start(&world.kafka, options).unwrap();
    let to_write = urls.clone();
    let verified = move |registry: &domain::Registry| {
        let webhooks = to_write.iter().map(|(id, url)| {
            let webhook = &registry.webhook(&id.as_str().into()).unwrap().webhook;
            Change::Webhook(Box::new(Webhook {
                url: url.as_str().into(),
                state: State::Active,
                revision: webhook.revision.next(),
                ..Webhook::clone(webhook)
            }))
        });
        Ok::<_, Infallible>(webhooks.collect())
    };
    journal.write(verified).await.unwrap();
    world.registry_seen().await;
    let nobody = Receiver::start().await;
    hooks.iter().for_each(|hook| world.keep_books(hook, &nobody));

    world.clicks("acme", 1).await;
    let letters = world.until_written(&world.topics.dead_deliveries, DENIED.len()).await;
    for letter in &letters {
        let url = &urls[letter.headers.text(wire::names::WEBHOOK).unwrap()];
        assert_eq!(letter.headers.text(wire::names::REASON), Some("address-denied"), "{url}");
    }
    for record in world.read(&world.topics.attempts).await {
        let attempt: Value = serde_json::from_slice(&record.value.unwrap()).unwrap();
        assert!(attempt["duration"]["connect_ms"].is_null(), "{attempt}");
    }
    let caught = tokio::time::timeout(Duration::from_millis(100), trap.accept()).await;
    assert!(caught.is_err(), "a connection was opened: {caught:?}");
    world.close().await;
}

/// The URL with a port, unless it names one or has no host.
fn at_port(url: &str, port: u16) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let has_port = authority.rsplit_once(':').is_some_and(|(_, end)| end.parse::<u16>().is_ok());
    if authority.is_empty() || (has_port && !authority.starts_with('[')) {
        return url.to_owned();
    }
    format!("{scheme}://{authority}:{port}/{path}")
}
