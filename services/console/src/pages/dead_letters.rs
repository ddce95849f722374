//! What could not be delivered for good.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::DeathReason;
use serde::Deserialize;
use wire::api::{DeadLetter, DeadLetterCount, DeadLetterRecord};

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
    /// Why it died. What is wrong with a record that is no event, or no delivery, only its explanation says.
    fn why(&self, letter: &DeadLetter) -> String {
        match letter.attempts {
            0 if letter.delivery.is_none() => letter.explanation.clone(),
            _ => self.page.say_or(&format!("death-{}", letter.reason), &letter.explanation),
        }
    }

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

#[derive(Template)]
#[template(path = "dead_letter.html")]
struct LetterPage {
    page: Page,
    letter: DeadLetterRecord,
    value: String,
}

/// A dead letter's record, for operators.
pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    match console.dead_letter_record(&visitor.actor, &id).await {
        Ok(letter) => {
            let value = visible(&letter);
            html(StatusCode::OK, &LetterPage { page: Page::of(&visitor, HERE), letter, value })
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

/// What a value is, so that nothing in it acts on who looks: controls and what turns the direction of writing are shown by
/// their numbers. Bytes that are no text are shown as they are written in the record, in Base64.
fn visible(letter: &DeadLetterRecord) -> String {
    let Some(text) = &letter.text else { return letter.value.clone() };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_harmless = matches!(c, '\n' | '\t') || !(c.is_control() || is_unseen(c));
        if is_harmless { shown.push(c) } else { shown.extend(c.escape_unicode()) }
    }
    shown
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
