//! The decision on one event, webhook by webhook.

use std::sync::Arc;

use cel::common::types::{CelBool, CelMap, CelNull, CelString, CelTimestamp};
use cel::common::value::Val;
use cel::{Context, Value};
use chrono::DateTime;
use domain::{Event, Timestamp, Trigger};

use crate::bounds::{MAX_EVENT_BYTES_READ, Size};
use crate::cache::Cache;
use crate::data;
use crate::error::FilterError;
use crate::failure;
use crate::filter::{Filter, STANDARD};
use crate::profile;

/// Filters that are kept compiled: so many that were used last, at least.
const KEPT: usize = 20_000;

/// Judges events. Keeps the filters that it compiled.
#[derive(Debug)]
pub struct Matcher {
    filters: Cache<Kept>,
    /// Counts events, from 1.
    turn: u64,
}

/// A filter, and what it said last.
#[derive(Debug)]
struct Kept {
    filter: Result<Filter, FilterError>,
    turn: u64,
    said: Verdict,
}

/// What there is to judge.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence<'a> {
    /// The envelope.
    pub event: &'a Event,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// The data: a JSON object.
    pub data: &'a [u8],
}

/// Whether a webhook wants an event of a type that it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Match,
    /// It does not, and that is why.
    Mismatch(Mismatch),
    /// Its filter cannot say, or the data cannot be read: counts as no. The words hold no values of the event.
    Failure(String),
}

/// The condition that is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Another database, or none.
    Database,
    /// Another collection, or none.
    Collection,
    /// An application that does not count.
    Caller,
    /// None of the fields was changed.
    Fields,
    /// The filter is false.
    Filter,
}

impl Mismatch {
    /// Its name on the API: the field that holds the condition.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Collection => "collection",
            Self::Caller => "callers",
            Self::Fields => "fields",
            Self::Filter => "filter",
        }
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self { filters: Cache::new(KEPT), turn: 0 }
    }
}

impl Matcher {
    /// Turns to the next event.
    pub fn on<'m, 'a>(&'m mut self, occurrence: Occurrence<'a>) -> Judge<'m, 'a> {
        self.turn += 1;
        self.filters.turn();
        Judge { matcher: self, occurrence, scene: None, read: 0 }
    }
}

/// Judges one event.
#[derive(Debug)]
pub struct Judge<'m, 'a> {
    matcher: &'m mut Matcher,
    occurrence: Occurrence<'a>,
    scene: Option<Result<Scene<'a>, String>>,
    /// Bytes that filters may have read so far.
    read: u64,
}

/// The event as filters see it.
struct Scene<'a> {
    context: Context<'a, 'a>,
    size: Size,
}

impl std::fmt::Debug for Scene<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scene").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Judge<'_, '_> {
    /// Whether the event meets all conditions. Reads its data if that was not done and it takes that; runs a filter that
    /// ran already for this event no second time.
    pub fn judge(&mut self, trigger: &Trigger) -> Verdict {
        if trigger.is_open() {
            return Verdict::Match;
        }
        let occurrence = self.occurrence;
        let scene = match self.scene.get_or_insert_with(|| Scene::of(occurrence)) {
            Ok(scene) => scene,
            Err(why) => return Verdict::Failure(why.clone()),
        };
        if trigger.is_about_profiles()
            && let Some(mismatch) = scene.mismatch(trigger)
        {
            return Verdict::Mismatch(mismatch);
        }
        let Some(source) = &trigger.filter else {
            return Verdict::Match;
        };
        let matcher = &mut *self.matcher;
        let make = || Kept { filter: Filter::compile(source), turn: 0, said: Verdict::Match };
        let kept = matcher.filters.of(source, make);
        if kept.turn != matcher.turn {
            kept.turn = matcher.turn;
            kept.said = match &kept.filter {
                Ok(filter) => scene.run(filter, source, &mut self.read),
                Err(error) => Verdict::Failure(format!("the filter {error}")),
            };
        }
        kept.said.clone()
    }
}

impl<'a> Scene<'a> {
    fn of(occurrence: Occurrence<'a>) -> Result<Self, String> {
        let data = data::read(occurrence.data)?;
        let Event { source, kind, account, id: _ } = occurrence.event;
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        for (name, text) in
            [("type", kind.as_str()), ("account", account.as_str()), ("source", source.as_str())]
        {
            context.add_variable_as_val(name, Box::new(CelString::from(text)));
        }
        context.add_variable_as_val("time", time(occurrence.time));
        context.add_variable_as_val("data", Box::new(data.members));
        Ok(Self { context, size: data.size })
    }

    fn mismatch(&self, trigger: &Trigger) -> Option<Mismatch> {
        let data = self.context.get_variable("data")?;
        profile::mismatch(trigger, data.downcast_ref::<CelMap<'_>>()?)
    }

    fn run(&self, filter: &Filter, source: &str, read: &mut u64) -> Verdict {
        match filter.load.of(self.size) {
            Ok(more) => *read = read.saturating_add(more),
            Err(why) => return Verdict::Failure(why),
        }
        if *read > MAX_EVENT_BYTES_READ {
            return Verdict::Failure(
                "the account's filters together take too long for this event".to_owned(),
            );
        }
        match Value::resolve_val(filter.program.expression(), &self.context) {
            Ok(result) => match result.downcast_ref::<CelBool>().map(|it| *it.inner()) {
                Some(true) => Verdict::Match,
                Some(false) => Verdict::Mismatch(Mismatch::Filter),
                None => Verdict::Failure(failure::no_boolean(result.get_type().name())),
            },
            Err(error) => Verdict::Failure(failure::told(&error, source)),
        }
    }
}

fn time(time: Option<Timestamp>) -> Box<dyn Val> {
    match time.and_then(|time| DateTime::from_timestamp_millis(time.as_millis())) {
        Some(time) => Box::new(CelTimestamp::from(time.fixed_offset())),
        None => Box::new(CelNull),
    }
}

#[cfg(test)]
mod tests;
