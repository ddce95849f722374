//! Every way in which the console says no, and how it looks on the wire.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Revision, Scope};
use process::Problem;
use serde_json::Value;
use wire::api::{FieldError, VerificationAttempt};

use crate::words::{About, Language, Sentence, sentence};

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No key, or one that is not good (any more).
    Unauthenticated(Sentence),
    /// The key may not do that.
    Forbidden(Scope),
    /// There is none, or it is another account's: the same to who asks. What it is, as the catalogues' `no-such` knows it.
    NoSuch(&'static str),
    /// It does not go with what there is.
    Conflict {
        /// Stable, for programs.
        code: &'static str,
        /// For people.
        detail: Sentence,
    },
    /// The change was made to an older revision.
    Stale {
        /// The one there is.
        present: Revision,
    },
    /// A change that does not say which revision it was made to.
    RevisionMissing,
    /// Fields that will not do.
    Invalid(Vec<Wrong>),
    /// The body is no JSON.
    Malformed(String),
    /// The body is larger than this many bytes.
    TooLarge(usize),
    /// The body is not declared as JSON.
    UnsupportedType,
    /// The method is not for this path.
    MethodNotAllowed,
    /// The proof of a URL was not found, in any of its places.
    Unproven(Vec<NoProof>),
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
    NoEvents(About),
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

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field's path; empty for the request as a whole.
    pub field: String,
    /// What is wrong, and what to write instead: it goes on from the field's name.
    pub what: Sentence,
}

/// A place that does not prove a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProof {
    /// Where was looked.
    pub url: String,
    /// What kind of failure it is, from a closed set.
    pub result: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What was found there instead.
    pub what: Sentence,
}

impl Wrong {
    /// In a field.
    pub fn new(field: impl Into<String>, what: impl Into<Sentence>) -> Self {
        Self { field: field.into(), what: what.into() }
    }

    fn shown(&self) -> FieldError {
        FieldError { field: self.field.clone(), message: PROGRAMS.tell(&self.what) }
    }
}

impl NoProof {
    fn shown(&self) -> VerificationAttempt {
        let Self { url, result, status, what } = self;
        let (url, result, message) = (url.clone(), result.clone(), PROGRAMS.tell(what));
        VerificationAttempt { url, result, status: *status, message }
    }
}

/// What REST speaks.
const PROGRAMS: Language = Language::English;

impl Refusal {
    /// One field that will not do.
    pub fn field(field: impl Into<String>, what: impl Into<Sentence>) -> Self {
        Self::Invalid(vec![Wrong::new(field, what)])
    }

    /// The topic of events cannot be looked into, for this.
    pub fn no_events(why: impl Into<About>) -> Self {
        Self::NoEvents(why.into())
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
            Self::Invalid(errors) => problem.with("errors", json(errors.iter().map(Wrong::shown))),
            Self::Unproven(attempts) => problem.with("attempts", json(attempts.iter().map(NoProof::shown))),
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

    /// What it is about, as programs get it.
    pub fn detail(&self) -> String {
        self.told(PROGRAMS)
    }

    /// What it is about, for people who read this language.
    pub fn told(&self, language: Language) -> String {
        let sentence = match self {
            Self::Invalid(errors) => {
                return list(language, errors.iter().map(|it| (&it.field, &it.what)));
            }
            Self::Unproven(places) => {
                let places = list(language, places.iter().map(|it| (&it.url, &it.what)));
                sentence!("unproven", places = places)
            }
            Self::Unauthenticated(detail) | Self::Conflict { detail, .. } => detail.clone(),
            Self::Forbidden(scope) => sentence!("scope-missing", scope = scope.name()),
            Self::NoSuch(what) => sentence!("no-such", what = what),
            Self::MethodNotAllowed => sentence!("method-not-allowed"),
            Self::Stale { present } => sentence!("stale-revision", present = present),
            Self::RevisionMissing => sentence!("revision-missing"),
            Self::Malformed(why) => sentence!("body-malformed", why = why),
            Self::TooLarge(limit) => sentence!("body-large", limit = limit),
            Self::UnsupportedType => sentence!("body-untyped"),
            Self::Starting => sentence!("starting"),
            Self::Unavailable(why) => sentence!("registry-away", why = why),
            Self::Unknown(why) => sentence!("outcome-unknown", why = why),
            Self::Sealed => sentence!("secret-sealed"),
            Self::NoHistory => sentence!("history-away"),
            Self::Forged => sentence!("form-forged"),
            Self::Busy { job } => sentence!("job-running", job = job),
            Self::NoEvents(why) => sentence!("events-away", why = why.clone()),
            Self::TooManyStreams(limit) => sentence!("streams-many", limit = limit),
            Self::NoRoom(limit) => sentence!("streams-full", limit = limit),
            Self::RateLimited(wait) => sentence!("key-asks-often", wait = wait),
            Self::TooManyCodes(wait) => sentence!("codes-often", wait = wait),
            Self::IdempotencyKeyMalformed => sentence!("idempotency-malformed"),
            Self::IdempotencyKeyReused => sentence!("idempotency-reused"),
            Self::IdempotencyKeyInUse => sentence!("idempotency-in-use"),
        };
        language.tell(&sentence)
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

/// Each with what it is about; what is about the whole stands alone.
fn list<'a>(language: Language, parts: impl Iterator<Item = (&'a String, &'a Sentence)>) -> String {
    let told = parts.map(|(about, what)| match (about.as_str(), language.tell(what)) {
        ("", what) => what,
        (about, what) => format!("{about}: {what}"),
    });
    told.collect::<Vec<_>>().join("; ")
}

fn json<T: serde::Serialize>(values: impl Iterator<Item = T>) -> Value {
    serde_json::to_value(values.collect::<Vec<_>>()).unwrap_or_default()
}

fn challenge(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("Bearer"))
}
