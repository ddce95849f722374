//! An account's own settings: who is told of failures, what is kept of attempts, and taking a person out of it.

use std::fmt::Display;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::KeepDetails;
use serde::Deserialize;
use wire::api::{Account, AccountPatch, Contact, Erasure, Keep, NewErasure};

use super::forms::{Errors, contact};
use super::session::{Form, Visitor};
use super::view::{Failure, Page, done, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::change::Expected;
use crate::world::{Console, World};

const HERE: &str = "/account";

#[derive(Template)]
#[template(path = "account_settings.html")]
struct SettingsPage {
    page: Page,
    account: Account,
    fields: Fields,
    erased: Option<Erasure>,
    errors: Errors,
}

/// What the forms hold.
#[derive(Default)]
struct Fields {
    email: String,
    language: String,
    details: String,
    days: String,
    recipient: String,
}

impl Fields {
    fn of(account: &Account) -> Self {
        let Contact { email, language } = account.contact.clone().unwrap_or_default();
        let Keep { details, days } = account.keep.clone();
        let days = days.map(|days| days.to_string()).unwrap_or_default();
        Self { email, language, details: details.unwrap_or_default(), days, recipient: String::new() }
    }

    fn sent(form: &Form) -> Self {
        let [email, language, details, days, recipient] =
            ["email", "language", "details", "days", "recipient"].map(|it| form.text(it).to_owned());
        Self { email, language, details, days, recipient }
    }

    /// What is to be kept. What is no number is out of every range, and refused as such.
    fn keep(&self) -> Keep {
        let days = (!self.days.is_empty()).then(|| self.days.parse().unwrap_or_default());
        Keep { details: Some(self.details.clone()), days }
    }
}

impl SettingsPage {
    /// What can be kept: its name, what it is called, and whether it is chosen.
    fn choices(&self) -> impl Iterator<Item = (&'static str, String, bool)> {
        let choice = |name| (name, self.page.say(&format!("keep-{name}")), name == self.fields.details);
        KeepDetails::ALL.map(KeepDetails::name).into_iter().map(choice)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    done: Option<String>,
}

/// Leads to the account of whoever looks.
pub(super) async fn own(visitor: Visitor) -> Response {
    let account = visitor.actor.key().account.as_ref();
    account.map_or_else(|| Redirect::to("/operator"), |id| Redirect::to(&place(id))).into_response()
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    match console.show_account(&visitor.actor, &id) {
        Ok(account) => {
            let fields = Fields::of(&account);
            let page = Page::of(&visitor, HERE).having(look.done.as_deref());
            let errors = Errors::default();
            html(StatusCode::OK, &SettingsPage { page, account, fields, erased: None, errors })
        }
        Err(refusal) => Failure::to(&visitor, refusal).into_response(),
    }
}

pub(super) async fn change<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let fields = Fields::sent(&form);
    let (contact, keep) = (Some(contact(&form)), Some(fields.keep()));
    let patch = AccountPatch { contact, keep, ..AccountPatch::default() };
    match console.change_account(&form.visitor.actor, &id, Expected::Any, &patch).await {
        Ok(_) => done(&place(&id), "saved"),
        Err(refusal) => refused(&console, &form.visitor, &id, refusal, |_| fields),
    }
}

/// Takes a person out of the history, and says on the page what is left where.
pub(super) async fn erase<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let visitor = &form.visitor;
    let recipient = form.text("recipient").to_owned();
    let erased = console.erase(&visitor.actor, &id, &NewErasure { recipient: recipient.clone() }).await;
    match erased.and_then(|erased| Ok((erased, console.show_account(&visitor.actor, &id)?))) {
        Ok((erased, account)) => {
            let (page, fields) = (Page::of(visitor, HERE), Fields::of(&account));
            let (erased, errors) = (Some(erased), Errors::default());
            html(StatusCode::OK, &SettingsPage { page, account, fields, erased, errors })
        }
        Err(refusal) => {
            refused(&console, visitor, &id, refusal, |account| Fields { recipient, ..Fields::of(account) })
        }
    }
}

/// The page again, with what was sent and what is wrong with it.
fn refused<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    id: &str,
    refusal: Refusal,
    fields: impl FnOnce(&Account) -> Fields,
) -> Response {
    let seen = Errors::of_refusal(refusal)
        .and_then(|errors| Ok((errors, console.show_account(&visitor.actor, id)?)));
    match seen {
        Ok((errors, account)) => {
            let (page, fields) = (Page::of(visitor, HERE), fields(&account));
            let again = SettingsPage { page, account, fields, erased: None, errors };
            html(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

/// Where an account's settings are. Ids hold nothing that a path would not.
fn place(account: impl Display) -> String {
    format!("/accounts/{account}")
}
