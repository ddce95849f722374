//! A Kafka that asks for TLS, passwords and rights.
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Answer, Broker, Ending, Kind, Receiver, ServiceProcess, World, WorldOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

async fn secured(story: &str, broker: &Broker) -> World {
    World::with(story, WorldOptions { broker: Some(broker.clone()), ..WorldOptions::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_for_users_who_may_just_what_the_chart_gives_them() {
    let broker = Broker::secured("rights");
    let _ending = Ending(broker.clone());
    let world = secured("rights", &broker).await;
    let acme = world.account("acme").await;
    // One that is tried again, one that dies: every topic and every group is used.
    let moody = Receiver::scripted(|_, before| Answer::status(if before == 0 { 500 } else { 204 })).await;
    let broken = Receiver::scripted(|_, _| Answer::status(500)).await;
    let hook = world.hook("acme", &moody, &["click"], json!({})).await;
    world.hook("acme", &broken, &["bounce"], json!({})).await;
    world.clicks("acme", 20).await;
    world.events("acme", "bounce", 1).await;
    moody.until_accepted(20).await;
    let path = format!("/v1/deliveries?webhook={}&state=delivered&limit=50", hook.id);
    let get = async |path: &str| -> Value {
        world.console_as(&acme, Method::GET, path, None).await.json().await.unwrap()
    };
    eventually(Duration::from_secs(60), "the history has all of it", || async {
        let (delivered, dead) = (get(&path).await, get("/v1/dead-letters").await);
        let counts = [&delivered, &dead].map(|page| page["items"].as_array().map_or(0, Vec::len));
        if counts == [20, 1] { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await;
    let since = json!({"since": "2026-01-01T00:00:00Z", "dry_run": true});
    let place = format!("/v1/webhooks/{}/backfill", hook.id);
    let job: Value = world.console_as(&acme, Method::POST, &place, Some(since)).await.json().await.unwrap();
    eventually(Duration::from_secs(60), "the backfill has counted", || async {
        let job = get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await;
        if job["progress"]["matched"] == 20 { Ok(()) } else { Err(job.to_string()) }
    })
    .await;
    for service in &world.services {
        service.until_it_says(200, "kafka.access").await;
        assert!(!service.log().contains("a right is missing"), "{}", service.log());
    }
    for kind in Kind::ALL {
        let found = world.doctor(kind.name(), &broker.settings_of(kind.name())).await;
        for check in ["topics", "rights to read"] {
            assert_eq!(found[check][0], "ok", "{}: {found:?}", kind.name());
        }
    }
    let stranger = world.doctor("console", &broker.settings_of("delivery")).await;
    let [verdict, seen, _] = &stranger["rights to read"];
    assert!(verdict == "failed" && seen.contains("may not read") && seen.contains("audit"), "{stranger:?}");
    let mut wrong = broker.settings_of("delivery");
    wrong.properties.insert("sasl.password".to_owned(), "wrong".to_owned());
    let locked_out = world.doctor("delivery", &wrong).await;
    let [verdict, seen, _] = &locked_out[&format!("broker {}", broker.bootstrap_servers)];
    assert!(verdict == "failed" && seen.contains("uthentication"), "{locked_out:?}");
    assert_eq!(locked_out["topics"][0], "not checked");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_says_why_at_the_start_and_in_its_readiness() {
    let broker = Broker::secured("refusals");
    let _ending = Ending(broker.clone());
    let mut world = secured("refusals", &broker).await;
    let receiver = Receiver::start().await;
    world.account("acme").await;
    world.hook("acme", &receiver, &["click"], json!({})).await;

    // A right is taken while everything runs: nothing is lost, and it goes on when it is given back.
    let right = format!("fanout topic {} literal Write\n", world.topics.deliveries);
    broker.revoke(&right);
    world.clicks("acme", 10).await;
    world.service(Kind::Fanout).until_it_says(503, "a right is missing").await;
    broker.grant(&right);
    receiver.until_accepted(10).await;
    world.service(Kind::Fanout).until_it_says(200, "kafka.access").await;

    // A right that is missing from the start.
    let right = format!("retry topic {} prefixed Describe,DescribeConfigs\n", world.prefix());
    world.take(Kind::Retry).stop().await;
    broker.revoke(&right);
    world.spawn(Kind::Retry);
    let mut retry = world.take(Kind::Retry);
    assert_eq!(retry.ended().await, Some(1));
    assert!(retry.log().contains("has no right to"), "{}", retry.log());
    broker.grant(&right);
    world.add(Kind::Retry).await;

    // A wrong password.
    world.set("POSTBODE__KAFKA__PROPERTIES__sasl.password", "wrong".to_owned());
    world.spawn(Kind::Fanout);
    let stranger = world.services.pop().unwrap();
    stranger.until_it_says(503, "does not let this user in").await;
    assert!(stranger.log().contains("sasl.password"), "{}", stranger.log());
    stranger.signal("KILL");

    // A certificate that has expired: who is inside by then says so, too.
    broker.certify(-1);
    broker.stop();
    broker.start();
    world.service(Kind::Ingest).until_it_says(503, "no TLS connection").await;
    world.service(Kind::Delivery).until_it_says(503, "no TLS connection").await;
    broker.certify(30);
    broker.stop();
    broker.start();
    world.service(Kind::Ingest).until_it_says(200, "kafka.access").await;
    world.clicks("acme", 10).await;
    receiver.until_accepted(20).await;
    world.close().await;
}

/// Another keyring: the key of before opens what it sealed.
const SECOND_KEYRING: &str =
    "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Changes what every service has, one after the other.
async fn rotate(world: &World, broker: &Broker) {
    for kind in Kind::ALL {
        let broker = broker.clone();
        let set = tokio::task::spawn_blocking(move || broker.set_password(kind.name(), "another"));
        set.await.unwrap();
        world.change_secret(kind, "kafka.properties.sasl.password", "another");
        world.service(kind).until_begun_anew(1).await;
    }
    for kind in [Kind::Delivery, Kind::Console] {
        world.change_secret(kind, "seal.keys", SECOND_KEYRING);
        world.service(kind).until_begun_anew(2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_change_under_running_services_and_nothing_is_lost_or_sent_twice() {
    let broker = Broker::secured("rotation");
    let _ending = Ending(broker.clone());
    let options =
        WorldOptions { broker: Some(broker.clone()), secrets_in_files: true, ..WorldOptions::default() };
    let world = World::with("rotation", options).await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &["click"], json!({})).await;
    let processes: Vec<_> = world.services.iter().map(ServiceProcess::pid).collect();

    let rotated = AtomicBool::new(false);
    let send = async {
        let mut sent = 0;
        while !rotated.load(Ordering::Relaxed) {
            // Each on a connection of its own: none is refused, whenever it is made.
            sent += world.events_with(&[("connection", "close")], "acme", "click", 5).await.len();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        sent
    };
    let rotate = async {
        rotate(&world, &broker).await;
        rotated.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = tokio::join!(send, rotate);
    receiver.until_accepted(sent).await;

    // What was sealed by the first key opens, and what the second one seals, too.
    let second = Receiver::start().await;
    world.hook("acme", &second, &["click"], json!({})).await;
    world.change_secret(Kind::Delivery, "seal.keys", "nonsense");
    let delivery = world.service(Kind::Delivery);
    eventually(Duration::from_secs(20), "the wrong keyring is refused", || async {
        let log = delivery.log();
        let place = "delivery-secrets/seal.keys";
        let told = log.lines().find(|line| line.contains("will not do"));
        match told {
            Some(line) if line.contains("seal.keys: ") && line.contains(place) => Ok(()),
            told => Err(format!("{told:?}")),
        }
    })
    .await;
    assert!(!delivery.log().contains("nonsense"), "{}", delivery.log());
    assert_eq!(delivery.metric("postbode_config_reload_failed").await, 1.0);
    assert_eq!(delivery.metric("postbode_config_reloads_total").await, 2.0);
    world.clicks("acme", 10).await;
    receiver.until_accepted(sent + 10).await;
    second.until_accepted(10).await;
    delivery.until_it_says(200, "secrets").await;

    assert_eq!(world.services.iter().map(ServiceProcess::pid).collect::<Vec<_>>(), processes);
    assert_eq!((receiver.duplicates(), second.duplicates()), (0, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_may_show_a_certificate_instead_of_a_password_and_take_another_while_it_runs() {
    let broker = Broker::secured("certificates");
    let _ending = Ending(broker.clone());
    let options =
        WorldOptions { broker: Some(broker.clone()), secrets_in_files: true, ..WorldOptions::default() };
    let mut world = World::with("certificates", options).await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &["click"], json!({})).await;

    world.take(Kind::Fanout).stop().await;
    let folder = tempfile::tempdir().unwrap();
    let [file, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    world.set("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", broker.identify("fanout", &file));
    world.set("POSTBODE__KAFKA__PROPERTIES__security.protocol", "SSL".to_owned());
    world.set("POSTBODE__KAFKA__PROPERTIES__ssl.certificate.location", file.display().to_string());
    world.set("POSTBODE__KAFKA__PROPERTIES__ssl.key.location", key.display().to_string());
    // Each has both in it.
    std::fs::copy(&file, &key).unwrap();
    world.set("POSTBODE__RELOAD__WATCH", folder.path().display().to_string());
    world.add(Kind::Fanout).await;
    world.clicks("acme", 10).await;
    receiver.until_accepted(10).await;

    // The certificate comes a moment before its key.
    broker.identify("fanout", &file);
    eventually(Duration::from_secs(60), "the pair is refused", || async {
        let log = world.service(Kind::Fanout).log();
        if log.contains("the changed configuration will not do") { Ok(()) } else { Err(log) }
    })
    .await;
    world.clicks("acme", 10).await;
    receiver.until_accepted(20).await;
    std::fs::copy(&file, &key).unwrap();
    world.service(Kind::Fanout).until_begun_anew(1).await;
    world.clicks("acme", 10).await;
    receiver.until_accepted(30).await;
    assert_eq!(receiver.duplicates(), 0);
    world.close().await;
}
