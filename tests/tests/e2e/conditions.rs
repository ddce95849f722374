//! Webhooks that want only some events of their types.

use domain::Event;
use harness::{Hook, Kind, Receiver, World};
use reqwest::Method;
use serde_json::{Value, json};

/// The deliveries of those events whose data meets a condition.
fn due(hook: &Hook, events: &[Event], kind: &str, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let data = |n: usize| serde_json::from_str::<Value>(&wire::catalogue::sample(kind, n as u64)).unwrap();
    let mut due: Vec<_> = (0..events.len())
        .filter(|n| wanted(&data(*n)))
        .map(|n| hook.delivery(&events[n]).to_string())
        .collect();
    due.sort();
    due
}

fn got(receiver: &Receiver) -> Vec<String> {
    receiver.accepted().into_iter().collect()
}

async fn some_hook(world: &World, receiver: &Receiver, types: &[&str], conditions: Value) -> Hook {
    let hook = world.hook("acme", receiver, types, conditions).await;
    world.stop_books(&hook);
    hook
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_decides_who_gets_an_event_and_one_that_fails_is_no_match_and_seen() {
    let world = World::start("filter").await;
    world.account("acme").await;
    let (all, some, none) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    world.hook("acme", &all, &["click"], json!({})).await;
    let filter = json!({"filter": "'newsletter' in data.tags && data.original.startsWith('https://')"});
    let filtered = some_hook(&world, &some, &["click"], filter).await;
    let broken = some_hook(&world, &none, &["click"], json!({"filter": "data.town == 'Delft'"})).await;

    let events = world.clicks("acme", 60).await;
    let due = due(&filtered, &events, "click", |data| {
        data["tags"].as_array().is_some_and(|tags| tags.contains(&json!("newsletter")))
    });
    assert!((1..60).contains(&due.len()), "the samples tell nothing: {}", due.len());
    all.until_accepted(60).await;
    some.until_accepted(due.len()).await;
    assert_eq!(got(&some), due);

    let path = format!("/v1/webhooks/{}", broken.id);
    harness::eventually(std::time::Duration::from_secs(20), "the failure shows", || async {
        let shown: Value = world.console(Method::GET, &path, None).await.json().await.unwrap();
        match shown["filter_failure"]["message"].as_str() {
            Some("there is no member 'town': ask with has(…) first") => Ok(()),
            _ => Err(shown.to_string()),
        }
    })
    .await;
    let fanout = world.service(Kind::Fanout);
    assert!((fanout.metric("postbode_fanout_filter_failures_total").await - 60.0).abs() < 0.5);
    let before: Value = world.console(Method::GET, &path, None).await.json().await.unwrap();
    let patch = json!({"revision": before["revision"], "filter": "has(data.town) && data.town == 'Delft'"});
    let mended: Value = world.console(Method::PATCH, &path, Some(patch)).await.json().await.unwrap();
    assert_eq!(mended["filter_failure"], Value::Null, "{mended}");
    world.registry_seen().await;
    world.clicks("acme", 10).await;
    all.until_accepted(70).await;
    assert!((fanout.metric("postbode_fanout_filter_failures_total").await - 60.0).abs() < 0.5);
    assert_eq!(none.calls().len(), 0, "what fails is no match, and so is what is false");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn profile_conditions_leave_out_other_databases_own_changes_and_other_fields() {
    let world = World::start("profiles").await;
    world.account("acme").await;
    let receivers =
        [Receiver::start().await, Receiver::start().await, Receiver::start().await, Receiver::start().await];
    let [database, elsewhere, callers, fields] = &receivers;
    let types = ["update"];
    let of_database = some_hook(&world, database, &types, json!({"database": 7})).await;
    some_hook(&world, elsewhere, &types, json!({"database": "8"})).await;
    let of_others = some_hook(&world, callers, &types, json!({"callers": {"except": ["shop"]}})).await;
    let of_fields = some_hook(&world, fields, &types, json!({"fields": ["email", "name"]})).await;

    let events = world.events("acme", "update", 60).await;
    for (receiver, hook, due) in [
        (database, &of_database, due(&of_database, &events, "update", |_| true)),
        (callers, &of_others, due(&of_others, &events, "update", |data| data["caller"] != "shop")),
        (
            fields,
            &of_fields,
            due(&of_fields, &events, "update", |data| data["parameters"].get("email").is_some()),
        ),
    ] {
        assert!(!due.is_empty(), "{}: the samples tell nothing", hook.id);
        receiver.until_accepted(due.len()).await;
        assert_eq!(got(receiver), due);
    }
    assert_eq!(elsewhere.calls().len(), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_wants_forms_gets_forms() {
    let world = World::start("form").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["click"], json!({"format": "form"})).await;
    world.clicks("acme", 3).await;
    receiver.until_accepted(3).await;
    for call in receiver.calls() {
        assert!(call.verifies(&hook.secret));
        assert_eq!(call.header("content-type"), "application/x-www-form-urlencoded");
        let body = String::from_utf8(call.body.to_vec()).unwrap();
        assert!(body.starts_with("type=click&id=") && body.contains("&tags%5B%5D="), "{body}");
    }
    world.close().await;
}
