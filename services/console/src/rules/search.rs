//! What people look for in the history, out of a query. An empty value is as none.

use domain::{DeathReason, Timestamp};
use history::audit::AuditSearch;
use history::dead_letters::{Decided, LetterSearch};
use history::deliveries::Search;
use history::{State, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use wire::text;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::ACTIONS;
use crate::rules::paging::Paging;
use crate::words::{Sentence, sentence};

/// `GET /v1/deliveries?…`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryQuery {
    /// What the page before gave as its `next`.
    cursor: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    /// Only of this mail message.
    message: Option<String>,
    /// Only of mail to this address.
    recipient: Option<String>,
    /// Only of this event.
    event: Option<String>,
    /// Only of events of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only of this webhook.
    webhook: Option<String>,
    /// Only those in this state.
    #[schemars(extend("enum" = ["delivered", "retrying", "dead"]))]
    state: Option<String>,
    /// Only those whose last attempt had this outcome: `success`, `timeout-connect`, …
    outcome: Option<String>,
    /// Only those whose last attempt was answered with this HTTP status.
    #[schemars(with = "Option<u16>", range(min = 100, max = 599))]
    status: Option<String>,
    /// Only from this time on.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// Only before this time.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
}

/// `GET /v1/dead-letters?…` and `/v1/dead-letters/counts?…`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LetterQuery {
    /// What the page before gave as its `next`.
    cursor: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    /// Only of this webhook.
    webhook: Option<String>,
    /// Only of events of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only those that died for this.
    #[schemars(extend("enum" = DeathReason::ALL.map(DeathReason::name)))]
    reason: Option<String>,
    /// Only those of which this became.
    #[schemars(extend("enum" = ["open", "replayed", "discarded"]))]
    disposition: Option<String>,
    /// Only from this time on.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// Only before this time.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
}

/// `GET /v1/audit?…`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// What the page before gave as its `next`.
    cursor: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// For operators: whose.
    pub account: Option<String>,
    /// Only what was done to this.
    object: Option<String>,
    /// Only this kind of deed.
    #[schemars(extend("enum" = ACTIONS))]
    action: Option<String>,
    /// Only what was done by this key or link.
    by: Option<String>,
    /// Only from this time on.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// Only before this time.
    #[schemars(extend("format" = "date-time"))]
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
            action: read("action", &self.action, sentence!("not-among"), known)?,
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
            state: read("state", &self.state, sentence!("state-unknown"), State::named)?,
            outcome: given(&self.outcome).map(Text::from),
            status: read("status", &self.status, sentence!("status-unknown"), status)?,
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
            reason: read("reason", &self.reason, sentence!("not-among"), DeathReason::named)?,
            disposition: read(
                "disposition",
                &self.disposition,
                sentence!("disposition-unknown"),
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
    wanted: Sentence,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    given(text).map(|text| parse(text).ok_or_else(|| Refusal::field(field, wanted))).transpose()
}

fn time(field: &str, text: &Option<String>) -> Result<Option<Timestamp>, Refusal> {
    // A plus that nobody escaped arrives as a blank.
    let parse = |text: &str| text::parse_rfc3339(&text.replace(' ', "+"));
    read(field, text, sentence!("not-a-time", example = "2026-01-31T12:00:00Z"), parse)
}
