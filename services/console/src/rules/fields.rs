//! Fields of requests: what may stand in each, and what to write instead.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::{Batching, EventType, Format, Limits, Types, is_event_type};
use outbound::AddressPolicy;
use wire::api::{self, BatchPatch, FieldError, LimitsPatch};

use crate::problem::Refusal;

/// Custom headers of one webhook, at most.
pub const MAX_HEADERS: usize = 20;
const MAX_HEADER_VALUE: usize = 1024;
const MAX_TYPES: usize = 100;
const MAX_NAME: usize = 100;
const CONCURRENCY: std::ops::RangeInclusive<u32> = 1..=1000;
const PER_SECOND: std::ops::RangeInclusive<u32> = 1..=10_000;
const TIMEOUT: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Limits::MAX_TIMEOUT;

/// What is wrong with a request, all of it.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(error(field, message));
    }

    /// The value, or its error kept.
    pub fn keep<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Nothing, if nothing is wrong.
    ///
    /// # Errors
    /// All that was added.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.0)) }
    }
}

/// One error.
pub fn error(field: impl Into<String>, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), message: message.into() }
}

/// What people call a thing; blanks around it are dropped.
///
/// # Errors
/// When it is empty, long, or holds control characters.
pub fn name(field: &str, text: &str) -> Result<String, FieldError> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(error(field, "is empty: give it a name that tells it apart")),
        length if length > MAX_NAME => {
            Err(error(field, format!("has {length} characters: {MAX_NAME} are allowed")))
        }
        _ if name.chars().any(char::is_control) => {
            Err(error(field, "holds control characters or line breaks: remove them"))
        }
        _ => Ok(name.to_owned()),
    }
}

/// Where calls go, as it was written: parsing it again gives the same.
///
/// # Errors
/// When policy denies it.
pub fn url(policy: &AddressPolicy, text: &str) -> Result<Arc<str>, FieldError> {
    match policy.check_url(text) {
        Ok(_) => Ok(text.into()),
        Err(rejection) => Err(error("url", without_field(&rejection.to_string(), "url: "))),
    }
}

/// Whether the platform signs: it needs a key.
///
/// # Errors
/// When it has none.
pub fn platform_signature(wanted: bool, signs: bool) -> Result<(), FieldError> {
    match wanted && !signs {
        true => {
            Err(error("platform_signature", "is not to be had: this platform has no key (signing.directory)"))
        }
        false => Ok(()),
    }
}

/// Which events.
///
/// # Errors
/// When there are none or too many, or one cannot be a type.
pub fn types(types: &api::Types, errors: &mut Errors) -> Types {
    let names = match types {
        api::Types::All(star) if star == "*" => return Types::All,
        api::Types::All(other) => {
            errors.add(
                "types",
                format!("'{}' is no list: write \"*\" for all types, or [\"click\"]", shown(other)),
            );
            return Types::All;
        }
        api::Types::Only(names) => names,
    };
    if names.is_empty() {
        errors.add("types", "is empty: name the event types wanted, or write \"*\" for all");
    }
    if names.len() > MAX_TYPES {
        errors.add(
            "types",
            format!("names {} types: {MAX_TYPES} are allowed, or write \"*\" for all", names.len()),
        );
    }
    for name in names.iter().filter(|name| !is_event_type(name)) {
        let hint = if name == "*" { "stands alone: write \"*\" instead of the list" } else { TYPE_SYNTAX };
        errors.add("types", format!("'{}' {hint}", shown(name)));
    }
    Types::Only(names.iter().map(|name| EventType::from(name.as_str())).collect())
}

/// How a body is written.
///
/// # Errors
/// Names those there are.
pub fn format(name: &str) -> Result<Format, FieldError> {
    Format::named(name).ok_or_else(|| {
        let known = Format::ALL.map(Format::name).join(", ");
        error("format", format!("'{}' is not known: use one of {known}", shown(name)))
    })
}

/// Whether deliveries in this format can be put together. `field` is the one that was asked for.
///
/// # Errors
/// When there is a batch, and the format has none.
pub fn batch_fits(format: Format, batch: Option<&Batching>, field: &str) -> Result<(), FieldError> {
    if batch.is_none() || format.has_batches() {
        return Ok(());
    }
    let others: Vec<_> = Format::ALL.into_iter().filter(|it| it.has_batches()).map(Format::name).collect();
    let (name, others) = (format.name(), others.join(", "));
    Err(error(field, format!("format {name} has no batches: set batch to null, or use one of {others}")))
}

/// One custom header. Errors never show the value.
///
/// # Errors
/// When the name belongs to Postbode or HTTP, or the value breaks HTTP or is long.
pub fn header(name: &str, value: &str) -> Result<(), FieldError> {
    let field = || format!("headers.{}", shown(name));
    let lower = name.to_ascii_lowercase();
    if lower == "user-agent" || lower.starts_with("content-") {
        return Err(error(field(), "is set by Postbode itself: use another name"));
    }
    if value.len() > MAX_HEADER_VALUE {
        return Err(error(field(), format!("has {} bytes: {MAX_HEADER_VALUE} are allowed", value.len())));
    }
    match outbound::check_header(name, value) {
        Ok(_) => Ok(()),
        Err(rejection) => Err(error(field(), without_field(&rejection.to_string(), "headers: "))),
    }
}

/// How hard an endpoint may be hit: what is asked for, over what there is.
pub fn limits(base: Limits, asked: &LimitsPatch, errors: &mut Errors) -> Limits {
    let mut limits = base;
    if let Some(concurrency) = asked.concurrency {
        limits.concurrency = concurrency;
        if !CONCURRENCY.contains(&concurrency) {
            errors.add("limits.concurrency", "must be 1 to 1000");
        }
    }
    if let Some(per_second) = asked.per_second {
        limits.per_second = per_second.and_then(NonZeroU32::new);
        if per_second.is_some_and(|rate| !PER_SECOND.contains(&rate)) {
            errors.add("limits.per_second", "must be 1 to 10000, or null for no limit");
        }
    }
    if let Some(timeout) = asked.timeout {
        limits.timeout = timeout.0;
        if !TIMEOUT.contains(&timeout.0) {
            errors.add("limits.timeout", "must be 1s to 30s");
        }
    }
    limits
}

/// How deliveries are put together: what is asked for, over what there is.
pub fn batch(base: Batching, asked: &BatchPatch, errors: &mut Errors) -> Batching {
    let mut batching = base;
    if let Some(max_events) = asked.max_events {
        batching.max_events = max_events;
        if !(1..=Batching::MAX_EVENTS).contains(&max_events) {
            errors.add("batch.max_events", "must be 1 to 1000");
        }
    }
    if let Some(max_bytes) = asked.max_bytes {
        batching.max_bytes = max_bytes;
        if !(1024..=Batching::MAX_BYTES).contains(&max_bytes) {
            errors.add("batch.max_bytes", "must be 1024 to 1048576");
        }
    }
    if let Some(millis) = asked.max_wait_ms {
        batching.max_wait = Duration::from_millis(millis.into());
        if batching.max_wait > Batching::MAX_WAIT {
            errors.add("batch.max_wait_ms", "must be 0 to 60000");
        }
    }
    batching
}

/// What an event type looks like, said of one that does not.
pub const TYPE_SYNTAX: &str = "cannot be an event type: use a lower-case letter, then up to 63 lower-case letters, digits, '.', '_' or '-'";

/// A stranger's text in a message of ours: short, and on one line.
pub fn shown(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn without_field(message: &str, field: &str) -> String {
    message.strip_prefix(field).unwrap_or(message).to_owned()
}
