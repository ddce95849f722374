//! Every way in which the console says no, and how it looks on the wire.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Revision, Scope};
use process::Problem;
use serde_json::Value;
use wire::api::{FieldError, VerificationAttempt};

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No key, or one that is not good (any more).
    Unauthenticated(&'static str),
    /// The key may not do that.
    Forbidden(Scope),
    /// There is none, or it is another account's: the same to who asks.
    NoSuch(&'static str),
    /// It does not go with what there is.
    Conflict {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        detail: String,
    },
    /// The change was made to an older revision.
    Stale {
        /// The one there is.
        present: Revision,
    },
    /// A change that does not say which revision it was made to.
    RevisionMissing,
    /// Fields that will not do.
    Invalid(Vec<FieldError>),
    /// The body is no JSON.
    Malformed(String),
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body is not declared as JSON.
    UnsupportedType,
    /// The method is not for this path.
    MethodNotAllowed,
    /// The proof of a URL was not found, in any of its places.
    Unproven(Vec<VerificationAttempt>),
    /// The registry was not read to its end yet.
    Starting,
    /// The registry cannot be written; nothing was.
    Unavailable(String),
    /// Whether the registry was written will show.
    Unknown(String),
    /// No key at hand opens the secret.
    Sealed,
    /// The history's database is away.
    NoHistory,
    /// A form that no page of this session has sent.
    Forged,
    /// A job of its kind for the same webhook has not ended.
    Busy {
        /// That job.
        job: String,
    },
    /// The topic of events cannot be looked into.
    NoEvents(String),
    /// The account has so many streams open, as many as it may.
    TooManyStreams(usize),
    /// The console has so many streams open, as many as it may.
    NoRoom(usize),
    /// The key has asked too often; the seconds to wait.
    RateLimited(u64),
    /// Codes were sent to this webhook too often; the seconds to wait.
    TooManyCodes(u64),
    /// An `Idempotency-Key` that is none.
    IdempotencyKeyMalformed,
    /// Another request went by this `Idempotency-Key`.
    IdempotencyKeyReused,
    /// The request that goes by this `Idempotency-Key` is being done.
    IdempotencyKeyInUse,
}

impl Refusal {
    /// One field that will not do.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// The problem that callers get.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.status(), self.code(), self.detail());
        match self {
            Self::Unauthenticated(_) => {
                problem.header(header::WWW_AUTHENTICATE, challenge("Bearer realm=\"postbode\""))
            }
            Self::Forbidden(scope) => {
                let text = format!(
                    "Bearer realm=\"postbode\", error=\"insufficient_scope\", scope=\"{}\"",
                    scope.name()
                );
                problem.with("scope", scope.name()).header(header::WWW_AUTHENTICATE, challenge(&text))
            }
            Self::Stale { present } => problem.with("revision", present.0),
            Self::Invalid(errors) => problem.with("errors", json(errors)),
            Self::Unproven(attempts) => problem.with("attempts", json(attempts)),
            Self::TooLarge(limit) => problem.with("limit", *limit),
            Self::Busy { job } => problem.with("job", job.as_str()),
            Self::Starting
            | Self::Unavailable(_)
            | Self::Unknown(_)
            | Self::NoHistory
            | Self::NoEvents(_) => problem.retry_after(RETRY_AFTER),
            Self::TooManyStreams(limit) => problem.with("limit", *limit).retry_after(ROOM_AFTER),
            Self::NoRoom(limit) => problem.with("limit", *limit).retry_after(ROOM_AFTER),
            Self::IdempotencyKeyInUse => problem.retry_after(TURN_AFTER),
            Self::RateLimited(wait) | Self::TooManyCodes(wait) => problem.retry_after(*wait),
            Self::NoSuch(_)
            | Self::Conflict { .. }
            | Self::RevisionMissing
            | Self::Malformed(_)
            | Self::UnsupportedType
            | Self::MethodNotAllowed
            | Self::Sealed
            | Self::IdempotencyKeyMalformed
            | Self::IdempotencyKeyReused
            | Self::Forged => problem,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Forged => StatusCode::FORBIDDEN,
            Self::NoSuch(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict { .. } | Self::Stale { .. } | Self::Busy { .. } | Self::IdempotencyKeyInUse => {
                StatusCode::CONFLICT
            }
            Self::RevisionMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::Invalid(_) | Self::Unproven(_) | Self::IdempotencyKeyReused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Malformed(_) | Self::IdempotencyKeyMalformed => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyStreams(_) | Self::RateLimited(_) | Self::TooManyCodes(_) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Starting
            | Self::Unavailable(_)
            | Self::Unknown(_)
            | Self::Sealed
            | Self::NoHistory
            | Self::NoRoom(_)
            | Self::NoEvents(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::NoSuch(_) => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict { code, .. } => code,
            Self::Stale { .. } => "stale-revision",
            Self::RevisionMissing => "revision-required",
            Self::Invalid(_) => "invalid",
            Self::Malformed(_) => "malformed-json",
            Self::TooLarge(_) => "too-large",
            Self::UnsupportedType => "unsupported-media-type",
            Self::Unproven(_) => "verification-failed",
            Self::Starting => "starting",
            Self::Unavailable(_) => "registry-unavailable",
            Self::Unknown(_) => "outcome-unknown",
            Self::Sealed => "secret-sealed",
            Self::NoHistory => "history-unavailable",
            Self::Forged => "forged",
            Self::Busy { .. } => "job-running",
            Self::NoEvents(_) => "events-unavailable",
            Self::TooManyStreams(_) => "too-many-streams",
            Self::NoRoom(_) => "no-room",
            Self::RateLimited(_) => "rate-limited",
            Self::TooManyCodes(_) => "too-many-codes",
            Self::IdempotencyKeyMalformed => "idempotency-key-malformed",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::IdempotencyKeyInUse => "idempotency-key-in-use",
        }
    }

    /// What it is about, for people.
    pub fn detail(&self) -> String {
        match self {
            Self::Unauthenticated(why) => (*why).to_owned(),
            Self::Forbidden(scope) => format!("this key lacks the scope {}", scope.name()),
            Self::NoSuch(what) => format!("there is no such {what}"),
            Self::MethodNotAllowed => "this path does not take this method: see the header Allow".to_owned(),
            Self::Conflict { detail, .. } => detail.clone(),
            Self::Stale { present } => {
                format!("it has changed since: it is at revision {present} now; read it and decide again")
            }
            Self::RevisionMissing => {
                "say which revision the change was made to, by the header If-Match or the member revision"
                    .to_owned()
            }
            Self::Invalid(errors) => told(errors.iter().map(|it| (it.field.as_str(), it.message.as_str()))),
            Self::Malformed(why) => format!("the body is not valid JSON: {why}"),
            Self::TooLarge(limit) => format!("the body is larger than {limit} bytes"),
            Self::UnsupportedType => "send the body as content-type: application/json".to_owned(),
            Self::Unproven(attempts) => {
                let places = told(attempts.iter().map(|it| (it.url.as_str(), it.message.as_str())));
                format!("no proof was found: {places}")
            }
            Self::Starting => "the console has just started and reads its registry".to_owned(),
            Self::Unavailable(why) => format!("nothing was changed: {why}"),
            Self::Unknown(why) => {
                format!("whether the change went through will show, so look before you repeat it: {why}")
            }
            Self::Sealed => "this console's keyring (seal.keys) cannot open the secret".to_owned(),
            Self::NoHistory => "the history cannot be looked at now; everything else goes on".to_owned(),
            Self::Forged => "this form is not of your present session: load the page again".to_owned(),
            Self::Busy { job } => {
                format!("job {job} is at it already: wait until it has ended, or cancel it")
            }
            Self::NoEvents(why) => format!("the events cannot be read now: {why}"),
            Self::TooManyStreams(limit) => {
                format!("this account has {limit} streams of events open, as many as it may: close one")
            }
            Self::NoRoom(limit) => {
                format!("this console has {limit} streams of events open, as many as it may: try again later")
            }
            Self::RateLimited(wait) => format!("this key asks too often: wait {wait} s"),
            Self::TooManyCodes(wait) => {
                format!("codes were sent to this webhook just now: wait {wait} s, or use one of them")
            }
            Self::IdempotencyKeyMalformed => {
                "give one Idempotency-Key, of 1 to 255 visible ASCII characters, in quotes or without"
                    .to_owned()
            }
            Self::IdempotencyKeyReused => {
                "another request went by this Idempotency-Key: give each request a key of its own".to_owned()
            }
            Self::IdempotencyKeyInUse => {
                "the request with this Idempotency-Key is being done: ask again for its answer".to_owned()
            }
        }
    }
}

impl From<history::Error> for Refusal {
    fn from(error: history::Error) -> Self {
        match error {
            history::Error::Busy(job) => Self::Busy { job },
            error @ (history::Error::NotAUrl
            | history::Error::Database(_)
            | history::Error::Tables(_)
            | history::Error::Unreadable(_)) => {
                tracing::warn!(%error, "the history did not answer");
                Self::NoHistory
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// In seconds.
const RETRY_AFTER: u64 = 2;
/// In seconds: most requests take less.
const TURN_AFTER: u64 = 1;
/// In seconds: streams stay open for long.
const ROOM_AFTER: u64 = 10;

fn told<'a>(parts: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let sentences: Vec<_> = parts
        .map(
            |(what, message)| if what.is_empty() { message.to_owned() } else { format!("{what}: {message}") },
        )
        .collect();
    sentences.join("; ")
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn challenge(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("Bearer"))
}
