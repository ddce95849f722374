//! `/health/live`, `/health/ready` and `/metrics`.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::metrics::CONTENT_TYPE;
use crate::{Health, Lifecycle, Metrics, Report};

#[derive(Clone)]
struct Management {
    health: Health,
    metrics: Metrics,
    lifecycle: Lifecycle,
}

/// The endpoints.
pub(crate) fn router(health: Health, metrics: Metrics, lifecycle: Lifecycle) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(scrape))
        .with_state(Management { health, metrics, lifecycle })
}

async fn live(State(management): State<Management>) -> Response {
    answer(&management.health.liveness())
}

/// A stopping process is not ready, whatever else it says.
async fn ready(State(management): State<Management>) -> Response {
    let report = management.health.readiness();
    let stopping = management.lifecycle.is_stopping();
    answer(&if stopping { report.with("lifecycle", Err("stopping".to_owned())) } else { report })
}

async fn scrape(State(management): State<Management>) -> Response {
    match management.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn answer(report: &Report) -> Response {
    let (status, word) = verdict(report.passes());
    let checks: Map<String, Value> =
        report.iter().map(|(name, state)| (name.to_owned(), check(state))).collect();
    (status, Json(json!({"status": word, "checks": checks}))).into_response()
}

fn check(state: &Result<(), String>) -> Value {
    match state {
        Ok(()) => json!({"status": "pass"}),
        Err(why) => json!({"status": "fail", "reason": why}),
    }
}

fn verdict(passes: bool) -> (StatusCode, &'static str) {
    if passes { (StatusCode::OK, "pass") } else { (StatusCode::SERVICE_UNAVAILABLE, "fail") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    struct Answer {
        status: u16,
        content_type: String,
        body: String,
    }

    async fn ask(router: &Router, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, content_type, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    #[tokio::test]
    async fn readiness_lists_every_check_with_its_reason_and_fails_while_stopping() {
        let (health, lifecycle) = (Health::new(), Lifecycle::new(Duration::from_secs(1)));
        let router = router(health.clone(), Metrics::new(), lifecycle.clone());
        let registry = health.ready("registry");
        let answer = ask(&router, "/health/ready").await;
        assert_eq!(answer.status, 503);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let expected =
            json!({"status": "fail", "checks": {"registry": {"status": "fail", "reason": "starting"}}});
        assert_eq!(body, expected);
        registry.pass();
        assert_eq!(ask(&router, "/health/ready").await.status, 200);
        lifecycle.stop();
        let answer = ask(&router, "/health/ready").await;
        assert!(answer.status == 503 && answer.body.contains("\"reason\":\"stopping\""), "{}", answer.body);
        assert_eq!(ask(&router, "/health/live").await.status, 200);
    }

    #[tokio::test]
    async fn liveness_asks_the_probes() {
        let health = Health::new();
        health.live("poll", || Err("last poll 40 s ago".to_owned()));
        let router = router(health, Metrics::new(), Lifecycle::new(Duration::from_secs(1)));
        let answer = ask(&router, "/health/live").await;
        assert!(answer.status == 503 && answer.body.contains("last poll 40 s ago"), "{}", answer.body);
        assert_eq!(answer.content_type, "application/json");
    }

    #[tokio::test]
    async fn metrics_are_openmetrics_text() {
        let router = router(Health::new(), Metrics::new(), Lifecycle::new(Duration::from_secs(1)));
        let answer = ask(&router, "/metrics").await;
        assert_eq!((answer.status, answer.content_type.as_str()), (200, CONTENT_TYPE));
        assert!(answer.body.ends_with("# EOF\n"));
    }
}
