//! `/health/live`, `/health/ready` and `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::metrics::CONTENT_TYPE;
use crate::{Health, Lifecycle, Metrics, Report};

/// What the endpoints tell of: the generation of the service that runs. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Stage(Arc<Mutex<Shown>>);

#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) lifecycle: Lifecycle,
}

impl Stage {
    pub(crate) fn new(shown: Shown) -> Self {
        Self(Arc::new(Mutex::new(shown)))
    }

    /// Tells of this one from now on, and lets go of the one before.
    pub(crate) fn show(&self, shown: Shown) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), shown);
        // Its probes hold parts of the service, which may take their time to end.
        drop(before);
    }

    fn shown(&self) -> Shown {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The endpoints.
pub(crate) fn router(stage: Stage) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(scrape))
        .with_state(stage)
}

async fn live(State(stage): State<Stage>) -> Response {
    answer(&stage.shown().health.liveness())
}

/// A stopping process is not ready, whatever else it says.
async fn ready(State(stage): State<Stage>) -> Response {
    let shown = stage.shown();
    let report = shown.health.readiness();
    let stopping = shown.lifecycle.is_stopping();
    answer(&if stopping { report.with("lifecycle", Err("stopping".to_owned())) } else { report })
}

async fn scrape(State(stage): State<Stage>) -> Response {
    match stage.shown().metrics.encode() {
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

    fn shown(health: Health, lifecycle: Lifecycle) -> Shown {
        Shown { health, metrics: Metrics::new(), lifecycle }
    }

    fn life() -> Lifecycle {
        Lifecycle::new(Duration::from_secs(1))
    }

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
        let (health, lifecycle) = (Health::new(), life());
        let router = router(Stage::new(shown(health.clone(), lifecycle.clone())));
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
        let router = router(Stage::new(shown(health, life())));
        let answer = ask(&router, "/health/live").await;
        assert!(answer.status == 503 && answer.body.contains("last poll 40 s ago"), "{}", answer.body);
        assert_eq!(answer.content_type, "application/json");
    }

    #[tokio::test]
    async fn metrics_are_openmetrics_text() {
        let router = router(Stage::new(shown(Health::new(), life())));
        let answer = ask(&router, "/metrics").await;
        assert_eq!((answer.status, answer.content_type.as_str()), (200, CONTENT_TYPE));
        assert!(answer.body.ends_with("# EOF\n"));
    }

    #[tokio::test]
    async fn the_next_generation_is_told_of_at_the_same_place() {
        let (first, second) = (Health::new(), Health::new());
        let stage = Stage::new(shown(first.clone(), life()));
        let router = router(stage.clone());
        first.ready("registry").pass();
        assert_eq!(ask(&router, "/health/ready").await.status, 200);
        stage.show(shown(second.clone(), life()));
        assert_eq!(ask(&router, "/health/ready").await.status, 503);
        second.ready("registry").pass();
        assert_eq!(ask(&router, "/health/ready").await.status, 200);
    }
}
