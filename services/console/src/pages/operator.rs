//! For operators: accounts, keys, what waits in the pipeline, which endpoints fail.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::Scope;
use serde::Deserialize;
use wire::api::{Account, AccountOverview, CreatedKey, Key, NewAccount, NewKey, Overview};
use wire::text::parse_rfc3339;

use super::forms::{Errors, contact};
use super::session::{Form, Visitor};
use super::view::{Failure, Page, done, html};
use crate::api::Shared;
use crate::words::sentence;
use crate::world::{Console, World};

const HERE: &str = "/operator";
/// How many accounts one page shows; the search finds the others.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "operator.html")]
struct WholePage {
    page: Page,
    find: Find,
    whole: Overview,
    accounts: Vec<AccountOverview>,
    is_cut: bool,
    keys: Vec<Key>,
    metrics: Option<String>,
    form: Fields,
    errors: Errors,
}

/// What the forms hold.
#[derive(Default)]
struct Fields {
    id: String,
    name: String,
    email: String,
    language: String,
}

impl Fields {
    fn sent(form: &Form) -> Self {
        let [id, name, email, language] =
            ["id", "name", "email", "language"].map(|it| form.text(it).to_owned());
        Self { id, name, email, language }
    }
}

/// What to look for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Find {
    #[serde(rename = "q")]
    text: String,
    done: Option<String>,
}

impl Find {
    fn meets(&self, account: &Account) -> bool {
        let text = self.text.to_lowercase();
        let holds = |field: &str| field.to_lowercase().contains(&text);
        text.is_empty() || holds(&account.id) || holds(&account.name)
    }
}

/// What part of an account's attempts succeeded.
fn share(account: &AccountOverview) -> String {
    match account.attempts {
        0 => String::new(),
        all => format!("{:.1} %", account.successes as f64 / all as f64 * 100.0),
    }
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Query(find): Query<Find>,
) -> Response {
    whole(&console, &visitor, StatusCode::OK, find, (Fields::default(), Errors::default())).await
}

async fn whole<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    status: StatusCode,
    find: Find,
    (form, errors): (Fields, Errors),
) -> Response {
    let seen = console.overview(&visitor.actor).await;
    let seen = seen.and_then(|seen| Ok((seen, console.every_key(&visitor.actor, None)?)));
    let (mut whole, keys) = match seen {
        Ok(seen) => seen,
        Err(refusal) => return Failure::to(visitor, refusal).into_response(),
    };
    let mut accounts = std::mem::take(&mut whole.accounts);
    accounts.retain(|account| find.meets(&account.account));
    let is_cut = accounts.len() > SHOWN;
    accounts.truncate(SHOWN);
    let page = Page::of(visitor, HERE).having(find.done.as_deref());
    let metrics = console.metrics_url.as_ref().map(ToString::to_string);
    html(status, &WholePage { page, find, whole, accounts, is_cut, keys, metrics, form, errors })
}

pub(super) async fn create_account<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let fields = Fields::sent(&form);
    let contact = contact(&form);
    let new = NewAccount { id: fields.id.clone(), name: fields.name.clone(), contact, keep: None };
    match console.create_account(&form.visitor.actor, &new).await {
        Ok(account) => done(&place(&account.id), "account-made"),
        Err(refusal) => match Errors::of_refusal(refusal) {
            Ok(errors) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                whole(&console, &form.visitor, status, Find::default(), (fields, errors)).await
            }
            Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
        },
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    account: Account,
    keys: Vec<Key>,
    errors: Errors,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    done: Option<String>,
}

pub(super) async fn account<W: World>(
    State(console): Shared<W>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(look): Query<Look>,
) -> Response {
    account_page(&console, &visitor, StatusCode::OK, &id, look.done.as_deref(), Errors::default())
}

fn account_page<W: World>(
    console: &Console<W>,
    visitor: &Visitor,
    status: StatusCode,
    id: &str,
    said: Option<&str>,
    errors: Errors,
) -> Response {
    let seen = console
        .every_key(&visitor.actor, Some(id))
        .and_then(|keys| Ok((console.show_account(&visitor.actor, id)?, keys)));
    match seen {
        Ok((account, keys)) => {
            let page = Page::of(visitor, HERE).having(said);
            html(status, &AccountPage { page, account, keys, errors })
        }
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

/// Deletes an account, if whoever asks typed its id.
pub(super) async fn delete_account<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    let visitor = &form.visitor;
    if form.text("confirm") != id {
        let mut errors = Errors::default();
        errors.add("confirm", sentence!("confirm-account-wrong"));
        return account_page(&console, visitor, StatusCode::UNPROCESSABLE_ENTITY, &id, None, errors);
    }
    match console.delete_account(&visitor.actor, &id).await {
        Ok(()) => done(HERE, "deleted"),
        Err(refusal) => Failure::to(visitor, refusal).into_response(),
    }
}

/// A key just made: shown this once.
#[derive(Template)]
#[template(path = "key_made.html")]
struct KeyPage {
    page: Page,
    made: CreatedKey,
    back: String,
}

/// Makes a key for an account, or (if none is named) for operators.
pub(super) async fn create_key<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let (visitor, account) = (&form.visitor, form.filled("account"));
    let refused = async |errors| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        match account {
            Some(id) => account_page(&console, visitor, status, id, None, errors),
            None => whole(&console, visitor, status, Find::default(), (Fields::default(), errors)).await,
        }
    };
    let expires_at = form.filled("expires_at").map(parse_rfc3339);
    if expires_at == Some(None) {
        let mut errors = Errors::default();
        errors.add("expires_at", sentence!("not-a-time", example = "2030-01-31T12:00:00Z"));
        return refused(errors).await;
    }
    let scopes = match account {
        Some(_) => form.all("scopes").map(str::to_owned).collect(),
        None => vec![Scope::Operator.name().to_owned()],
    };
    let new = NewKey { name: form.text("name").to_owned(), scopes, expires_at: expires_at.flatten() };
    match console.create_key(&visitor.actor, account, &new).await {
        Ok(made) => {
            let back = account.map_or_else(|| HERE.to_owned(), place);
            let mut page = html(StatusCode::CREATED, &KeyPage { page: Page::of(visitor, HERE), made, back });
            page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            page
        }
        Err(refusal) => match Errors::of_refusal(refusal) {
            Ok(errors) => refused(errors).await,
            Err(refusal) => Failure::to(visitor, refusal).into_response(),
        },
    }
}

pub(super) async fn delete_key<W: World>(
    State(console): Shared<W>,
    Path(id): Path<String>,
    form: Form,
) -> Response {
    match console.delete_key(&form.visitor.actor, &id).await {
        Ok(()) => done(&form.filled("account").map_or_else(|| HERE.to_owned(), place), "revoked"),
        Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
    }
}

/// Where an account's page is. Ids hold nothing that a path would not.
fn place(account: &str) -> String {
    format!("{HERE}/accounts/{account}")
}
