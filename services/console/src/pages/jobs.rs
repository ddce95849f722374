//! Jobs: begun by a form, followed, cancelled.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use wire::api::{Job, LetterAct, NewBackfill, NewLetterJob};
use wire::text::parse_rfc3339;

use super::session::{Form, Visitor};
use super::view::{self, Failure, Page, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::words::{Sentence, sentence};
use crate::world::World;

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage {
    page: Page,
    job: Job,
    why: Option<Sentence>,
    counts: Vec<Count>,
    /// How far it is, in parts of all there is, where that is known.
    done: Option<(u64, u64)>,
    /// A count that can be followed by the sending.
    since: Option<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    done: Option<String>,
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    match console.show_job(&visitor.actor, &id).await {
        Ok((job, why)) => {
            let done = progress(&job.progress).filter(|(_, whole)| *whole > 0);
            let text = |name: &str| job.request.get(name).and_then(Value::as_str).map(str::to_owned);
            let is_count =
                job.request.get("dry_run").and_then(Value::as_bool) == Some(true) && job.state == "done";
            let since = text("since").zip(text("until")).filter(|_| is_count);
            let page = Page::of(&visitor, "").having(look.done.as_deref());
            let counts = counts(&page, &job.progress);
            html(StatusCode::OK, &JobPage { page, job, why, counts, done, since })
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

/// How far a job is, in parts of all there is: records that were read, or letters that were looked at.
fn progress(progress: &Value) -> Option<(u64, u64)> {
    let number = |name: &str| progress.get(name).and_then(Value::as_u64);
    let left = progress.get("left").and_then(Value::as_object);
    let left: u64 = left.into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    let letters = || Some((number("decided")? + left, number("found")?));
    number("read").zip(number("total")).or_else(letters)
}

/// Something that a job counts, or a time that it met.
struct Count {
    name: String,
    text: String,
    at: Option<Timestamp>,
}

/// Counts in the order in which they come about: from what is there to what became of it.
const ORDER: [&str; 13] = [
    "total",
    "read",
    "of_account",
    "matched",
    "sent",
    "too_large",
    "filter_failures",
    "by_type",
    "first",
    "last",
    "found",
    "decided",
    "left",
];

/// Whatever the job counts. Another version of the console may count what we have no name for.
fn counts(page: &Page, progress: &Value) -> Vec<Count> {
    let members = progress.as_object().into_iter().flatten();
    let named = |name: &str| page.say_or(&format!("counted-{}", name.replace('_', "-")), name);
    let number =
        |value: &Value| value.as_u64().map_or_else(|| value.to_string(), |count| page.number(&count));
    let shown = |value: &Value| match value {
        Value::Number(_) => Some(number(value)),
        Value::Object(parts) if !parts.is_empty() => {
            let parts = parts.iter().map(|(name, count)| format!("{} {}", named(name), number(count)));
            Some(parts.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => Some(text.clone()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let count = |(name, value): (&String, &Value)| {
        let text = shown(value)?;
        let place = ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len());
        Some((place, Count { name: named(name), at: parse_rfc3339(&text), text }))
    };
    let mut counts: Vec<_> = members.filter_map(count).collect();
    counts.sort_by_key(|(place, _)| *place);
    counts.into_iter().map(|(_, count)| count).collect()
}

pub(super) async fn cancel<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    match console.cancel_job(&form.visitor.actor, &id).await {
        Ok(_) => view::done(&format!("/jobs/{id}"), "cancelled"),
        Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
    }
}

/// Counts what a webhook missed, or sends it.
pub(super) async fn backfill<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let asked = since(&form).map(|since| NewBackfill {
        since,
        until: parse_rfc3339(form.text("until")),
        dry_run: form.text("send") != "yes",
        rate: None,
    });
    let begun = match asked {
        Ok(asked) => console.begin_backfill(&form.visitor.actor, &id.as_str().into(), &asked).await,
        Err(refusal) => Err(refusal),
    };
    begun_or(&form.visitor, begun)
}

/// A time, or how many hours ago.
fn since(form: &Form) -> Result<Timestamp, Refusal> {
    let text = form.text("since");
    let wanted = || sentence!("not-a-time", example = "2026-01-31T12:00:00Z");
    parse_rfc3339(text).ok_or_else(|| Refusal::field("since", wanted()))
}

/// Puts back or discards what the search has found.
pub(super) async fn letters<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let text = |name: &str| form.filled(name).map(str::to_owned);
    let act = if form.text("act") == "discard" { LetterAct::Discard } else { LetterAct::Replay };
    let asked = NewLetterJob {
        account: text("account"),
        webhook: text("webhook"),
        reason: text("reason"),
        since: parse_rfc3339(form.text("since")),
        note: text("note"),
        ..NewLetterJob::default()
    };
    begun_or(&form.visitor, console.begin_letters(&form.visitor.actor, act, &asked).await)
}

fn begun_or(visitor: &Visitor, begun: Result<Job, Refusal>) -> Response {
    match begun {
        Ok(job) => Redirect::to(&format!("/jobs/{}", job.id)).into_response(),
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}
