//! Who looks at a page: a session behind a cookie, and what keeps other sites from acting in its name.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{KeyHash, Timestamp};
use history::sessions::Session;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::view::{self, Failure};
use crate::acts::chance;
use crate::api::body::MAX_BODY;
use crate::api::who::whence;
use crate::problem::Refusal;
use crate::rules::access::{Actor, Guest};
use crate::rules::chance::hex;
use crate::words::Language;
use crate::world::{Console, World};

/// Who a session is: the holder of a key, or a guest whom the platform's own dashboard has sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    /// By the key's hash: a key that is revoked ends its sessions.
    Key(String),
    /// By what the link granted.
    Guest(Guest),
}

/// Who looks at a page.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) actor: Actor,
    pub(crate) language: Language,
    /// What this session's forms carry.
    pub(crate) csrf: String,
    /// When it was looked at.
    pub(crate) now: Timestamp,
    /// How the platform wants to look for its guest.
    pub(crate) guest: Option<Guest>,
}

const COOKIE: &str = "postbode_session";
const LANGUAGE: &str = "postbode_language";

impl Visitor {
    pub(super) async fn of<W: World>(console: &Console<W>, parts: &Parts) -> Result<Option<Self>, Refusal> {
        let headers = &parts.headers;
        let Some(id) = cookie(headers, COOKIE) else { return Ok(None) };
        let now = console.world.now();
        let found = console.history().session(&hash(id), now).await?;
        let Some(session) = found else { return Ok(None) };
        let Ok(subject) = serde_json::from_value(session.subject) else { return Ok(None) };
        let (language, csrf) = (language(headers), session.csrf);
        let (actor, guest) = match subject {
            Subject::Key(digits) => {
                let key = KeyHash::from_hex(&digits).ok_or(Refusal::NoSuch("key"))?;
                match console.look(|registry| Actor::by_hash(registry, &key, now)) {
                    Ok(actor) => (actor, None),
                    Err(Refusal::Unauthenticated(_)) => return Ok(None),
                    Err(other) => return Err(other),
                }
            }
            Subject::Guest(guest) => (Actor::guest(&guest), Some(guest)),
        };
        Ok(Some(Self { actor: actor.coming(whence(console, parts)), language, csrf, now, guest }))
    }
}

impl<W: World> FromRequestParts<Arc<Console<W>>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console<W>>) -> Result<Self, Response> {
        match Self::of(console, parts).await {
            Ok(Some(visitor)) => Ok(visitor),
            Ok(None) => Err(to_sign_in(&parts.method, &parts.uri)),
            Err(refusal) => Err(Failure::new(language(&parts.headers), None, refusal).into_response()),
        }
    }
}

/// Where somebody wanted to go before they were asked who they are.
fn to_sign_in(method: &Method, uri: &Uri) -> Response {
    let wanted = uri.path_and_query().filter(|_| method == Method::GET).map_or("/", |path| path.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    Redirect::to(&format!("/sign-in?{query}")).into_response()
}

/// A form of ours, sent by somebody who is signed in: the fields in their order.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) visitor: Visitor,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The field's value; the empty text if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// The field's value, white space and all.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// The field's value if it is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    /// All values of a field that stands there more than once.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }
}

impl<W: World> FromRequest<Arc<Console<W>>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Arc<Console<W>>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, console).await?;
        let refuse = |refusal| Failure::new(visitor.language, Some(&visitor), refusal).into_response();
        if !is_ours(&parts.headers) {
            return Err(refuse(Refusal::Forged));
        }
        let body = axum::body::to_bytes(body, MAX_BODY).await;
        let body = body.map_err(|_| refuse(Refusal::TooLarge(MAX_BODY)))?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let form = Self { visitor: visitor.clone(), fields };
        match bool::from(form.text("csrf").as_bytes().ct_eq(visitor.csrf.as_bytes())) {
            true => Ok(form),
            false => Err(refuse(Refusal::Forged)),
        }
    }
}

/// Whether a browser says that a page of ours sent this. One that says nothing is believed for the token's sake.
pub(super) fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, named)| named == host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// Begins a session, under a name that nobody knew before: what makes the browser remember it.
pub(super) async fn begin<W: World>(
    console: &Console<W>,
    subject: &Subject,
    ends: Option<Timestamp>,
) -> Result<HeaderValue, Refusal> {
    let now = console.world.now();
    let longest = now + console.session;
    let id = hex::<32>(&mut chance);
    let session = Session {
        id_hash: hash(&id),
        subject: serde_json::to_value(subject).unwrap_or_default(),
        csrf: hex::<16>(&mut chance),
        created_at: now,
        expires_at: ends.map_or(longest, |ends| ends.min(longest)),
    };
    console.history().add_session(&session).await?;
    let lasts = session.expires_at.since(now).as_secs();
    Ok(set_cookie(console, &format!("{COOKIE}={id}; Max-Age={lasts}; HttpOnly")))
}

/// Ends the session of a request: what makes the browser forget it.
pub(super) async fn end<W: World>(console: &Console<W>, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if let Some(id) = cookie(headers, COOKIE) {
        console.history().end_session(&hash(id)).await?;
    }
    Ok(set_cookie(console, &format!("{COOKIE}=; Max-Age=0; HttpOnly")))
}

/// What makes a browser remember its reader's language for a year.
pub(super) fn remember<W: World>(console: &Console<W>, language: Language) -> HeaderValue {
    set_cookie(console, &format!("{LANGUAGE}={}; Max-Age=31536000", language.tag()))
}

/// The reader's choice, or the browser's.
pub(super) fn language(headers: &HeaderMap) -> Language {
    cookie(headers, LANGUAGE).and_then(Language::tagged).unwrap_or_else(|| Language::accepted(headers))
}

fn set_cookie<W: World>(console: &Console<W>, cookie: &str) -> HeaderValue {
    // Lax: a link from the platform's own dashboard must find its reader signed in.
    let secure =
        if console.public_url.as_ref().is_some_and(|url| url.scheme() == "https") { "; Secure" } else { "" };
    let text = format!("{cookie}; Path=/; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(view::NOTHING)
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(cookie, _)| *cookie == name).map(|(_, value)| value)
}

pub(super) fn hash(id: &str) -> String {
    KeyHash::of(id).to_string()
}
