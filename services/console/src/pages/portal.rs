//! Guests whom the platform's own dashboard sends by a link that works once.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::session::{self, Subject, Visitor};
use super::sign_in::came;
use super::view::{Failure, Page, html};
use crate::api::Shared;
use crate::problem::Refusal;
use crate::rules::access::{Actor, Guest};
use crate::rules::audit::Deed;
use crate::rules::whence::Whence;
use crate::world::{Console, World};

#[derive(Template)]
#[template(path = "portal.html")]
struct Portal {
    page: Page,
    name: String,
    account: String,
    token: String,
}

/// Shows whom the link would sign in. It is used up by the form only: whatever follows links by itself uses none up.
pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let language = session::language(&headers);
    match peek(&console, &token).await {
        Ok(guest) => {
            let name = guest.platform.unwrap_or_else(|| "Postbode".to_owned());
            let page = Page::open(language);
            html(StatusCode::OK, &Portal { page, name, account: guest.account, token })
        }
        Err(refusal) => Failure::new(language, None, refusal).into_response(),
    }
}

async fn peek<W: World>(console: &Console<W>, token: &str) -> Result<Guest, Refusal> {
    let found = console.history().peek_link(&session::hash(token), console.world.now()).await?;
    read(found)
}

fn read(found: Option<serde_json::Value>) -> Result<Guest, Refusal> {
    let guest = found.and_then(|subject| serde_json::from_value(subject).ok());
    guest.ok_or(Refusal::NoSuch("link"))
}

#[derive(Deserialize)]
pub(super) struct Used {
    token: String,
}

pub(super) async fn enter<W: World>(
    State(console): Shared<W>,
    whence: Whence,
    headers: HeaderMap,
    axum::Form(Used { token }): axum::Form<Used>,
) -> Response {
    match sign_in(&console, whence, &headers, &token).await {
        Ok(response) => response,
        Err(refusal) => Failure::new(session::language(&headers), None, refusal).into_response(),
    }
}

async fn sign_in<W: World>(
    console: &Console<W>,
    whence: Whence,
    headers: &HeaderMap,
    token: &str,
) -> Result<Response, Refusal> {
    if !session::is_ours(headers) {
        return Err(Refusal::Forged);
    }
    let now = console.world.now();
    let guest = match read(console.history().take_link(&session::hash(token), now).await?) {
        Ok(guest) => guest,
        Err(refusal) => {
            console.audit_stranger(&whence, Deed::new("session.refused", None, None)).await;
            return Err(refusal);
        }
    };
    let (ends, actor) = (Some(guest.until), Actor::guest(&guest).coming(whence));
    let cookie = session::begin(console, &Subject::Guest(guest), ends).await?;
    console.audit(&actor, vec![came("session.began", &actor)]).await;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/webhooks")).into_response())
}

/// The platform's colour, for its guest.
pub(super) async fn colours<W: World>(State(_): Shared<W>, visitor: Visitor) -> Response {
    let colour = visitor.guest.and_then(|guest| guest.colour).unwrap_or_else(|| "#1f5fbf".to_owned());
    let on = if is_light(&colour) { "#000000" } else { "#ffffff" };
    let sheet = format!(":root {{ --brand: {colour}; --on-brand: {on}; }}\n");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "private, no-store")], sheet)
        .into_response()
}

/// Whether black is read better on it than white: WCAG's relative luminance.
fn is_light(colour: &str) -> bool {
    let channel = |at: usize| {
        let byte = colour.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0);
        let share = f64::from(byte) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5) > 0.179
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_the_platforms_colour_can_be_read() {
        for (colour, light) in [("#ffffff", true), ("#000000", false), ("#ffcc00", true), ("#1f5fbf", false)]
        {
            assert_eq!(is_light(colour), light, "{colour}");
        }
    }
}
