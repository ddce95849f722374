//! Conditions over HTTP: made, shown, tried out.

use domain::{Change, FilterFailure, Revision};
use serde_json::{Value, json};

use super::{Answer, call, new_webhook};
use crate::testing::*;

async fn tried(world: &Fake, key: &str, body: Value) -> Answer {
    call(world, key, "POST", "/v1/webhooks/filter-test", body).await
}

async fn verdict(body: Value) -> (bool, String, String) {
    let answer = tried(&Fake::new(registry()), READER, body).await.expect(200);
    (answer.body["matches"].as_bool().unwrap(), answer.text("reason"), answer.text("detail"))
}

#[tokio::test]
async fn conditions_are_shown_as_they_were_made() {
    let world = Fake::new(registry());
    let mut body = new_webhook();
    let conditions = json!({"filter": "data.profile > 5", "database": 7, "collection": null,
        "callers": {"only": ["shop"]}, "fields": ["email"], "types": ["update"]});
    body.as_object_mut().unwrap().extend(conditions.as_object().unwrap().clone());
    let made = call(&world, ACME, "POST", "/v1/webhooks", body).await.expect(201);
    let path = format!("/v1/webhooks/{}", made.id());
    let shown = call(&world, READER, "GET", &path, Value::Null).await.expect(200);
    assert_eq!((shown.text("filter"), shown.text("database")), ("data.profile > 5".into(), "7".into()));
    assert_eq!(
        (&shown.body["callers"], &shown.body["fields"], &shown.body["filter_failure"]),
        (&json!({"only": ["shop"]}), &json!(["email"]), &Value::Null)
    );
    let patch = json!({"filter": null, "fields": null, "revision": 1});
    let less = call(&world, ACME, "PATCH", &path, patch).await.expect(200);
    assert_eq!((&less.body["filter"], &less.body["fields"]), (&Value::Null, &json!([])));
    let refused = call(&world, ACME, "PATCH", &path, json!({"types": "*", "revision": 2})).await.expect(422);
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 2, "{}", refused.text);
}

#[tokio::test]
async fn a_failing_filter_shows_on_its_webhook_until_a_person_changes_it() {
    let world = Fake::new(registry());
    let made = call(&world, ACME, "POST", "/v1/webhooks", new_webhook()).await.expect(201);
    let path = format!("/v1/webhooks/{}", made.id());
    world.put(Change::FilterFailure(FilterFailure {
        webhook: made.id().as_str().into(),
        revision: Revision(1),
        at: NOW,
        why: "there is no member 'town'".to_owned(),
    }));
    let shown = call(&world, ACME, "GET", &path, Value::Null).await.expect(200);
    let failure = json!({"at": "2026-01-01T00:00:00.000Z", "message": "there is no member 'town'"});
    assert_eq!(shown.body["filter_failure"], failure);
    let list = call(&world, ACME, "GET", "/v1/webhooks", Value::Null).await.expect(200);
    assert_eq!(list.body["items"][0], shown.body);
    let changed =
        call(&world, ACME, "PATCH", &path, json!({"filter": "true", "revision": 1})).await.expect(200);
    assert_eq!(changed.body["filter_failure"], Value::Null);
}

#[tokio::test]
async fn conditions_are_tried_on_an_event() {
    let click = json!({"type": "click", "data": {"id": "m1", "code": 5}});
    for (body, expected) in [
        (json!({"event": click}), (true, "matched")),
        (json!({"event": click, "filter": "data.code == 5 && type == 'click'"}), (true, "matched")),
        (json!({"event": click, "filter": "data.code == 6"}), (false, "filter")),
        (json!({"event": click, "filter": "data.town == 'x'"}), (false, "failed")),
        (json!({"event": click, "filter": "data.code"}), (false, "failed")),
        (json!({"event": click, "types": ["open"]}), (false, "type")),
        (json!({"event": click, "database": 7}), (false, "database")),
        (
            json!({"event": {"type": "update"}, "database": 7, "fields": ["email", "newsletter", "city"]}),
            (true, "matched"),
        ),
        (json!({"event": {"type": "update"}, "fields": ["shoe-size"]}), (false, "fields")),
        (json!({"event": {"type": "update"}, "callers": {"only": ["nobody"]}}), (false, "callers")),
        (json!({"event": {"type": "update"}, "collection": 99}), (false, "collection")),
    ] {
        let (matches, reason, detail) = verdict(body.clone()).await;
        assert_eq!((matches, reason.as_str()), expected, "{body}: {detail}");
    }
    let (_, _, detail) = verdict(json!({"event": click, "filter": "data.town == 'x'"})).await;
    assert!(detail.ends_with("there is no member 'town': ask with has(…) first"), "{detail}");
}

#[tokio::test]
async fn what_an_event_lacks_is_filled_in_and_shown() {
    let world = Fake::new(registry());
    let filter = "account == 'acme' && source == '/' && time == timestamp('2026-01-01T00:00:00Z') && has(data.original)";
    let body = json!({"event": {"type": "click"}, "filter": filter});
    let answer = tried(&world, ACME, body.clone()).await.expect(200);
    assert_eq!((answer.text("reason"), &answer.body["event"]["account"]), ("matched".into(), &json!("acme")));
    assert_eq!(answer.body["event"]["data"]["type"], "click", "the catalogue's sample");
    let operator = tried(&world, OPERATOR, body).await.expect(200);
    assert_eq!(
        (operator.text("reason"), &operator.body["event"]["account"]),
        ("filter".into(), &json!("example"))
    );
}

#[tokio::test]
async fn a_webhooks_own_conditions_are_tried_and_only_by_who_may_see_it() {
    let world = Fake::new(registry());
    let mut body = new_webhook();
    body["filter"] = json!("data.id == 'm1'");
    let id = call(&world, ACME, "POST", "/v1/webhooks", body).await.expect(201).id();
    let test = |event: Value| json!({"webhook": id, "event": event});
    let click = json!({"type": "click", "data": {"id": "m1"}});
    assert_eq!(tried(&world, ACME, test(click.clone())).await.expect(200).text("reason"), "matched");
    let other = tried(&world, ACME, test(json!({"type": "bounce"}))).await.expect(200);
    assert_eq!(other.text("detail"), "bounce is not among the types: click, open");
    let mut changed = test(click.clone());
    changed["filter"] = json!("data.id == 'm2'");
    assert_eq!(tried(&world, ACME, changed).await.expect(200).text("reason"), "filter");
    tried(&world, BOLT, test(click)).await.expect(404);
}

#[tokio::test]
async fn a_test_that_makes_no_sense_names_what_does_not() {
    let world = Fake::new(registry());
    for (body, field) in [
        (json!({}), "event"),
        (json!({"event": {}}), "event.type"),
        (json!({"event": {"type": "Click"}}), "event.type"),
        (json!({"event": {"type": "click", "data": []}}), "event.data"),
        (json!({"event": {"type": "click", "account": "a b"}}), "event.account"),
        (json!({"event": {"type": "click"}, "filter": "type =="}), "filter"),
        (json!({"event": {"type": "click"}, "flter": "true"}), "flter"),
        (json!({"event": {"type": "click"}, "types": []}), "types"),
    ] {
        let refused = tried(&world, ACME, body.clone()).await.expect(422);
        assert_eq!(refused.body["errors"][0]["field"], field, "{body}: {}", refused.text);
    }
}
