//! A webhook's deliveries as they happen: server-sent events, each a row of the table.
//!
//! The history is asked once a second for what it has got since, so whichever console reads the topics, all of them tell.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, Stream, StreamExt as _};
use wire::api::Delivery;

use super::session::Visitor;
use super::view::{self, Failure, Page};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

/// How often to look.
const PERIOD: Duration = Duration::from_secs(1);
/// How many of the newest to look at: what is more than that within a period nobody could read.
const NEWEST: usize = 20;
/// How many are known to have been told.
const KNOWN: usize = 4 * NEWEST;
/// A page that is looked at for longer begins a new stream by itself, and so is asked again who looks.
const LONGEST: usize = 600;

/// The rows of a table of deliveries.
#[derive(Template)]
#[template(path = "delivery_rows.html")]
pub(super) struct Rows<'a> {
    pub(super) page: &'a Page,
    pub(super) webhooks: &'a BTreeMap<String, String>,
    pub(super) rows: &'a [Delivery],
}

impl Rows<'_> {
    fn name_of<'a>(&'a self, webhook: &'a str) -> &'a str {
        self.webhooks.get(webhook).map_or(webhook, String::as_str)
    }
}

/// The latest deliveries of a webhook, newest first.
pub(super) async fn latest<W: World>(
    console: &Console<W>,
    actor: &Actor,
    webhook: &str,
) -> Result<Vec<Delivery>, Refusal> {
    let limit = NEWEST.to_string();
    let pairs = [("webhook", webhook), ("limit", limit.as_str())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok(console.find_deliveries(actor, &view::query(&query)?).await?.items)
}

pub(super) async fn follow<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    match console.show_webhook(&visitor.actor, &id.as_str().into()) {
        Ok(webhook) => {
            let names = BTreeMap::from([(webhook.id, webhook.name)]);
            let told = Sse::new(rows(console, visitor, id, names));
            told.keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

fn rows<W: World>(
    console: Arc<Console<W>>,
    visitor: Visitor,
    webhook: String,
    names: BTreeMap<String, String>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let page = Page::of(&visitor, "");
    let state = (console, visitor, webhook, names, page, VecDeque::new());
    let looks = stream::unfold(state, async |mut state| {
        // A console that stops ends its streams: browsers come back to another one by themselves.
        state.0.streams.lifecycle.until_stop(tokio::time::sleep(PERIOD)).await?;
        let (console, visitor, webhook, names, page, known) = &mut state;
        // Who may not look any more ends the stream; a history that is away says nothing for a while.
        console.show_webhook(&visitor.actor, &webhook.as_str().into()).ok()?;
        let found = latest(console, &visitor.actor, webhook).await.unwrap_or_default();
        let events: Vec<_> = unknown(found, known).iter().filter_map(|row| event(page, names, row)).collect();
        Some((stream::iter(events.into_iter().map(Ok)), state))
    });
    looks.take(LONGEST).flatten()
}

/// Those that were not told as they are now, the oldest first: at first all, since the page may have been made before some of
/// them; a row takes the place of the one that it was.
fn unknown(found: Vec<Delivery>, known: &mut VecDeque<(String, String, u32)>) -> Vec<Delivery> {
    let mark = |row: &Delivery| (row.id.clone(), row.state.clone(), row.attempts);
    let new: Vec<_> = found.into_iter().rev().filter(|row| !known.contains(&mark(row))).collect();
    known.extend(new.iter().map(mark));
    known.drain(..known.len().saturating_sub(KNOWN));
    new
}

fn event(page: &Page, webhooks: &BTreeMap<String, String>, row: &Delivery) -> Option<Event> {
    let rows = std::slice::from_ref(row);
    let table = Rows { page, webhooks, rows }.render().ok()?;
    let (_, rest) = table.split_once("<tbody>")?;
    let (row, _) = rest.split_once("</tbody>")?;
    Some(Event::default().event("delivery").data(row.trim().replace('\n', " ")))
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn delivery(id: &str, attempts: u32) -> Delivery {
        let text = || "x".to_owned();
        Delivery {
            id: id.to_owned(),
            account: text(),
            webhook: text(),
            event: text(),
            kind: text(),
            message: None,
            recipient: None,
            state: "retrying".to_owned(),
            attempts,
            replays: 0,
            test: false,
            first_at: Timestamp::from_millis(0),
            last_at: Timestamp::from_millis(0),
            status: None,
            outcome: None,
            next_due: None,
        }
    }

    #[test]
    fn a_delivery_is_told_once_and_again_when_it_was_tried_again() {
        let mut known = VecDeque::new();
        let told = |found: &[(&str, u32)], known: &mut VecDeque<_>| {
            let found = found.iter().map(|(id, attempts)| delivery(id, *attempts)).collect();
            unknown(found, known).into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(told(&[("b", 1), ("a", 1)], &mut known), ["a", "b"]);
        assert_eq!(told(&[("c", 1), ("b", 1), ("a", 1)], &mut known), ["c"]);
        assert_eq!(told(&[("c", 1), ("b", 2), ("a", 1)], &mut known), ["b"]);
        assert_eq!(told(&[("c", 1), ("b", 2), ("a", 1)], &mut known), Vec::<String>::new());
    }
}
