//! Addresses that nobody may have called.

use std::time::Duration;

use harness::{Hook, Kind, Receiver, World, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Every row of what the policy denies, by literal, odd spelling, name, scheme and port.
const DENIED: [&str; 44] = [
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
