//! What became of events: searched, looked at, sent again.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use wire::api::{Delivery, DeliveryInFull};
use wire::catalogue::EventKind;

use super::forms::Errors;
use super::session::{Form, Visitor};
use super::view::{self, Failure, Page, html};
use super::webhooks::{kinds, named};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::search::DeliveryQuery;
use crate::words::Sentence;
use crate::world::World;

const HERE: &str = "/deliveries";

/// What to look for, as the form holds it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    recipient: String,
    message: String,
    event: String,
    #[serde(rename = "type")]
    kind: String,
    webhook: String,
    state: String,
    status: String,
    since: String,
    until: String,
    account: String,
    cursor: String,
}

impl Find {
    /// The same, as the API takes it.
    fn query(&self) -> Result<DeliveryQuery, Refusal> {
        view::query(&self.encoded(&self.cursor))
    }

    fn encoded(&self, cursor: &str) -> String {
        view::encoded([
            ("recipient", self.recipient.as_str()),
            ("message", &self.message),
            ("event", &self.event),
            ("type", &self.kind),
            ("webhook", &self.webhook),
            ("state", &self.state),
            ("status", &self.status),
            ("since", &self.since),
            ("until", &self.until),
            ("account", &self.account),
            ("cursor", cursor),
        ])
    }
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct ListPage {
    page: Page,
    query: Find,
    errors: Errors,
    kinds: Vec<&'static EventKind>,
    webhooks: BTreeMap<String, String>,
    rows: Vec<Delivery>,
    next: Option<String>,
}

impl ListPage {
    /// What people call a webhook; its id if it is gone.
    fn name_of<'a>(&'a self, webhook: &'a str) -> &'a str {
        self.webhooks.get(webhook).map_or(webhook, String::as_str)
    }
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(query): Query<Find>,
) -> Response {
    let asked = match query.query() {
        Ok(asked) => console.find_deliveries(&visitor.actor, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let (status, found, errors) = match view::found(asked) {
        Ok(found) => found,
        Err(refusal) => return Failure::to(&visitor, refusal).into_response(),
    };
    let webhooks = named(&console, &visitor.actor).unwrap_or_default();
    let next = found.next.map(|cursor| format!("{HERE}?{}", query.encoded(&cursor)));
    let page = Page::of(&visitor, HERE);
    html(status, &ListPage { page, query, errors, kinds: kinds(), webhooks, rows: found.items, next })
}

#[derive(Template)]
#[template(path = "delivery.html")]
struct DeliveryPage {
    page: Page,
    full: DeliveryInFull,
    data: Option<String>,
    /// Why there is no data.
    missing: Option<Sentence>,
    webhook: String,
    resendable: bool,
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
    match console.show_delivery(&visitor.actor, &id).await {
        Ok((full, missing)) => {
            let names = named(&console, &visitor.actor).unwrap_or_default();
            let webhook = names.get(&full.delivery.webhook);
            // What is being retried comes by itself; a test was nobody's event.
            let resendable = webhook.is_some()
                && full.data.is_some()
                && full.delivery.state != "retrying"
                && !full.delivery.test;
            let webhook = webhook.unwrap_or(&full.delivery.webhook).clone();
            let data = full.data.as_ref().and_then(|data| serde_json::to_string_pretty(data).ok());
            let page = Page::of(&visitor, HERE).having(look.done.as_deref());
            html(StatusCode::OK, &DeliveryPage { page, full, data, missing, webhook, resendable })
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

pub(super) async fn resend<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    match console.resend_delivery(&form.visitor.actor, &id).await {
        Ok(_) => view::done(&format!("/deliveries/{id}"), "resent"),
        Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
    }
}
