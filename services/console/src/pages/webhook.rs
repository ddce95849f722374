//! One webhook: its settings, its life, its secrets, a test.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::{Revision, Step, Timestamp, WebhookId};
use serde::Deserialize;
use wire::HumanDuration;
use wire::api::{self, Delivery, NewTrial, RotateSecret, Secret, Tally, Trial};
use wire::catalogue::{self, EventKind};
use wire::text::{parse_rfc3339, rfc3339};

use super::forms::{Errors, WebhookForm};
use super::session::{Form, Visitor};
use super::view::{self, Failure, Page, done, html};
use super::webhooks::kinds;
use super::{chart, live};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::change::Expected;
use crate::words::sentence;
use crate::world::{Console, World};

pub(super) const HERE: &str = "/webhooks";

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    page: Page,
    webhook: api::Webhook,
    steps: Vec<(&'static str, &'static str)>,
    kinds: Vec<&'static EventKind>,
    trial: TrialForm,
    secret: Option<Secret>,
    webhooks: BTreeMap<String, String>,
    rows: Vec<Delivery>,
    chart: String,
    day: Option<Tally>,
    /// Since when it was sent nothing, where somebody has just let it go on.
    rested_since: Option<Timestamp>,
}

impl WebhookPage {
    fn name_of<'a>(&'a self, webhook: &'a str) -> &'a str {
        self.webhooks.get(webhook).map_or(webhook, String::as_str)
    }

    /// What the form begins with that counts what was missed.
    fn missed_since(&self) -> String {
        self.rested_since.map_or_else(|| self.page.hour_ago(), rfc3339)
    }
}

/// The test tool's fields, and what came of them.
#[derive(Default)]
struct TrialForm {
    kind: String,
    data: String,
    wrong: Option<String>,
    result: Option<Trial>,
}

impl TrialForm {
    /// A sample of a type; of the first that the webhook wants if none is named.
    fn sample(webhook: &api::Webhook, kind: Option<&str>) -> Self {
        let wanted = match &webhook.types {
            api::Types::Only(types) => types.iter().next().map(String::as_str),
            api::Types::All(_) => None,
        };
        let kind = kind.or(wanted).unwrap_or("delivery").to_owned();
        let data = serde_json::from_str(&catalogue::sample(&kind, 0)).unwrap_or(serde_json::Value::Null);
        Self { data: serde_json::to_string_pretty(&data).unwrap_or_default(), kind, ..Self::default() }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) done: Option<String>,
    pub(super) by: Option<String>,
    since: Option<String>,
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    match console.show_webhook(&visitor.actor, &id.as_str().into()) {
        Ok(webhook) => {
            let trial = TrialForm::sample(&webhook, look.kind.as_deref());
            let page = Page::of(&visitor, HERE).having(look.done.as_deref());
            let rested_since = look.since.as_deref().and_then(parse_rfc3339);
            let rested_since = rested_since.filter(|_| page.may_write() && webhook.state == "active");
            let shown = Shown { trial, secret: None, rested_since };
            webhook_page(&console, &visitor.actor, page, webhook, shown).await
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

/// What a page shows of what was just done.
#[derive(Default)]
struct Shown {
    trial: TrialForm,
    secret: Option<Secret>,
    rested_since: Option<Timestamp>,
}

/// The page, with how the webhook did and what became of its latest deliveries, where the history is there.
async fn webhook_page<W: World>(
    console: &Console<W>,
    actor: &Actor,
    page: Page,
    webhook: api::Webhook,
    Shown { trial, secret, rested_since }: Shown,
) -> Response {
    let steps = match webhook.state.as_str() {
        "active" => vec![("pause", "pause")],
        "paused" => vec![("resume", "resume")],
        "disabled" => vec![("enable", "enable")],
        _ => Vec::new(),
    };
    let rows = live::latest(console, actor, &webhook.id).await.unwrap_or_default();
    let did = console.statistics(actor, &webhook.id.as_str().into(), DAY).await.ok();
    let chart = did.as_ref().map(|did| chart::bars(&did.hours, &chart::label(page.language, &did.total)));
    let (chart, day) = (chart.unwrap_or_default(), did.map(|did| did.total).filter(|day| day.attempts > 0));
    let (webhooks, kinds) = (BTreeMap::from([(webhook.id.clone(), webhook.name.clone())]), kinds());
    html(
        StatusCode::OK,
        &WebhookPage { page, webhook, steps, kinds, trial, secret, webhooks, rows, chart, day, rested_since },
    )
}

/// How many hours back the chart looks.
const DAY: u32 = 24;

/// Sends a test, and shows what came of it beneath what was sent.
pub(super) async fn test<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, id) = (&form.visitor, WebhookId::from(id.as_str()));
    let webhook = match console.show_webhook(&visitor.actor, &id) {
        Ok(webhook) => webhook,
        Err(refusal) => return Failure::to(visitor, refusal).into_response(),
    };
    let mut trial = TrialForm {
        kind: form.text("type").to_owned(),
        data: form.raw("data").to_owned(),
        ..TrialForm::default()
    };
    match serde_json::from_str(&trial.data) {
        Err(error) => {
            trial.wrong = Some(visitor.language.say_with("payload-wrong", "why", error.to_string()))
        }
        Ok(data) => {
            let new = NewTrial { kind: Some(trial.kind.clone()), data: Some(data) };
            match console.try_webhook(&visitor.actor, &id, new, visitor.language).await {
                Ok(result) => trial.result = Some(result),
                Err(refusal @ Refusal::Invalid(_)) => trial.wrong = Some(refusal.told(visitor.language)),
                Err(refusal) => return Failure::to(visitor, refusal).into_response(),
            }
        }
    }
    let shown = Shown { trial, ..Shown::default() };
    webhook_page(&console, &visitor.actor, Page::of(visitor, HERE), webhook, shown).await
}

pub(super) async fn secret<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, id) = (&form.visitor, WebhookId::from(id.as_str()));
    let shown = console.reveal_secret(&visitor.actor, &id).await;
    match shown.and_then(|secret| Ok((secret, console.show_webhook(&visitor.actor, &id)?))) {
        Ok((secret, webhook)) => {
            let trial = TrialForm::sample(&webhook, None);
            let page = Page::of(visitor, HERE);
            let shown = Shown { trial, secret: Some(secret), ..Shown::default() };
            webhook_page(&console, &visitor.actor, page, webhook, shown).await
        }
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

pub(super) async fn rotate_secret<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let keep_previous_for = domain::duration::parse(form.text("keep")).ok().map(HumanDuration);
    let (visitor, asked) = (&form.visitor, RotateSecret { keep_previous_for });
    let rotated = console.rotate_secret(&visitor.actor, id.as_str().into(), Expected::Any, &asked).await;
    match rotated {
        Ok(_) => secret(State(console), Path(id), form).await,
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

pub(super) async fn end_previous_secret<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, webhook) = (&form.visitor, id.as_str().into());
    match console.end_previous_secret(&visitor.actor, webhook, Expected::Any).await {
        Ok(_) => done(&format!("{HERE}/{id}"), "secret-ended"),
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

pub(super) async fn pause<W: World>(console: Shared<W>, id: Path<String>, form: Form) -> Response {
    step(console, id, &form, Step::Pause, "paused").await
}

pub(super) async fn resume<W: World>(console: Shared<W>, id: Path<String>, form: Form) -> Response {
    step(console, id, &form, Step::Resume, "resumed").await
}

pub(super) async fn enable<W: World>(console: Shared<W>, id: Path<String>, form: Form) -> Response {
    step(console, id, &form, Step::Enable, "enabled").await
}

async fn step<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: &Form,
    step: Step,
    done: &str,
) -> Response {
    let (actor, webhook) = (&form.visitor.actor, WebhookId::from(id.as_str()));
    // Before it goes on: afterwards nothing tells. Where it cannot be told there is no offer.
    let rested_since = console.rests_since(actor, &webhook).await.ok().flatten();
    let since = rested_since.map(rfc3339).unwrap_or_default();
    match console.step_webhook(actor, webhook, Expected::Any, step).await {
        Ok(_) => {
            let query = view::encoded([("done", done), ("since", &since)]);
            Redirect::to(&format!("/webhooks/{id}?{query}")).into_response()
        }
        Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
    }
}

#[derive(Template)]
#[template(path = "webhook_edit.html")]
struct EditPage {
    page: Page,
    webhook: api::Webhook,
    form: WebhookForm,
    errors: Errors,
    kinds: Vec<&'static EventKind>,
    signs: bool,
}

fn edit_page<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    status: StatusCode,
    webhook: api::Webhook,
    form: WebhookForm,
    errors: Errors,
) -> Response {
    let (page, signs) = (Page::of(visitor, HERE), console.ring.is_some());
    html(status, &EditPage { page, webhook, form, errors, kinds: kinds(), signs })
}

pub(super) async fn edit<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    match console.show_webhook(&visitor.actor, &id.as_str().into()) {
        Ok(webhook) => {
            let form = WebhookForm::of(&webhook);
            edit_page(&console, &visitor, StatusCode::OK, webhook, form, Errors::default())
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

/// Makes the webhook what the form says, if nobody else has changed it since the form was shown.
pub(super) async fn change<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, fields) = (&form.visitor, WebhookForm::sent(&form));
    let id = WebhookId::from(id.as_str());
    let webhook = match console.show_webhook(&visitor.actor, &id) {
        Ok(webhook) => webhook,
        Err(refusal) => return Failure::to(visitor, refusal).into_response(),
    };
    let revision = form.text("revision").parse().map_or(Revision(0), Revision);
    let changed = match fields.patch() {
        Ok(patch) => console.change_webhook(&visitor.actor, id, Expected::Is(revision), &patch).await,
        Err(errors) => {
            return edit_page(&console, visitor, StatusCode::UNPROCESSABLE_ENTITY, webhook, fields, errors);
        }
    };
    match changed {
        Ok(changed) if changed.pending_url.is_some() => {
            Redirect::to(&format!("/webhooks/{}/verify?done=url-pending", changed.id)).into_response()
        }
        Ok(changed) => view::done(&format!("/webhooks/{}", changed.id), "saved"),
        Err(refusal) => match Errors::of_refusal(refusal) {
            Ok(errors) => {
                edit_page(&console, visitor, StatusCode::UNPROCESSABLE_ENTITY, webhook, fields, errors)
            }
            Err(refusal) => Failure::to(visitor, refusal).into_response(),
        },
    }
}

/// Deletes a webhook once its name was typed.
pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let (visitor, id) = (&form.visitor, WebhookId::from(id.as_str()));
    let webhook = match console.show_webhook(&visitor.actor, &id) {
        Ok(webhook) => webhook,
        Err(refusal) => return Failure::to(visitor, refusal).into_response(),
    };
    if form.text("confirm") != webhook.name {
        let (fields, mut errors) = (WebhookForm::of(&webhook), Errors::default());
        errors.add("confirm", sentence!("confirm-wrong"));
        return edit_page(&console, visitor, StatusCode::UNPROCESSABLE_ENTITY, webhook, fields, errors);
    }
    match console.delete_webhook(&visitor.actor, id, Expected::Any).await {
        Ok(()) => view::done("/webhooks", "deleted"),
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}
