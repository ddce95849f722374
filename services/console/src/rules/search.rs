//! What people look for in the history, out of a query. An empty value is as none.

use domain::{DeathReason, Timestamp};
use history::audit::AuditSearch;
use history::dead_letters::{Decided, LetterSearch};
use history::deliveries::Search;
use history::{State, Text};
use serde::Deserialize;
use wire::text;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::ACTIONS;
use crate::rules::paging::Paging;

/// `GET /v1/deliveries?…`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryQuery {
    cursor: Option<String>,
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    message: Option<String>,
    recipient: Option<String>,
    event: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    webhook: Option<String>,
    state: Option<String>,
    outcome: Option<String>,
    status: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// `GET /v1/dead-letters?…` and `/v1/dead-letters/counts?…`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterQuery {
    cursor: Option<String>,
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    webhook: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    disposition: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

/// `GET /v1/audit?…`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    cursor: Option<String>,
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    object: Option<String>,
    action: Option<String>,
    by: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

impl AuditQuery {
    /// What is looked for among what was done to an account's things, or all.
    ///
    /// # Errors
    /// Names what will not do.
    pub fn search(&self, account: Option<&str>) -> Result<AuditSearch, Refusal> {
        let known = |name: &str| ACTIONS.contains(&name).then(|| Text::from(name));
        Ok(AuditSearch {
            account: account.map(Text::from),
            object: given(&self.object).map(Text::from),
            action: read("action", &self.action, "is not among those that there are", known)?,
            by: given(&self.by).map(Text::from),
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
        })
    }

    /// Which page.
    ///
    /// # Errors
    /// When cursor or limit will not do.
    pub fn paging(&self) -> Result<Paging, Refusal> {
        Paging::parse(self.cursor.as_deref(), self.limit.as_deref())
    }
}

impl DeliveryQuery {
    /// What is looked for among an account's deliveries, or all.
    ///
    /// # Errors
    /// Names what will not do.
    pub fn search(&self, account: Option<&str>) -> Result<Search, Refusal> {
        let status = |text: &str| text.parse().ok().filter(|status| (100..600).contains(status));
        Ok(Search {
            account: account.map(Text::from),
            webhook: given(&self.webhook).map(Text::from),
            message: given(&self.message).map(Text::from),
            recipient: given(&self.recipient).map(Text::from),
            event: given(&self.event).map(Text::from),
            kind: given(&self.kind).map(Text::from),
            state: read("state", &self.state, "must be delivered, retrying or dead", State::named)?,
            outcome: given(&self.outcome).map(Text::from),
            status: read("status", &self.status, "must be an HTTP status: 100 to 599", status)?,
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
        })
    }

    /// Which page.
    ///
    /// # Errors
    /// When cursor or limit will not do.
    pub fn paging(&self) -> Result<Paging, Refusal> {
        Paging::parse(self.cursor.as_deref(), self.limit.as_deref())
    }
}

impl LetterQuery {
    /// What is looked for among an account's dead letters, or all. Events that nobody understood are the operators'.
    ///
    /// # Errors
    /// Names what will not do.
    pub fn search(&self, actor: &Actor, account: Option<&str>) -> Result<LetterSearch, Refusal> {
        Ok(LetterSearch {
            account: account.map(Text::from),
            events: actor.is_operator(),
            webhook: given(&self.webhook).map(Text::from),
            delivery: None,
            kind: given(&self.kind).map(Text::from),
            reason: read("reason", &self.reason, "is not among those that there are", DeathReason::named)?,
            disposition: read(
                "disposition",
                &self.disposition,
                "must be open, replayed or discarded",
                Decided::named,
            )?,
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
        })
    }

    /// Which page.
    ///
    /// # Errors
    /// When cursor or limit will not do.
    pub fn paging(&self) -> Result<Paging, Refusal> {
        Paging::parse(self.cursor.as_deref(), self.limit.as_deref())
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn read<T>(
    field: &str,
    text: &Option<String>,
    wanted: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    given(text).map(|text| parse(text).ok_or_else(|| Refusal::field(field, wanted))).transpose()
}

fn time(field: &str, text: &Option<String>) -> Result<Option<Timestamp>, Refusal> {
    // A plus that nobody escaped arrives as a blank.
    let parse = |text: &str| text::parse_rfc3339(&text.replace(' ', "+"));
    read(field, text, "must be a time such as 2026-01-31T12:00:00Z", parse)
}
