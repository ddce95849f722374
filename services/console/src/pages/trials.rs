//! A test of all webhooks: at once, or from a script that asks for one after the other and shows each as it ends.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use futures::stream::{self, StreamExt as _};
use wire::api::{self, NewTrial, Trial};

use super::session::{Form, Visitor};
use super::view::{Failure, Page, html};
use super::webhooks::{HERE, every};
use crate::api::Shared;
use crate::world::{Console, World};

#[derive(Template)]
#[template(path = "test_all.html")]
struct TestAllPage {
    page: Page,
    rows: Vec<Tried>,
    passed: usize,
    /// Whether a script tries them from there.
    is_live: bool,
}

#[derive(Template)]
#[template(path = "test_all_row.html")]
struct RowPart {
    page: Page,
    row: Tried,
}

struct Tried {
    webhook: api::Webhook,
    /// None before it is tried; a refusal in the reader's language.
    trial: Option<Result<Trial, String>>,
}

/// How many webhooks are tried side by side.
const AT_ONCE: usize = 16;
/// How many are tried at all.
const AT_MOST: usize = 200;

/// Tries all webhooks side by side, as long as the slowest takes; or shows them untried, to a script that tries each.
pub(super) async fn all<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let visitor = &form.visitor;
    let webhooks = match every(&console, &visitor.actor, None) {
        Ok(webhooks) => webhooks.into_iter().take(AT_MOST),
        Err(refusal) => return Failure::to(visitor, refusal).into_response(),
    };
    let is_live = form.text("live") == "yes";
    let rows: Vec<_> = match is_live {
        true => webhooks.map(|webhook| Tried { webhook, trial: None }).collect(),
        false => {
            let trials = stream::iter(webhooks).map(|webhook| tried(&console, visitor, webhook));
            trials.buffered(AT_ONCE).collect().await
        }
    };
    let is_passed = |row: &&Tried| matches!(&row.trial, Some(Ok(trial)) if trial.passed);
    let passed = rows.iter().filter(is_passed).count();
    html(StatusCode::OK, &TestAllPage { page: Page::of(visitor, HERE), rows, passed, is_live })
}

/// Tries one of them: its row.
pub(super) async fn one<W: World>(State(console): Shared<W>, Path(id): Path<String>, form: Form) -> Response {
    let visitor = &form.visitor;
    match console.show_webhook(&visitor.actor, &id.as_str().into()) {
        Ok(webhook) => {
            let row = tried(&console, visitor, webhook).await;
            html(StatusCode::OK, &RowPart { page: Page::of(visitor, HERE), row })
        }
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

async fn tried<W: World>(console: &Console<W>, visitor: &Visitor, webhook: api::Webhook) -> Tried {
    let (id, language) = (webhook.id.as_str().into(), visitor.language);
    let trial = console.try_webhook(&visitor.actor, &id, NewTrial::default(), language).await;
    Tried { webhook, trial: Some(trial.map_err(|refusal| refusal.told(language))) }
}
