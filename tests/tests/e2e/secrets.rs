//! Secrets at rest.

use harness::{Answer, OPERATOR_KEY, Receiver, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_lies_in_clear_text_in_any_topic_or_log() {
    let world = World::start("sealed").await;
    let account_key = world.account("acme").await;
    let receiver = Receiver::scripted(|_, before| Answer::status(if before == 0 { 500 } else { 200 })).await;
    let password = "correct-horse-battery-staple";
    let extra = json!({"headers": {"X-Password": password}});
    let hook = world.hook("acme", &receiver, &[], extra).await;
    world.clicks("acme", 3).await;
    receiver.until_accepted(3).await;
    assert!(receiver.calls().iter().all(|call| call.header("x-password") == password));
    world.until_written(&world.topics.attempts, 6).await;

    let bare = hook.secret.trim_start_matches("whsec_");
    let secrets = [hook.secret.as_str(), bare, password, &account_key, OPERATOR_KEY];
    let mut bytes = 0;
    for spec in world.topics.specs() {
        for record in world.read(&spec.name).await {
            let mut raw = record.value.as_deref().unwrap_or_default().to_vec();
            raw.extend_from_slice(record.key.as_deref().unwrap_or_default());
            record.headers.iter().for_each(|(_, value)| raw.extend_from_slice(value));
            bytes += raw.len();
            let text = String::from_utf8_lossy(&raw);
            let found = secrets.iter().position(|secret| text.contains(secret));
            assert_eq!(found, None, "secret number {found:?} stands in {}", spec.name);
        }
    }
    assert!(bytes > 5_000, "there was something to look through: {bytes}");
    for service in &world.services {
        let log = service.log();
        assert!(secrets.iter().all(|secret| !log.contains(secret)), "the log of {}", service.kind.name());
    }
    let shown = world.console(reqwest::Method::GET, "/v1/webhooks", None).await.text().await.unwrap();
    assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    world.close().await;
}
