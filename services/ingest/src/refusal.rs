//! Why a request was not taken, and how that is said: every way out but 202 is here.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use process::Problem;
use serde_json::{Value, json};

use crate::parse::{ACCEPTED_ENCODINGS, ACCEPTED_TYPES};

/// How many faults one answer lists; the rest is counted.
const FAULTS_LISTED: usize = 100;

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No key, or none that is good: 401.
    Unauthenticated(&'static str),
    /// A good key that may not do this: 403.
    Forbidden(String),
    /// Something is larger than a limit: 413.
    TooLarge(Limit),
    /// The body's media type is none of ours: 415.
    UnsupportedType(String),
    /// The body's encoding is none of ours: 415.
    UnsupportedEncoding(String),
    /// The body did not arrive in time: 408.
    SlowBody,
    /// Events that are none: 422.
    Invalid(Vec<Fault>),
    /// Too much is held in memory: 503, soon again.
    Busy,
    /// The topics are not checked or the keys not read yet: 503.
    Starting,
    /// Kafka did not acknowledge every record: 503. Some may have been written.
    Unavailable(String),
}

/// A limit that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The problem's stable code.
    pub code: &'static str,
    /// What is too large, to be read before "the limit is".
    pub what: String,
    /// The most that is allowed.
    pub limit: usize,
    /// What is counted.
    pub unit: &'static str,
    /// The setting that says so.
    pub setting: &'static str,
}

/// What is wrong with one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The event's place in the request, from 0.
    pub index: usize,
    /// The attribute, or the member of the data.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    /// A fault of one event's field.
    pub fn new(index: usize, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { index, field: field.into(), message: message.into() }
    }
}

impl Limit {
    /// The body, whole or so far, has more bytes than allowed.
    pub fn body(limit: usize) -> Self {
        Self {
            code: "body-too-large",
            what: "the request's body, decompressed, is larger".to_owned(),
            limit,
            unit: "bytes",
            setting: "ingest.max_body_bytes",
        }
    }

    /// One request holds more events than allowed.
    pub fn events(limit: usize) -> Self {
        Self {
            code: "too-many-events",
            what: "the request holds more events".to_owned(),
            limit,
            unit: "events",
            setting: "ingest.max_events",
        }
    }

    /// One event's data has more bytes than allowed.
    pub fn event(index: usize, size: usize, limit: usize) -> Self {
        Self {
            code: "event-too-large",
            what: format!("the data of event {index} has {size} bytes"),
            limit,
            unit: "bytes",
            setting: "topics.event_max_bytes",
        }
    }
}

impl Refusal {
    /// A single fault.
    pub fn fault(index: usize, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(index, field, message)])
    }

    /// Every code.
    pub const CODES: [&'static str; 12] = [
        "unauthenticated",
        "forbidden",
        "body-too-large",
        "too-many-events",
        "event-too-large",
        "unsupported-media-type",
        "unsupported-content-encoding",
        "body-timeout",
        "invalid-events",
        "busy",
        "starting",
        "kafka-unavailable",
    ];

    /// The problem's stable code, which is also the metric's label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::TooLarge(limit) => limit.code,
            Self::UnsupportedType(_) => "unsupported-media-type",
            Self::UnsupportedEncoding(_) => "unsupported-content-encoding",
            Self::SlowBody => "body-timeout",
            Self::Invalid(_) => "invalid-events",
            Self::Busy => "busy",
            Self::Starting => "starting",
            Self::Unavailable(_) => "kafka-unavailable",
        }
    }

    fn problem(&self) -> Problem {
        let problem = |status, detail: String| Problem::new(status, self.code(), detail);
        match self {
            Self::Unauthenticated(why) => problem(StatusCode::UNAUTHORIZED, (*why).to_owned())
                .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"postbode\"")),
            Self::Forbidden(why) => problem(StatusCode::FORBIDDEN, why.clone()),
            Self::TooLarge(limit) => too_large(limit),
            Self::UnsupportedType(given) => unsupported_type(given),
            Self::UnsupportedEncoding(given) => unsupported_encoding(given),
            Self::SlowBody => {
                problem(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time".to_owned())
            }
            Self::Invalid(faults) => invalid(faults),
            Self::Busy => {
                problem(StatusCode::SERVICE_UNAVAILABLE, "too much is waiting in memory".to_owned())
                    .retry_after(1)
            }
            Self::Starting => {
                problem(StatusCode::SERVICE_UNAVAILABLE, "the service is still starting".to_owned())
                    .retry_after(1)
            }
            Self::Unavailable(why) => unavailable(why),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

fn too_large(limit: &Limit) -> Problem {
    let detail = format!("{}: the limit is {} {} ({})", limit.what, limit.limit, limit.unit, limit.setting);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, limit.code, detail)
        .with("limit", limit.limit)
        .with("setting", limit.setting)
}

fn unsupported_type(given: &str) -> Problem {
    let accepted = ACCEPTED_TYPES.join(", ");
    let detail = format!("content-type {given:?} is not taken, only {accepted}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
        .with("accepted", ACCEPTED_TYPES.to_vec())
        .header(header::ACCEPT, text(&accepted))
}

fn unsupported_encoding(given: &str) -> Problem {
    let accepted = ACCEPTED_ENCODINGS.join(", ");
    let detail = format!("content-encoding {given:?} is not taken, only {accepted}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", detail)
        .with("accepted", ACCEPTED_ENCODINGS.to_vec())
        .header(header::ACCEPT_ENCODING, text(&accepted))
}

fn invalid(faults: &[Fault]) -> Problem {
    let listed: Vec<Value> = faults
        .iter()
        .take(FAULTS_LISTED)
        .map(|fault| json!({"index": fault.index, "field": fault.field, "message": fault.message}))
        .collect();
    let detail = match faults {
        [only] => format!("event {}: {} {}; nothing was taken", only.index, only.field, only.message),
        several => format!("{} faults; nothing was taken", several.len()),
    };
    let problem =
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-events", detail).with("errors", listed);
    if faults.len() > FAULTS_LISTED {
        return problem.with("errors_omitted", faults.len() - FAULTS_LISTED);
    }
    problem
}

fn unavailable(why: &str) -> Problem {
    let detail = format!(
        "Kafka did not acknowledge every event ({why}); some may have been written. Send the whole request again with \
         the same ids, or with the same Idempotency-Key"
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "kafka-unavailable", detail).retry_after(5)
}

/// Our own lists are plain ASCII.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("*/*"))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn answer(refusal: Refusal) -> (u16, axum::http::HeaderMap, Value) {
        let response = refusal.into_response();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn every_code_is_in_the_list() {
        let too_large = [Limit::body(1), Limit::events(1), Limit::event(0, 2, 1)].map(Refusal::TooLarge);
        let text = String::new;
        let mut all = vec![Refusal::Unauthenticated(""), Refusal::Forbidden(text())];
        all.extend(too_large);
        all.extend([Refusal::UnsupportedType(text()), Refusal::UnsupportedEncoding(text())]);
        all.extend([Refusal::SlowBody, Refusal::Invalid(vec![]), Refusal::Busy, Refusal::Starting]);
        all.push(Refusal::Unavailable(text()));
        assert_eq!(all.iter().map(Refusal::code).collect::<Vec<_>>(), Refusal::CODES);
    }

    #[tokio::test]
    async fn faults_are_listed_by_index_and_field() {
        let (status, headers, body) = answer(Refusal::fault(3, "type", "is missing")).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (422, &HeaderValue::from_static("application/problem+json"))
        );
        assert_eq!(body["errors"], json!([{"index": 3, "field": "type", "message": "is missing"}]));
        assert_eq!(body["detail"], "event 3: type is missing; nothing was taken");
    }

    #[tokio::test]
    async fn a_flood_of_faults_is_cut_and_counted() {
        let faults = (0..250).map(|index| Fault::new(index, "type", "is missing")).collect();
        let (_, _, body) = answer(Refusal::Invalid(faults)).await;
        assert_eq!(body["errors"].as_array().unwrap().len(), 100);
        assert_eq!(body["errors_omitted"], 150);
    }

    #[tokio::test]
    async fn a_limit_is_named_with_its_setting() {
        let (status, _, body) = answer(Refusal::TooLarge(Limit::event(2, 11, 10))).await;
        assert_eq!((status, &body["code"], &body["limit"]), (413, &json!("event-too-large"), &json!(10)));
        let detail = "the data of event 2 has 11 bytes: the limit is 10 bytes (topics.event_max_bytes)";
        assert_eq!(body["detail"], detail);
    }

    #[tokio::test]
    async fn what_is_taken_instead_is_said() {
        let (status, headers, body) = answer(Refusal::UnsupportedType("text/plain".to_owned())).await;
        assert_eq!((status, body["accepted"][0].as_str()), (415, Some("application/json")));
        assert!(headers["accept"].to_str().unwrap().contains("application/cloudevents+json"));
        let (_, headers, _) = answer(Refusal::UnsupportedEncoding("br".to_owned())).await;
        assert_eq!(headers["accept-encoding"], "gzip, zstd, identity");
    }

    #[tokio::test]
    async fn what_may_pass_says_when_to_come_back() {
        for refusal in [Refusal::Busy, Refusal::Starting, Refusal::Unavailable("timed out".to_owned())] {
            let (status, headers, _) = answer(refusal).await;
            assert!(status == 503 && headers.contains_key("retry-after"));
        }
        let (status, headers, _) = answer(Refusal::Unauthenticated("no key")).await;
        assert!(status == 401 && headers.contains_key("www-authenticate"));
    }
}
