//! All webhooks: the list, and a new one.

use std::collections::BTreeMap;

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use wire::api::{self, Statistics};
use wire::catalogue::{self, EventKind};

use super::chart;
use super::forms::{Errors, WebhookForm};
use super::session::{Form, Visitor};
use super::view::{self, Failure, Page, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::fields;
use crate::rules::paging::Paging;
use crate::words::Language;
use crate::world::{Console, World};

pub(super) const HERE: &str = "/webhooks";

#[derive(Template)]
#[template(path = "webhooks.html")]
struct ListPage {
    page: Page,
    query: Find,
    total: usize,
    count: String,
    /// Where there are more.
    next: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    webhook: api::Webhook,
    last: Option<api::Delivery>,
    /// An SVG of ours; nothing of it comes from anybody else.
    chart: String,
    success: String,
    p95: String,
}

/// What to look for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    #[serde(rename = "q")]
    text: String,
    state: String,
    account: String,
    /// The last webhook of the page before.
    after: String,
    done: Option<String>,
}

impl Find {
    fn states(&self) -> [&'static str; 4] {
        ["active", "unverified", "paused", "disabled"]
    }

    fn meets(&self, webhook: &api::Webhook) -> bool {
        let text = self.text.to_lowercase();
        let holds = |field: &str| field.to_lowercase().contains(&text);
        (text.is_empty() || holds(&webhook.name) || holds(&webhook.url) || holds(&webhook.id))
            && (self.state.is_empty() || webhook.state == self.state)
    }

    /// The page that goes on behind a webhook.
    fn behind(&self, webhook: &api::Webhook) -> String {
        let (text, state, account) = (&*self.text, &*self.state, &*self.account);
        let pairs = [("q", text), ("state", state), ("account", account), ("after", &webhook.id)];
        format!("{HERE}?{}", view::encoded(pairs))
    }
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(query): Query<Find>,
) -> Response {
    let account = Some(query.account.as_str()).filter(|account| !account.is_empty());
    match every(&console, &visitor.actor, account) {
        Ok(webhooks) => {
            let total = webhooks.len();
            let found: Vec<_> = webhooks.into_iter().filter(|webhook| query.meets(webhook)).collect();
            let count = visitor.language.say_with("count-webhooks", "count", found.len());
            let before = found.iter().position(|webhook| webhook.id == query.after).map_or(0, |at| at + 1);
            let mut shown: Vec<_> = found.into_iter().skip(before).take(SHOWN + 1).collect();
            let is_cut = shown.len() > SHOWN;
            shown.truncate(SHOWN);
            let next = shown.last().filter(|_| is_cut).map(|last| query.behind(last));
            let rows = rows(&console, visitor.language, shown).await;
            let page = Page::of(&visitor, HERE).having(query.done.as_deref());
            html(StatusCode::OK, &ListPage { page, total, count, next, rows, query })
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

/// How many webhooks one page shows: with their charts that is 50 KB, and half of the time that a page may take.
const SHOWN: usize = 25;
/// How many hours back a list looks.
const DAY: u32 = 24;

/// Each with how it did; a history that is away leaves that out.
async fn rows<W: World>(console: &Console<W>, language: Language, webhooks: Vec<api::Webhook>) -> Vec<Row> {
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id.clone()).collect();
    let mut all = console.statistics_of(&ids, DAY).await.unwrap_or_default();
    let mut newest = console.newest_of(&ids).await.unwrap_or_default();
    let row = |webhook: api::Webhook| {
        let last = newest.remove(&webhook.id);
        let did = all.remove(&webhook.id).filter(|did| did.total.attempts > 0);
        let Some(Statistics { hours, total, .. }) = did else {
            return Row { webhook, last, chart: String::new(), success: String::new(), p95: String::new() };
        };
        let label = chart::label(language, &total);
        Row {
            webhook,
            last,
            chart: chart::bars(&hours, &label),
            success: format!("{:.1} %", total.successes as f64 / total.attempts as f64 * 100.0),
            p95: total.p95_ms.map(view::millis).unwrap_or_default(),
        }
    };
    webhooks.into_iter().map(row).collect()
}

/// What people call each webhook.
pub(super) fn named<W: World>(
    console: &Console<W>,
    actor: &Actor,
) -> Result<BTreeMap<String, String>, Refusal> {
    Ok(every(console, actor, None)?.into_iter().map(|webhook| (webhook.id, webhook.name)).collect())
}

/// All that there is, page after page.
pub(super) fn every<W: World>(
    console: &Console<W>,
    actor: &Actor,
    account: Option<&str>,
) -> Result<Vec<api::Webhook>, Refusal> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let paging = Paging::parse(cursor.as_deref(), Some("200"))?;
        let page = console.list_webhooks(actor, account, &paging)?;
        all.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}

#[derive(Template)]
#[template(path = "webhook_new.html")]
struct NewPage {
    page: Page,
    form: WebhookForm,
    errors: Errors,
    kinds: Vec<&'static EventKind>,
    signs: bool,
}

/// What a webhook can be called for.
pub(super) fn kinds() -> Vec<&'static EventKind> {
    let sent = catalogue::types().iter().filter(|kind| kind.sent);
    sent.chain(catalogue::operational()).collect()
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Blank {
    account: String,
}

pub(super) async fn blank<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(Blank { account }): Query<Blank>,
) -> Response {
    let form = WebhookForm::blank(&account);
    new_page(&console, &visitor, StatusCode::OK, form, Errors::default())
}

fn new_page<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    status: StatusCode,
    form: WebhookForm,
    errors: Errors,
) -> Response {
    let page = Page::of(visitor, HERE);
    html(status, &NewPage { page, form, errors, kinds: kinds(), signs: console.ring.is_some() })
}

/// Makes a webhook, and goes on to prove its URL.
pub(super) async fn create<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let (fields, visitor) = (WebhookForm::sent(&form), &form.visitor);
    let refused =
        |errors| new_page(&console, visitor, StatusCode::UNPROCESSABLE_ENTITY, fields.clone(), errors);
    let new = match fields.new_webhook() {
        Ok(new) => new,
        Err(errors) => return refused(errors),
    };
    match console.create_webhook(&visitor.actor, &new).await {
        Ok(made) => {
            Redirect::to(&format!("/webhooks/{}/verify?done=created", made.webhook.id)).into_response()
        }
        Err(refusal) => match Errors::of_refusal(refusal) {
            Ok(errors) => refused(errors),
            Err(refusal) => Failure::to(visitor, refusal).into_response(),
        },
    }
}

#[derive(Deserialize)]
pub(super) struct Typed {
    url: String,
}

/// What policy says of a URL that somebody is typing.
pub(super) async fn check_url<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(Typed { url }): Query<Typed>,
) -> Json<serde_json::Value> {
    let judged = fields::url(&console.policy, url.trim());
    let language = visitor.language;
    let said = judged.as_ref().map_or_else(|wrong| language.tell(&wrong.what), |_| language.say("url-fine"));
    Json(json!({ "good": judged.is_ok(), "said": said }))
}
