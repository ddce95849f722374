use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::router;
use crate::testing::*;

mod audit;
mod conditions;
mod contract;
mod erasure;
pub(crate) mod history;
mod isolation;
mod jobs;
mod overview;
mod people;
mod preview;
mod rates;
mod repeats;
mod resend;
mod shapes;
mod streams;
mod trial;
mod webhook_life;

/// What the API answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Answer {
    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_default().to_owned()
    }

    fn id(&self) -> String {
        self.text("id")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A JSON request in the name of a key; null is no body.
async fn call(world: &Fake, key: &str, method: &str, path: &str, body: Value) -> Answer {
    call_with(world, key, method, path, &[], body).await
}

async fn call_with(
    world: &Fake,
    key: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    send(world, request.body(body).unwrap()).await
}

/// Sends it, and holds the answer against the document.
async fn send(world: &Fake, request: Request<Body>) -> Answer {
    let asked = (request.method().to_string(), request.uri().path().to_owned());
    let response = router(world.console()).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    contract::check(&asked.0, &asked.1, head.status.as_u16(), &head.headers, &body);
    Answer { status: head.status, headers: head.headers, body, text }
}

fn new_webhook() -> Value {
    json!({"name": "Orders", "url": "https://a.example/dir/hook.php", "types": ["click", "open"],
        "headers": {"X-Key": "geheim"}})
}

async fn created(world: &Fake) -> Answer {
    call(world, ACME, "POST", "/v1/webhooks", new_webhook()).await.expect(201)
}

/// Lets the file be found beside the callback.
async fn publish(world: &Fake, path: &str) {
    let asked = call(world, ACME, "GET", &format!("{path}/verification"), Value::Null).await.expect(200);
    let (place, content) = (asked.body["places"][0].as_str().unwrap().to_owned(), asked.text("content"));
    world.serve(move |url| if url.as_str() == place { answered(200, &content) } else { answered(404, "") });
}

async fn verified(world: &Fake) -> String {
    let path = format!("/v1/webhooks/{}", created(world).await.id());
    publish(world, &path).await;
    call(world, ACME, "POST", &format!("{path}/verify"), Value::Null).await.expect(200);
    path
}
