//! In and out.

use std::net::{IpAddr, Ipv4Addr};

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::session::{self, Form, Subject};
use super::view::{Failure, Page, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::Deed;
use crate::rules::whence::Whence;
use crate::words::Language;
use crate::world::{Console, World};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    next: String,
    wrong: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

pub(super) async fn show<W: World>(
    State(_): Shared<W>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Response {
    html(StatusCode::OK, &SignIn { page: Page::open(session::language(&headers)), next, wrong: None })
}

#[derive(Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    next: String,
    key: String,
}

pub(super) async fn enter<W: World>(
    State(console): Shared<W>,
    whence: Whence,
    headers: HeaderMap,
    axum::Form(entry): axum::Form<Entry>,
) -> Response {
    let language = session::language(&headers);
    if !session::is_ours(&headers) {
        return Failure::new(language, None, Refusal::Forged).into_response();
    }
    let again = |status, wrong: String| {
        let page = Page::open(language);
        html(status, &SignIn { page, next: entry.next.clone(), wrong: Some(wrong) })
    };
    if !console.guesses.may_guess(whence.address.unwrap_or(NOWHERE)) {
        return again(StatusCode::TOO_MANY_REQUESTS, language.say("too-many-guesses"));
    }
    let now = console.world.now();
    match console.look(|registry| Actor::of(registry, entry.key.trim(), now)) {
        Ok(actor) => {
            let (key, ends) = (actor.key().hash.to_string(), actor.key().expires_at);
            match session::begin(&console, &Subject::Key(key), ends).await {
                Ok(cookie) => {
                    let actor = actor.coming(whence);
                    console.audit(&actor, vec![came("session.began", &actor)]).await;
                    ([(header::SET_COOKIE, cookie)], Redirect::to(within(&entry.next))).into_response()
                }
                Err(refusal) => Failure::new(language, None, refusal).into_response(),
            }
        }
        Err(Refusal::Unauthenticated(_)) => {
            console.audit_stranger(&whence, Deed::new("session.refused", None, None)).await;
            again(StatusCode::UNPROCESSABLE_ENTITY, language.say("wrong-key"))
        }
        Err(refusal) => Failure::new(language, None, refusal).into_response(),
    }
}

/// What is counted together where nobody knows who asks.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Somebody came or went.
pub(super) fn came(action: &'static str, actor: &Actor) -> Deed {
    Deed::new(action, actor.key().account.clone(), Some(actor.key().id.to_string()))
}

/// Only ever to a page of ours: `//elsewhere.example` and `/\elsewhere.example` are other sites to a browser.
fn within(next: &str) -> &str {
    let local = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if local { next } else { "/webhooks" }
}

pub(super) async fn leave<W: World>(State(console): Shared<W>, headers: HeaderMap, form: Form) -> Response {
    match session::end(&console, &headers).await {
        Ok(cookie) => {
            let actor = &form.visitor.actor;
            console.audit(actor, vec![came("session.ended", actor)]).await;
            ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
        }
        Err(refusal) => Failure::to(&form.visitor, refusal).into_response(),
    }
}

/// Remembers a language, and goes back to where its reader was.
pub(super) async fn language<W: World>(
    State(console): Shared<W>,
    Path(tag): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(language) = Language::tagged(&tag) else {
        return Failure::new(session::language(&headers), None, Refusal::NoSuch("language")).into_response();
    };
    let cookie = session::remember(&console, language);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&back(&console, &headers))).into_response()
}

/// The path of the page that a link stood on.
fn back<W: World>(_: &Console<W>, headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let url = referer.and_then(|referer| url::Url::parse(referer).ok());
    url.map_or_else(|| "/webhooks".to_owned(), |url| within(&url[url::Position::BeforePath..]).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(within("/webhooks/wh_1?type=click"), "/webhooks/wh_1?type=click");
        for elsewhere in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "javascript:x",
        ] {
            assert_eq!(within(elsewhere), "/webhooks", "{elsewhere}");
        }
    }
}
