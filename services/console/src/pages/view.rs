//! What all pages have: who looks, in which language, where they are; and how a page becomes a response.

use std::time::Duration;

use askama::Template;
use axum::extract::Query;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Scope, Timestamp};
use jiff::tz::Offset;
use serde::de::DeserializeOwned;
use wire::api;

use super::assets;
use super::forms::Errors;
use super::session::Visitor;
use crate::problem::Refusal;
use crate::words::{Language, Sentence};

/// An empty header's value.
pub(super) const NOTHING: HeaderValue = HeaderValue::from_static("");

/// The frame around every page.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) language: Language,
    visitor: Option<Visitor>,
    /// When it was made.
    now: Timestamp,
    at: &'static str,
    said: Option<String>,
}

const ACCOUNT: &str = "/account";
const OPERATOR: &str = "/operator";

/// Places in the navigation: path, and the message that names it.
const PLACES: [(&str, &str); 7] = [
    ("/webhooks", "nav-webhooks"),
    ("/deliveries", "nav-deliveries"),
    ("/dead-letters", "nav-dead-letters"),
    ("/event-types", "nav-event-types"),
    ("/audit", "nav-audit"),
    (ACCOUNT, "nav-account"),
    (OPERATOR, "nav-operator"),
];

impl Page {
    /// For somebody who is signed in, at one of the places.
    pub(super) fn of(visitor: &Visitor, at: &'static str) -> Self {
        Self { language: visitor.language, visitor: Some(visitor.clone()), now: visitor.now, at, said: None }
    }

    /// For anybody.
    pub(super) fn open(language: Language) -> Self {
        Self { language, visitor: None, now: Timestamp::from_millis(0), at: "", said: None }
    }

    /// With a line on top about what was just done, if there is such a message.
    pub(super) fn having(mut self, done: Option<&str>) -> Self {
        let id = done.map(|done| format!("done-{done}"));
        self.said = id.filter(|id| self.language.knows(id)).map(|id| self.language.say(&id));
        self
    }

    pub(super) fn say(&self, id: &str) -> String {
        self.language.say(id)
    }

    pub(super) fn say_with(
        &self,
        id: &str,
        name: &'static str,
        value: impl Into<fluent_bundle::FluentValue<'static>>,
    ) -> String {
        self.language.say_with(id, name, value)
    }

    pub(super) fn say_of(
        &self,
        id: &str,
        first: &(&'static str, String),
        second: &(&'static str, String),
    ) -> String {
        self.language.say_of(id, first.clone(), second.clone())
    }

    /// What a rule says.
    pub(super) fn tell(&self, sentence: &Sentence) -> String {
        self.language.tell(sentence)
    }

    /// What is written down of an attempt's outcome.
    pub(super) fn tell_attempt(&self, error: &str) -> String {
        self.language.tell(&Sentence::of_attempt(error))
    }

    /// A message that another version of what wrote the word may not have.
    pub(super) fn say_or(&self, id: &str, other: &str) -> String {
        self.language.say_or(id, other)
    }

    /// The catalogue's name of a type of event, with places where a line may end. Markup of ours.
    pub(super) fn broken(&self, name: &'static str) -> String {
        name.replace('.', ".<wbr>")
    }

    pub(super) fn say_state(&self, state: &str) -> String {
        self.language.say(&format!("state-{state}"))
    }

    /// An hour before this page was made: what a backfill's form begins with.
    pub(super) fn hour_ago(&self) -> String {
        wire::text::rfc3339(self.now - Duration::from_secs(3600))
    }

    pub(super) fn say_job(&self, kind: &str) -> String {
        self.language.say(&format!("job-{kind}"))
    }

    pub(super) fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    pub(super) fn style(&self) -> &'static str {
        &assets::STYLE
    }

    pub(super) fn script(&self) -> &'static str {
        &assets::SCRIPT
    }

    pub(super) fn languages(&self) -> &'static [Language] {
        &Language::ALL
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
        // Who operates has no account, or is there for all of them.
        let strange = if self.is_operator() { ACCOUNT } else { OPERATOR };
        PLACES.iter().filter(move |(path, _)| *path != strange)
    }

    pub(super) fn is_at(&self, place: &str) -> bool {
        self.at == place
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.visitor.is_some()
    }

    pub(super) fn csrf(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| &visitor.csrf)
    }

    pub(super) fn who(&self) -> String {
        self.visitor.as_ref().map(|visitor| visitor.actor.key().name.clone()).unwrap_or_default()
    }

    pub(super) fn is_operator(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.actor.is_operator())
    }

    pub(super) fn may_write(&self) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.actor.key().allows(Scope::WebhooksWrite))
    }

    pub(super) fn brand(&self) -> &str {
        self.visitor
            .as_ref()
            .and_then(|visitor| visitor.guest.as_ref()?.platform.as_deref())
            .unwrap_or("Postbode")
    }

    pub(super) fn logo(&self) -> Option<&str> {
        self.visitor.as_ref()?.guest.as_ref()?.logo.as_deref()
    }

    pub(super) fn back(&self) -> Option<&str> {
        self.visitor.as_ref()?.guest.as_ref()?.return_url.as_deref()
    }

    pub(super) fn has_colour(&self) -> bool {
        self.visitor
            .as_ref()
            .is_some_and(|visitor| visitor.guest.as_ref().is_some_and(|guest| guest.colour.is_some()))
    }

    /// A time: in UTC for those without scripts, who else would not know whose clock it is. Markup of ours.
    pub(super) fn time(&self, at: &Timestamp) -> String {
        let time = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let shown = Offset::UTC.to_datetime(time).strftime("%Y-%m-%d %H:%M:%S UTC");
        format!("<time datetime=\"{}\">{shown}</time>", wire::text::rfc3339(*at))
    }

    pub(super) fn types(&self, webhook: &api::Webhook) -> String {
        match &webhook.types {
            api::Types::All(_) => self.say("all-types"),
            api::Types::Only(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }

    pub(super) fn state(&self, webhook: &api::Webhook) -> String {
        self.say_state(&webhook.state)
    }

    /// Why a webhook is in its state, and what to do.
    pub(super) fn reason(&self, webhook: &api::Webhook) -> Option<String> {
        match (webhook.state.as_str(), webhook.disabled_reason.as_deref()) {
            ("unverified", _) => Some(self.say("why-unverified")),
            ("paused", _) => Some(self.say("why-paused")),
            ("disabled", Some("gone")) => Some(self.say("why-gone")),
            ("disabled", _) => Some(self.say("why-failing")),
            _ if webhook.failing_since.is_some() => Some(self.say("why-open")),
            _ => None,
        }
    }

    /// A number, grouped as readers of the language do.
    pub(super) fn number(&self, number: &u64) -> String {
        self.language.number(*number)
    }

    pub(super) fn millis(&self, ms: &f64) -> String {
        millis(*ms)
    }
}

/// Milliseconds, no more exactly than anybody needs.
pub(super) fn millis(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1} ms") } else { format!("{ms:.0} ms") }
}

/// A page as a response.
pub(super) fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A query, as the API reads it.
pub(super) fn query<T: DeserializeOwned>(encoded: &str) -> Result<T, Refusal> {
    let uri = Uri::builder().path_and_query(format!("/?{encoded}")).build();
    let uri = uri.map_err(|error| Refusal::field("query", Sentence::verbatim(error)))?;
    let query = Query::<T>::try_from_uri(&uri);
    query
        .map(|Query(query)| query)
        .map_err(|rejection| Refusal::field("query", Sentence::verbatim(rejection.body_text())))
}

/// A query of what is filled in.
pub(super) fn encoded<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish()
}

/// What was looked for and found; of a search whose fields will not do nothing, and what is wrong with them.
pub(super) fn found<T: Default>(asked: Result<T, Refusal>) -> Result<(StatusCode, T, Errors), Refusal> {
    match asked {
        Ok(found) => Ok((StatusCode::OK, found, Errors::default())),
        Err(refusal) => {
            let errors = Errors::of_refusal(refusal)?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, T::default(), errors))
        }
    }
}

/// On to a page that says what was done.
pub(super) fn done(path: &str, what: &str) -> Response {
    Redirect::to(&format!("{path}?done={what}")).into_response()
}

/// A refusal, as a page.
#[derive(Debug)]
pub(super) struct Failure {
    page: Page,
    refusal: Refusal,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    page: Page,
    title: String,
    detail: String,
    advice: String,
}

impl Failure {
    pub(super) fn new(language: Language, visitor: Option<&Visitor>, refusal: Refusal) -> Self {
        let page = visitor.map_or_else(|| Page::open(language), |visitor| Page::of(visitor, ""));
        Self { page, refusal }
    }

    pub(super) fn to(visitor: &Visitor, refusal: Refusal) -> Self {
        Self::new(visitor.language, Some(visitor), refusal)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = self.refusal.problem();
        let status = problem.status();
        let (title, advice) = match status {
            StatusCode::NOT_FOUND => ("not-found", "not-found-advice"),
            StatusCode::FORBIDDEN => ("forbidden", "forbidden-advice"),
            StatusCode::CONFLICT | StatusCode::PRECONDITION_REQUIRED => ("conflict", "conflict-advice"),
            status if status.is_server_error() => ("unavailable", "unavailable-advice"),
            _ => ("refused", "refused-advice"),
        };
        let (title, advice) = (self.page.say(title), self.page.say(advice));
        let detail = self.refusal.told(self.page.language);
        let mut response = html(status, &FailurePage { page: self.page, title, detail, advice });
        response.extensions_mut().insert(self.refusal);
        response
    }
}
