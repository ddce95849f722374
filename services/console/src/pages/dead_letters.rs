//! What could not be delivered for good.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use domain::DeathReason;
use serde::Deserialize;
use wire::api::{DeadLetter, DeadLetterCount};

use super::forms::Errors;
use super::session::Visitor;
use super::view::{self, Failure, Page, html};
use super::webhooks::named;
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::LetterQuery;
use crate::world::{Console, World};

const HERE: &str = "/dead-letters";

/// What to look for, as the form holds it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    webhook: String,
    reason: String,
    disposition: String,
    since: String,
    account: String,
    cursor: String,
}

impl Find {
    fn query(&self, cursor: &str) -> Result<LetterQuery, Refusal> {
        view::query(&self.encoded(cursor))
    }

    fn encoded(&self, cursor: &str) -> String {
        view::encoded([
            ("webhook", self.webhook.as_str()),
            ("reason", &self.reason),
            ("disposition", &self.disposition),
            ("since", &self.since),
            ("account", &self.account),
            ("cursor", cursor),
        ])
    }
}

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct ListPage {
    page: Page,
    query: Find,
    errors: Errors,
    reasons: Vec<&'static str>,
    dispositions: [(&'static str, &'static str); 4],
    webhooks: BTreeMap<String, String>,
    counts: Vec<DeadLetterCount>,
    /// How many of those that are found nobody has decided about.
    open: u64,
    rows: Vec<DeadLetter>,
    next: Option<String>,
}

impl ListPage {
    /// What people call a webhook; its id if it is gone.
    fn name_of<'a>(&'a self, webhook: &'a str) -> &'a str {
        self.webhooks.get(webhook).map_or(webhook, String::as_str)
    }
}

const DISPOSITIONS: [(&str, &str); 4] =
    [("", "any"), ("open", "open"), ("replayed", "replayed"), ("discarded", "discarded")];

#[derive(Default)]
struct Found {
    counts: Vec<DeadLetterCount>,
    rows: Vec<DeadLetter>,
    next: Option<String>,
}

async fn find<W: World>(console: &Console<W>, actor: &Actor, query: &Find) -> Result<Found, Refusal> {
    let found = console.find_dead_letters(actor, &query.query(&query.cursor)?).await?;
    let counts = console.count_dead_letters(actor, &query.query("")?).await?;
    let next = found.next.map(|cursor| format!("{HERE}?{}", query.encoded(&cursor)));
    Ok(Found { counts, rows: found.items, next })
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(query): Query<Find>,
) -> Response {
    let asked = find(&console, &visitor.actor, &query).await;
    let (status, found, errors) = match view::found(asked) {
        Ok(found) => found,
        Err(refusal) => return Failure::to(&visitor, refusal).into_response(),
    };
    let Found { counts, rows, next } = found;
    let of_webhooks = counts.iter().filter(|count| count.webhook.is_some());
    let open = of_webhooks.map(|count| count.open).sum();
    let webhooks = named(&console, &visitor.actor).unwrap_or_default();
    let reasons = DeathReason::ALL.into_iter().map(DeathReason::name).collect();
    let (page, dispositions) = (Page::of(&visitor, HERE), DISPOSITIONS);
    html(status, &ListPage { page, query, errors, reasons, dispositions, webhooks, counts, open, rows, next })
}
