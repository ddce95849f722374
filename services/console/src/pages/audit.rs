//! Who did what, and from where.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use wire::api::AuditEntry;

use super::forms::Errors;
use super::session::Visitor;
use super::view::{self, Failure, Page, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::audit::ACTIONS;
use crate::rules::search::AuditQuery;
use crate::world::World;

const HERE: &str = "/audit";

/// What to look for, as the form holds it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    action: String,
    object: String,
    by: String,
    since: String,
    until: String,
    account: String,
    cursor: String,
}

impl Find {
    fn query(&self) -> Result<AuditQuery, Refusal> {
        view::query(&self.encoded(&self.cursor))
    }

    fn encoded(&self, cursor: &str) -> String {
        view::encoded([
            ("action", self.action.as_str()),
            ("object", &self.object),
            ("by", &self.by),
            ("since", &self.since),
            ("until", &self.until),
            ("account", &self.account),
            ("cursor", cursor),
        ])
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct ListPage {
    page: Page,
    query: Find,
    errors: Errors,
    actions: &'static [&'static str],
    rows: Vec<AuditEntry>,
    next: Option<String>,
}

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(query): Query<Find>,
) -> Response {
    let asked = match query.query() {
        Ok(asked) => console.find_audit(&visitor.actor, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let (status, found, errors) = match view::found(asked) {
        Ok(found) => found,
        Err(refusal) => return Failure::to(&visitor, refusal).into_response(),
    };
    let next = found.next.map(|cursor| format!("{HERE}?{}", query.encoded(&cursor)));
    let page = Page::of(&visitor, HERE);
    html(status, &ListPage { page, query, errors, actions: &ACTIONS, rows: found.items, next })
}
