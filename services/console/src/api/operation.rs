//! What an operation of the API takes, gives and refuses: said beside its handler, read by the document.

use axum::http::{Method, StatusCode};
use domain::Scope;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use wire::api::Page;

use super::body::MAX_BODY;
use crate::problem::Refusal;
use crate::words::{Sentence, sentence};

/// Makes a type's schema.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An operation. Refusals stand in it as they could be given: the document takes their statuses and codes from there.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// Its method.
    pub(crate) method: Method,
    /// Its path, `/v1/…`.
    pub(crate) path: &'static str,
    /// Its name, for programs.
    pub(crate) id: &'static str,
    /// What it does, in a line.
    pub(crate) summary: &'static str,
    /// Who may.
    pub(crate) access: Access,
    /// What the query may say.
    pub(crate) query: Option<SchemaOf>,
    /// What headers may say.
    pub(crate) headers: Vec<Header>,
    /// What it takes.
    pub(crate) body: Option<Taken>,
    /// What it answers.
    pub(crate) given: Given,
    /// How it says no.
    pub(crate) refusals: Vec<Refusal>,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, without a key.
    Anybody,
    /// Every key.
    AnyKey,
    /// A key with that scope.
    Scoped(Scope),
}

/// A header of a request or of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it says.
    pub(crate) about: &'static str,
    /// Such as.
    pub(crate) example: &'static str,
}

/// A request's body, as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Its shape.
    pub(crate) schema: SchemaOf,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// One that is good.
    pub(crate) example: Value,
}

/// An answer that is no refusal.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body.
    pub(crate) content: Content,
    /// Its headers.
    pub(crate) headers: Vec<Header>,
}

/// The body of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content {
    /// None.
    Nothing,
    /// JSON.
    Json(SchemaOf),
    /// Text of that media type.
    Text(&'static str),
}

/// A revision that a change was made to.
const IF_MATCH: Header = Header {
    name: "If-Match",
    about: "The ETag that it came with: another revision is refused. `*` is any",
    example: "\"3\"",
};

/// A revision.
const ETAG: Header = Header { name: "ETag", about: "Its revision, for If-Match", example: "\"3\"" };

/// By which a POST that is said again is not done again.
const IDEMPOTENCY_KEY: Header = Header {
    name: "Idempotency-Key",
    about: "A text of your own, 1 to 255 visible ASCII characters: a request that is said again with it within a day is not \
        done again, but answered as it was",
    example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
};

/// What tells such an answer.
const REPLAYED: Header = Header {
    name: "Idempotent-Replayed",
    about: "There, and `true`, where the answer is that of an earlier request with the same Idempotency-Key",
    example: "true",
};

/// Where a job is to be found.
const LOCATION: Header = Header { name: "Location", about: "The job", example: "/v1/jobs/job_1" };

/// An operation of that name, for every key.
pub(super) fn operation(id: &'static str, summary: &'static str) -> Operation {
    Operation {
        method: Method::GET,
        path: "",
        id,
        summary,
        access: Access::AnyKey,
        query: None,
        headers: Vec::new(),
        body: None,
        given: Given { status: StatusCode::OK, content: Content::Nothing, headers: Vec::new() },
        refusals: vec![
            Refusal::Unauthenticated(sentence!("key-missing")),
            Refusal::RateLimited(1),
            Refusal::Starting,
        ],
    }
}

impl Operation {
    /// For everybody.
    pub(super) fn open(mut self) -> Self {
        self.access = Access::Anybody;
        self.refusals.clear();
        self
    }

    /// Only for keys with that scope.
    pub(super) fn needs(mut self, scope: Scope) -> Self {
        self.access = Access::Scoped(scope);
        self.may(Refusal::Forbidden(scope))
    }

    /// At this place. An id in it may name nothing.
    pub(super) fn at(mut self, method: Method, path: &'static str) -> Self {
        (self.method, self.path) = (method, path);
        if let Some(thing) = self.thing() {
            self = self.may(Refusal::NoSuch(thing));
        }
        if self.method == Method::POST { self.repeats() } else { self }
    }

    /// Is done once, however often it is said with the same key.
    fn repeats(mut self) -> Self {
        self.given.headers.push(REPLAYED);
        self.hears(IDEMPOTENCY_KEY)
            .may(Refusal::IdempotencyKeyMalformed)
            .may(Refusal::IdempotencyKeyReused)
            .may(Refusal::IdempotencyKeyInUse)
            .may(Refusal::TooLarge(MAX_BODY))
            .remembers()
    }

    /// What the `{id}` in its path names.
    pub(crate) fn thing(&self) -> Option<&'static str> {
        let (before, _) = self.path.split_once("/{id}")?;
        Some(match before {
            "/v1/accounts" => "account",
            "/v1/deliveries" => "delivery",
            "/v1/jobs" => "job",
            "/v1/keys" => "key",
            _ => "webhook",
        })
    }

    /// Reads such a query.
    pub(super) fn asks<Q: JsonSchema>(mut self) -> Self {
        self.query = Some(SchemaGenerator::subschema_for::<Q>);
        self.may(Refusal::field("limit", sentence!("range", least = 1, most = 200)))
    }

    /// Reads such a query, which may name an account.
    pub(super) fn asks_of_account<Q: JsonSchema>(self) -> Self {
        self.asks::<Q>().may(Refusal::NoSuch("account"))
    }

    /// Reads a header.
    pub(super) fn hears(mut self, header: Header) -> Self {
        self.headers.push(header);
        self
    }

    /// Is done to the revision that `If-Match` names.
    pub(super) fn matches(self) -> Self {
        self.hears(IF_MATCH)
            .may(Refusal::Stale { present: domain::Revision(4) })
            .may(Refusal::field("If-Match", sentence!("if-match-strange")))
    }

    /// Takes a body.
    pub(super) fn takes<T: JsonSchema>(mut self, example: Value) -> Self {
        let schema = SchemaGenerator::subschema_for::<T>;
        self.body = Some(Taken { schema, required: true, example });
        self.may(Refusal::Malformed("expected value at line 1 column 1".to_owned()))
            .may(Refusal::TooLarge(MAX_BODY))
            .may(Refusal::UnsupportedType)
            .may(Refusal::field("name", sentence!("missing")))
    }

    /// Takes a body that may be left out.
    pub(super) fn may_take<T: JsonSchema>(self, example: Value) -> Self {
        let mut operation = self.takes::<T>(example);
        operation.body = operation.body.map(|body| Taken { required: false, ..body });
        operation
    }

    /// Answers with a body.
    pub(super) fn gives<T: JsonSchema>(self) -> Self {
        self.gives_shape(SchemaGenerator::subschema_for::<T>)
    }

    /// Answers with a page of these.
    pub(super) fn lists<T: JsonSchema>(self) -> Self {
        self.gives::<Page<T>>()
    }

    /// Answers with a body of a shape that no type of ours has.
    pub(super) fn gives_shape(mut self, schema: SchemaOf) -> Self {
        self.given.content = Content::Json(schema);
        self
    }

    /// Answers with text of that media type.
    pub(super) fn gives_text(mut self, media_type: &'static str) -> Self {
        self.given.content = Content::Text(media_type);
        self
    }

    /// Answers with another status than 200.
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.given.status = status;
        self
    }

    /// Answers with its revision, too.
    pub(super) fn tags(mut self) -> Self {
        self.given.headers.push(ETAG);
        self
    }

    /// Begins a job, and says where it is.
    pub(super) fn begins_job(mut self) -> Self {
        self.given.headers.push(LOCATION);
        self.status(StatusCode::ACCEPTED)
            .gives::<wire::api::Job>()
            .remembers()
            .may(Refusal::Busy { job: "job_1".to_owned() })
    }

    /// Writes the registry.
    pub(super) fn writes(self) -> Self {
        self.may(Refusal::Unavailable("no broker answers".to_owned()))
            .may(Refusal::Unknown("the transaction's end was not acknowledged".to_owned()))
    }

    /// Needs the history.
    pub(super) fn remembers(self) -> Self {
        self.may(Refusal::NoHistory)
    }

    /// Reads or writes events.
    pub(super) fn needs_events(self) -> Self {
        self.may(Refusal::no_events("no broker answers"))
    }

    /// May not go with what there is.
    pub(super) fn conflicts(self, code: &'static str, detail: Sentence) -> Self {
        self.may(Refusal::Conflict { code, detail })
    }

    /// May say no in this way.
    pub(super) fn may(mut self, refusal: Refusal) -> Self {
        self.refusals.push(refusal);
        self
    }
}
