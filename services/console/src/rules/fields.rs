//! Fields of requests: what may stand in each, and what to write instead.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::{Batching, EventType, Format, Limits, Types, is_event_type};
use outbound::AddressPolicy;
use wire::HumanDuration;
use wire::api::{self, BatchPatch, LimitsPatch};

use crate::problem::{Refusal, Wrong};
use crate::words::{Sentence, sentence};

/// Custom headers of one webhook, at most.
pub const MAX_HEADERS: usize = 20;
const MAX_HEADER_VALUE: usize = 1024;
const MAX_TYPES: usize = 100;
const MAX_NAME: usize = 100;
const CONCURRENCY: RangeInclusive<u32> = 1..=1000;
const PER_SECOND: RangeInclusive<u32> = 1..=10_000;
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Limits::MAX_TIMEOUT;

/// What is wrong with a request, all of it.
#[derive(Debug, Default)]
pub struct Errors(Vec<Wrong>);

impl Errors {
    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, what: impl Into<Sentence>) {
        self.0.push(Wrong::new(field, what));
    }

    /// The value, or its error kept.
    pub fn keep<T>(&mut self, result: Result<T, Wrong>) -> Option<T> {
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

/// What people call a thing; blanks around it are dropped.
///
/// # Errors
/// When it is empty, long, or holds control characters.
pub fn name(field: &str, text: &str) -> Result<String, Wrong> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(Wrong::new(field, sentence!("name-empty"))),
        length if length > MAX_NAME => {
            Err(Wrong::new(field, sentence!("name-long", length = length, most = MAX_NAME)))
        }
        _ if name.chars().any(char::is_control) => Err(Wrong::new(field, sentence!("name-control"))),
        _ => Ok(name.to_owned()),
    }
}

/// Where calls go, as it was written: parsing it again gives the same.
///
/// # Errors
/// When policy denies it.
pub fn url(policy: &AddressPolicy, text: &str) -> Result<Arc<str>, Wrong> {
    policy.check_url(text).map(|_| text.into()).map_err(|rejection| Wrong::new("url", rejection))
}

/// Whether the platform signs: it needs a key.
///
/// # Errors
/// When it has none.
pub fn platform_signature(wanted: bool, signs: bool) -> Result<(), Wrong> {
    match wanted && !signs {
        true => Err(Wrong::new("platform_signature", sentence!("no-platform-key"))),
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
            errors.add("types", sentence!("types-no-list", text = shown(other)));
            return Types::All;
        }
        api::Types::Only(names) => names,
    };
    if names.is_empty() {
        errors.add("types", sentence!("types-empty"));
    }
    if names.len() > MAX_TYPES {
        errors.add("types", sentence!("types-many", count = names.len(), most = MAX_TYPES));
    }
    for name in names.iter().filter(|name| !is_event_type(name)) {
        let what = match name.as_str() {
            "*" => sentence!("types-star", text = name),
            name => sentence!("types-syntax", text = shown(name)),
        };
        errors.add("types", what);
    }
    Types::Only(names.iter().map(|name| EventType::from(name.as_str())).collect())
}

/// How a body is written.
///
/// # Errors
/// Names those there are.
pub fn format(name: &str) -> Result<Format, Wrong> {
    Format::named(name).ok_or_else(|| {
        let names = Format::ALL.map(Format::name).join(", ");
        Wrong::new("format", sentence!("format-unknown", text = shown(name), names = names))
    })
}

/// Whether deliveries in this format can be put together. `field` is the one that was asked for.
///
/// # Errors
/// When there is a batch, and the format has none.
pub fn batch_fits(format: Format, batch: Option<&Batching>, field: &str) -> Result<(), Wrong> {
    if batch.is_none() || format.has_batches() {
        return Ok(());
    }
    let others: Vec<_> = Format::ALL.into_iter().filter(|it| it.has_batches()).map(Format::name).collect();
    let others = others.join(", ");
    Err(Wrong::new(field, sentence!("format-without-batches", format = format.name(), others = others)))
}

/// One custom header. Errors never show the value.
///
/// # Errors
/// When the name belongs to Postbode or HTTP, or the value breaks HTTP or is long.
pub fn header(name: &str, value: &str) -> Result<(), Wrong> {
    let field = || format!("headers.{}", shown(name));
    let lower = name.to_ascii_lowercase();
    if lower == "user-agent" || lower.starts_with("content-") {
        return Err(Wrong::new(field(), sentence!("header-own")));
    }
    if value.len() > MAX_HEADER_VALUE {
        let what = sentence!("header-long", length = value.len(), most = MAX_HEADER_VALUE);
        return Err(Wrong::new(field(), what));
    }
    outbound::check_header(name, value).map(drop).map_err(|rejection| Wrong::new(field(), rejection))
}

/// How hard an endpoint may be hit: what is asked for, over what there is.
pub fn limits(base: Limits, asked: &LimitsPatch, errors: &mut Errors) -> Limits {
    let mut limits = base;
    if let Some(concurrency) = asked.concurrency {
        limits.concurrency = concurrency;
        if !CONCURRENCY.contains(&concurrency) {
            errors.add("limits.concurrency", range(&CONCURRENCY));
        }
    }
    if let Some(per_second) = asked.per_second {
        limits.per_second = per_second.and_then(NonZeroU32::new);
        if per_second.is_some_and(|rate| !PER_SECOND.contains(&rate)) {
            let what = sentence!("range-or-null", least = PER_SECOND.start(), most = PER_SECOND.end());
            errors.add("limits.per_second", what);
        }
    }
    if let Some(timeout) = asked.timeout {
        limits.timeout = timeout.0;
        if !TIMEOUT.contains(&timeout.0) {
            let (least, most) = (HumanDuration(*TIMEOUT.start()), HumanDuration(*TIMEOUT.end()));
            errors.add("limits.timeout", range(&(least..=most)));
        }
    }
    limits
}

/// How deliveries are put together: what is asked for, over what there is.
pub fn batch(base: Batching, asked: &BatchPatch, errors: &mut Errors) -> Batching {
    let mut batching = base;
    if let Some(max_events) = asked.max_events {
        batching.max_events = max_events;
        let allowed = 1..=Batching::MAX_EVENTS;
        if !allowed.contains(&max_events) {
            errors.add("batch.max_events", range(&allowed));
        }
    }
    if let Some(max_bytes) = asked.max_bytes {
        batching.max_bytes = max_bytes;
        let allowed = 1024..=Batching::MAX_BYTES;
        if !allowed.contains(&max_bytes) {
            errors.add("batch.max_bytes", range(&allowed));
        }
    }
    if let Some(millis) = asked.max_wait_ms {
        batching.max_wait = Duration::from_millis(millis.into());
        if batching.max_wait > Batching::MAX_WAIT {
            errors.add("batch.max_wait_ms", range(&(0..=Batching::MAX_WAIT.as_millis())));
        }
    }
    batching
}

/// What something must be, said of what is not.
pub fn range(allowed: &RangeInclusive<impl Display>) -> Sentence {
    sentence!("range", least = allowed.start(), most = allowed.end())
}

/// A stranger's text in a message of ours: short, and on one line.
pub fn shown(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect()
}
