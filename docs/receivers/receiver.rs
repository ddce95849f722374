//! Receives webhooks: verifies them, drops doubles, answers. With the crates axum and standardwebhooks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use standardwebhooks::Webhook;

/// What was taken. A real receiver remembers for days, in a table with a unique key.
pub type Taken = Arc<Mutex<HashSet<String>>>;

/// The receiver, given its secret: `whsec_…`.
pub fn receiver(secret: &str, taken: Taken) -> Result<Router, standardwebhooks::WebhookError> {
    let verifier = Arc::new(Webhook::new(secret)?);
    Ok(Router::new().fallback(post(receive)).with_state((verifier, taken)))
}

/// The body as it came: parsed and written again it verifies no more.
async fn receive(
    State((verifier, taken)): State<(Arc<Webhook>, Taken)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    if verifier.verify(&body, &headers).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let fresh = taken.lock().is_ok_and(|mut taken| taken.insert(id.clone()));
    if fresh {
        println!("took {id}"); // Hand the event over to your own queue here, and answer at once.
    }
    StatusCode::NO_CONTENT
}
