//! Streams of events over HTTP: what stands on the wire, and who gets one.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Answer, call, router};
use crate::testing::*;

async fn opened(router: &Router, key: &str, query: &str, last: Option<&str>) -> Response {
    let mut request = Request::get(format!("/v1/events/stream{query}"));
    request = request.header("authorization", format!("Bearer {key}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// The next message as it stands on the wire.
async fn message(response: &mut Response) -> String {
    let frame = tokio::time::timeout(Duration::from_secs(60), response.frame()).await.unwrap();
    String::from_utf8(frame.unwrap().unwrap().into_data().unwrap().to_vec()).unwrap()
}

async fn refused(world: &Fake, key: &str, query: &str) -> Answer {
    call(world, key, "GET", &format!("/v1/events/stream{query}"), Value::Null).await
}

#[tokio::test(start_paused = true)]
async fn a_message_has_an_id_the_events_type_and_the_event_as_cloudevents() {
    let world = Fake::new(registry());
    let router = router(world.console());
    let mut stream = opened(&router, READER, "?types=click,open", None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(message(&mut stream).await, ": alive\nid: 0-0,1-0\n\n");
    world.happen(event("acme", "bounce", "{}"));
    world.happen(event("acme", "click", "{\r\n \"n\": 1.50}"));
    let expected = "id: 0-0,1-1\nevent: click\ndata: {\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"/s\",\
                    \"type\":\"click\",\"account\":\"acme\",\"time\":\"2026-01-01T00:00:00.000Z\",\
                    \"datacontenttype\":\"application/json\",\"data\":{\rdata: \ndata:  \"n\": 1.50}}\n\n";
    assert_eq!(message(&mut stream).await, expected);

    world.happen(event("acme", "open", "{}"));
    let mut again = opened(&router, READER, "?types=click,open", Some("0-1,1-1")).await;
    assert_eq!(message(&mut again).await, ": alive\nid: 0-1,1-1\n\n");
    assert!(message(&mut again).await.starts_with("id: 0-2,1-1\nevent: open\n"));
}

#[tokio::test(start_paused = true)]
async fn missed_events_and_a_filter_that_fails_are_messages_of_their_own() {
    let world = Fake::new(registry());
    let router = router(world.console());
    world.happen(event("acme", "click", "{}"));
    let mut stream = opened(&router, ACME, "?filter=data.n%20%3E%201", Some("0-9,1-0")).await;
    assert_eq!(message(&mut stream).await, ": alive\nid: 0-9,1-0\n\n");
    assert_eq!(message(&mut stream).await, "id: 0-0,1-0\nevent: *missed\ndata: {\"missed\":null}\n\n");
    let failed = message(&mut stream).await;
    assert!(failed.starts_with("event: *filter-failed\ndata: {\"message\":"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn who_may_listen_to_whom() {
    let world = Fake::new(registry());
    assert_eq!(refused(&world, BOLT, "?account=acme").await.expect(404).text("code"), "not-found");
    let nobody = refused(&world, OPERATOR, "").await.expect(422);
    assert_eq!(nobody.body["errors"][0]["field"], "account");
    refused(&world, OPERATOR, "?account=nobody").await.expect(404);
    refused(&world, "no-key", "").await.expect(401);
    world.put(domain::Change::Key(key("writer", Some("acme"), &[domain::Scope::EventsWrite])));
    let forbidden = refused(&world, "writer", "").await.expect(403);
    assert_eq!(forbidden.body["scope"], "webhooks:read");
    let console = router(world.console());
    assert_eq!(opened(&console, OPERATOR, "?account=acme", None).await.status(), 200);
    assert_eq!(opened(&console, ACME, "?account=acme", None).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_asked_for_is_named() {
    let world = Fake::new(registry());
    for (query, field) in [
        ("?types=Click!", "types"),
        ("?types=", "types"),
        ("?filter=data.", "filter"),
        ("?filter=", "filter"),
        ("?type=click", "query"),
    ] {
        let answer = refused(&world, ACME, query).await.expect(422);
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}");
    }
    let console = router(world.console());
    for last in ["soon", "1-", "0-1;1-2"] {
        assert_eq!(opened(&console, ACME, "", Some(last)).await.status(), 422, "{last}");
    }
    world.lose_events();
    let away = refused(&world, ACME, "").await.expect(503);
    assert_eq!((away.text("code"), away.header("retry-after")), ("events-unavailable".into(), "2"));
}

#[tokio::test(start_paused = true)]
async fn too_many_streams_of_an_account_are_429_and_too_many_in_all_503() {
    let world = Fake::new(registry());
    let console = router(world.console());
    let _first = opened(&console, ACME, "", None).await;
    let second = opened(&console, ACME, "", None).await;
    let third = opened(&console, ACME, "", None).await;
    assert_eq!((third.status().as_u16(), &third.headers()["retry-after"]), (429, &"10".parse().unwrap()));
    let problem: Value =
        serde_json::from_slice(&third.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!((&problem["code"], &problem["limit"]), (&json!("too-many-streams"), &json!(2)));
    let _other = opened(&console, BOLT, "", None).await;
    assert_eq!(opened(&console, BOLT, "", None).await.status(), 503);
    drop(second);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(opened(&console, ACME, "", None).await.status(), 200, "a stream that ended makes room");
}
