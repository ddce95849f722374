//! How often somebody may ask.

use serde_json::Value;

use super::*;
use crate::rates::Rates;

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back_and_others_are_served() {
    let world = Fake::new(registry());
    let mut console = std::sync::Arc::into_inner(world.console()).unwrap();
    console.rates = Rates::new(1, 2);
    let router = router(std::sync::Arc::new(console));
    let ask = async |key: &str| {
        let request = Request::builder().uri("/v1/webhooks").header("authorization", format!("Bearer {key}"));
        router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let text = |response: &axum::response::Response, name: &str| {
        response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let first = ask(ACME).await;
    let told = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| text(&first, name));
    assert_eq!(told, ["2", "1", "1"]);
    ask(ACME).await;
    let refused = ask(ACME).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(["retry-after", "ratelimit-remaining"].map(|name| text(&refused, name)), ["1", "0"]);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "rate-limited");
    assert_eq!(ask(BOLT).await.status(), 200);
    for _ in 0..3 {
        let stranger = ask("nobody").await;
        assert_eq!((stranger.status().as_u16(), text(&stranger, "ratelimit-limit")), (401, String::new()));
    }
}

#[tokio::test]
async fn codes_are_sent_a_few_times_only() {
    let world = Fake::new(registry());
    world.serve(|_| answered(200, ""));
    let path = format!("/v1/webhooks/{}/verification/code", created(&world).await.id());
    let router = router(world.console());
    let mut status = Vec::new();
    for _ in 0..4 {
        let request = Request::builder().method("POST").uri(&path);
        let request = request.header("authorization", format!("Bearer {ACME}")).body(Body::empty()).unwrap();
        status.push(router.clone().oneshot(request).await.unwrap().status().as_u16());
    }
    assert_eq!(status, [200, 200, 200, 429]);
}
