//! A Kafka whose users sign in with tokens (OAUTHBEARER), configured by what the chart makes of its values.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Answer, Broker, Ending, IdentityProvider, Kind, Receiver, World, WorldOptions, eventually};
use serde_json::json;

/// Tokens that end while the story goes on.
const LIFETIME: Duration = Duration::from_secs(15);

/// Waits until every service has got that many more tokens than it had.
async fn until_signed_in_anew(provider: &IdentityProvider, tokens: usize) {
    let had = Kind::ALL.map(|kind| (kind, provider.given_to(kind.name())));
    eventually(Duration::from_secs(90), "every service signs in anew", || async {
        let more = had.map(|(kind, had)| (kind.name(), provider.given_to(kind.name()) - had));
        if more.iter().all(|(_, more)| *more >= tokens) { Ok(()) } else { Err(format!("{more:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_works_for_users_with_tokens_and_goes_on_when_the_tokens_end() {
    let provider = IdentityProvider::start(LIFETIME).await;
    let broker = Broker::with_tokens("tokens", &provider);
    let _ending = Ending(broker.clone());
    // Each delivery's own first call fails here, which a breaker would take for an endpoint that is down.
    let environment = vec![("POSTBODE__DELIVERY__BREAKER_FAILURES", "0".to_owned())];
    let options = WorldOptions {
        broker: Some(broker.clone()),
        secrets_in_files: true,
        environment,
        ..WorldOptions::default()
    };
    let world = World::with("tokens", options).await;
    world.account("acme").await;
    // One that is tried again, one that dies: every topic and every group is used.
    let moody = Receiver::scripted(|_, before| Answer::status(if before == 0 { 500 } else { 204 })).await;
    let broken = Receiver::scripted(|_, _| Answer::status(500)).await;
    world.hook("acme", &moody, &["click"], json!({})).await;
    world.hook("acme", &broken, &["bounce"], json!({})).await;
    world.events("acme", "bounce", 1).await;

    // Events keep coming while each service's clients, two or three, get their second token, and their third.
    let renewed = AtomicBool::new(false);
    let send = async {
        let mut sent = 0;
        while !renewed.load(Ordering::Relaxed) {
            sent += world.clicks("acme", 5).await.len();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        sent
    };
    let renew = async {
        until_signed_in_anew(&provider, 6).await;
        renewed.store(true, Ordering::Relaxed);
    };
    let (sent, ()) = tokio::join!(send, renew);
    world.clicks("acme", 5).await;
    moody.until_accepted(sent + 5).await;
    world.until_written(&world.topics.dead_deliveries, 1).await;
    for service in &world.services {
        service.until_it_says(200, "kafka.access").await;
        for trouble in ["does not let this user in", "no token", "user's token", "a right is missing"] {
            assert!(!service.log().contains(trouble), "{}", service.log());
        }
    }
    assert_eq!(moody.duplicates(), 0);

    // Another secret, as Kubernetes brings it.
    provider.set_secret("fanout", "another");
    world.change_secret(Kind::Fanout, "kafka.properties.sasl.oauthbearer.client.secret", "another");
    world.service(Kind::Fanout).until_begun_anew(1).await;
    world.clicks("acme", 5).await;
    moody.until_accepted(sent + 10).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gets_no_token_says_why_and_all_go_on_when_the_provider_is_back() {
    let provider = IdentityProvider::start(LIFETIME).await;
    let broker = Broker::with_tokens("no-tokens", &provider);
    let _ending = Ending(broker.clone());
    let options = WorldOptions { broker: Some(broker.clone()), ..WorldOptions::default() };
    let mut world = World::with("no-tokens", options).await;
    let receiver = Receiver::start().await;
    world.account("acme").await;
    world.hook("acme", &receiver, &["click"], json!({})).await;

    // A wrong secret, from the start.
    world.set("POSTBODE__KAFKA__PROPERTIES__sasl.oauthbearer.client.secret", "wrong".to_owned());
    world.spawn(Kind::Fanout);
    let stranger = world.services.pop().unwrap();
    stranger.until_it_says(503, "no token to show to Kafka").await;
    stranger.until_it_says(503, "invalid_client").await;
    let mut wrong = broker.settings_of("delivery");
    wrong.properties.insert("sasl.oauthbearer.client.secret".to_owned(), "wrong".to_owned());
    let locked_out = world.doctor("delivery", &wrong).await;
    let [verdict, seen, todo] = &locked_out[&format!("broker {}", broker.bootstrap_servers)];
    assert!(verdict == "failed" && seen.contains("invalid_client"), "{locked_out:?}");
    assert!(todo.contains("sasl.oauthbearer.client.secret"), "{locked_out:?}");
    let found = world.doctor("delivery", &broker.settings_of("delivery")).await;
    assert_eq!(found["rights to read"][0], "ok", "{found:?}");

    // The provider goes away: who is in goes on, until what he has ends.
    provider.go_away().await;
    world.clicks("acme", 10).await;
    receiver.until_accepted(10).await;
    for service in &world.services {
        service.until_it_says(503, "no token to show to Kafka").await;
        assert_eq!(service.metric("postbode_kafka_refused").await, 1.0);
    }
    // It was refused all the time, each time anew, and has said it once for each reason.
    let said = stranger.log().matches("no token to show to Kafka").count();
    assert!((1..=2).contains(&said), "{}", stranger.log());
    stranger.signal("KILL");

    provider.come_back().await;
    for service in &world.services {
        service.until_it_says(200, "kafka.access").await;
    }
    world.clicks("acme", 10).await;
    receiver.until_accepted(20).await;
    assert_eq!(receiver.duplicates(), 0);
    world.close().await;
}
