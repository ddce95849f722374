//! From events as sent to events that may be written: every rule about an event is here. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{AccountId, Event, EventId, Timestamp};
use serde_json::Value;
use wire::{catalogue, operational, text};

use crate::author::Author;
use crate::names::Names;
use crate::parse::{Draft, Members, Style, members};
use crate::refusal::{Fault, Limit, Refusal};

/// The longest id.
const ID_MAX: usize = 256;

/// The longest value of any other attribute.
const ATTRIBUTE_MAX: usize = 2048;

/// The most bytes that an event's attributes may take together: they must fit beside a data of the largest size.
const ATTRIBUTES_MAX: usize = 16 * 1024;

/// The longest id out of the data that is used as a key; a longer one is not an id.
const KEY_MAX: usize = 512;

/// An event that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The envelope.
    pub event: Event,
    /// When it happened, RFC 3339.
    pub time: String,
    /// Further attributes, by names without `ce_`.
    pub extensions: BTreeMap<String, String>,
    /// What keeps events of one message in order.
    pub key: String,
    /// The data, byte for byte.
    pub data: Bytes,
}

/// What an event is measured by.
pub struct Rules<'a> {
    /// Who sends.
    pub author: &'a Author,
    /// Whether an account exists; asked only about those that an operator names.
    pub exists: &'a dyn Fn(&AccountId) -> bool,
    /// The source of events that name none.
    pub source: &'a str,
    /// The time of events that tell none.
    pub now: Timestamp,
    /// The most bytes of data.
    pub max_bytes: usize,
    /// Names for events without an id.
    pub names: Names<'a>,
}

/// Checks a request's events: all are good, or none is taken.
///
/// # Errors
/// [`Refusal::Forbidden`] where one names a stranger's account, [`Refusal::TooLarge`] where one's data is,
/// [`Refusal::Invalid`] with every fault of every event.
pub fn all(drafts: Vec<Draft>, rules: &Rules<'_>) -> Result<Vec<Checked>, Refusal> {
    let mut checked = Vec::with_capacity(drafts.len());
    let mut faults = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        if draft.data.len() > rules.max_bytes {
            return Err(Refusal::TooLarge(Limit::event(index, draft.data.len(), rules.max_bytes)));
        }
        let account = rules.author.speaks_for(draft.attributes.get("account").map(String::as_str))?;
        match Checker::new(index, draft, rules).check(account) {
            Ok(event) => checked.push(event),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(Refusal::Invalid(faults)) }
}

struct Checker<'a> {
    index: usize,
    style: Style,
    attributes: BTreeMap<String, String>,
    data: Bytes,
    rules: &'a Rules<'a>,
    faults: Vec<Fault>,
}

impl<'a> Checker<'a> {
    fn new(index: usize, Draft { style, attributes, data }: Draft, rules: &'a Rules<'a>) -> Self {
        Self { index, style, attributes, data, rules, faults: Vec::new() }
    }

    fn check(mut self, account: Option<AccountId>) -> Result<Checked, Vec<Fault>> {
        let data = self.data.clone();
        let members = self.members(&data);
        self.attribute_texts();
        self.fixed_attributes();
        let account = self.account(account);
        let kind = self.kind(&members);
        let source = self.attributes.remove("source").unwrap_or_else(|| self.rules.source.to_owned());
        let time = self.time(&members);
        if let Some(kind) = &kind {
            self.catalogue(kind, &members);
        }
        let (Some(account), Some(kind), true) = (account, kind, self.faults.is_empty()) else {
            return Err(self.faults);
        };
        let given = self.attributes.remove("id");
        let id = given.unwrap_or_else(|| self.rules.names.name(&account, self.index));
        let key = key(&self.attributes, &members, &id);
        let event = Event {
            id: EventId::new(id),
            source: source.as_str().into(),
            kind: kind.as_str().into(),
            account,
        };
        Ok(Checked { event, time, extensions: self.attributes, key, data: self.data })
    }

    fn fault(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(self.index, field, message));
    }

    /// The data's members; none, and a fault, if it is no object.
    fn members<'d>(&mut self, data: &'d Bytes) -> Members<'d> {
        members(data).unwrap_or_else(|message| {
            self.fault(if self.style == Style::Cloud { "data" } else { "body" }, message);
            Members::new()
        })
    }

    /// Names and values that fit into Kafka's headers and a log.
    fn attribute_texts(&mut self) {
        let mut total = 0;
        let mut found = Vec::new();
        for (name, value) in &self.attributes {
            total += name.len() + value.len();
            let most = if name == "id" { ID_MAX } else { ATTRIBUTE_MAX };
            if !is_attribute_name(name) {
                found.push((name, "is not a name of 1 to 64 of a-z 0-9".to_owned()));
            } else if value.is_empty() {
                found.push((name, "is empty".to_owned()));
            } else if value.len() > most {
                found.push((name, format!("is longer than {most} bytes")));
            } else if value.chars().any(char::is_control) {
                found.push((name, "holds control characters".to_owned()));
            }
        }
        let mut found: Vec<_> =
            found.into_iter().map(|(name, why)| Fault::new(self.index, name.clone(), why)).collect();
        self.faults.append(&mut found);
        if total > ATTRIBUTES_MAX {
            self.fault("attributes", format!("take {total} bytes together: the limit is {ATTRIBUTES_MAX}"));
        }
    }

    /// Attributes of which only one value is understood, and which are not carried along.
    fn fixed_attributes(&mut self) {
        if self.attributes.remove("specversion").is_some_and(|version| version != "1.0") {
            self.fault("specversion", "is not 1.0");
        }
        if self.attributes.remove("datacontenttype").is_some_and(|kind| !is_json(&kind)) {
            self.fault("datacontenttype", "is not application/json");
        }
    }

    fn account(&mut self, account: Option<AccountId>) -> Option<AccountId> {
        let named = self.attributes.remove("account").is_some();
        match account {
            None => {
                self.fault("account", "is missing: an operator's key must name one");
                None
            }
            Some(account) if named && !(self.rules.exists)(&account) => {
                self.fault("account", format!("'{account}' does not exist"));
                None
            }
            Some(account) => Some(account),
        }
    }

    fn kind(&mut self, members: &Members<'_>) -> Option<String> {
        let given = match self.style {
            Style::Cloud => self.attributes.remove("type"),
            Style::Flat => {
                match members.get("type").map(|value| serde_json::from_str::<Value>(value.get())) {
                    Some(Ok(Value::String(text))) => Some(text),
                    Some(_) => {
                        self.fault("type", "must be a string");
                        return None;
                    }
                    None => None,
                }
            }
        };
        match given {
            None => self.fault("type", "is missing"),
            Some(kind) if !domain::is_event_type(&kind) => {
                self.fault("type", "is not a lower-case letter and up to 63 of a-z 0-9 . _ -");
            }
            Some(kind) if kind.starts_with(operational::PREFIX) => {
                self.fault("type", "begins with postbode., which only Postbode itself sends");
            }
            Some(kind) => return Some(kind),
        }
        None
    }

    fn time(&mut self, members: &Members<'_>) -> String {
        match self.attributes.remove("time") {
            Some(time) if text::parse_rfc3339(&time).is_some() => time,
            Some(_) => {
                self.fault("time", "is not an RFC 3339 time");
                String::new()
            }
            None => text::rfc3339(flat_time(self.style, members).unwrap_or(self.rules.now)),
        }
    }

    fn catalogue(&mut self, kind: &str, members: &Members<'_>) {
        let prefix = if self.style == Style::Cloud { "data." } else { "" };
        for error in catalogue::validate_raw(kind, |name| members.get(name).copied()) {
            self.fault(format!("{prefix}{}", error.field), error.message);
        }
    }
}

/// When a flat record says that it happened: `time` in Unix seconds, or `timestamp` as `YYYY-MM-DD HH:MM:SS` in UTC.
fn flat_time(style: Style, members: &Members<'_>) -> Option<Timestamp> {
    if style == Style::Cloud {
        return None;
    }
    let seconds = members.get("time").and_then(|value| value.get().parse::<i64>().ok());
    let millis = seconds.and_then(|seconds| seconds.checked_mul(1000)).map(Timestamp::from_millis);
    let written = || {
        let text: String = serde_json::from_str(members.get("timestamp")?.get()).ok()?;
        text::parse_rfc3339(&format!("{}Z", text.replacen(' ', "T", 1)))
    };
    // What lies outside the calendar can't be written as RFC 3339.
    millis.filter(|at| text::parse_rfc3339(&text::rfc3339(*at)) == Some(*at)).or_else(written)
}

/// DESIGN.md §3: `partitionkey` if set, else the message's id, else the profile's, else the event's.
fn key(attributes: &BTreeMap<String, String>, members: &Members<'_>, id: &str) -> String {
    let message = identifier(members, "id");
    let profile = identifier(members, "profile");
    let partitionkey = attributes.get("partitionkey").map(String::as_str);
    wire::event::partition_key(partitionkey, message.as_deref(), profile.as_deref(), id).to_owned()
}

/// A member that names something: a string or a number.
fn identifier(members: &Members<'_>, name: &str) -> Option<String> {
    let raw = members.get(name)?.get();
    if raw.len() > KEY_MAX {
        return None;
    }
    match serde_json::from_str(raw) {
        Ok(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Ok(Value::Number(_)) => Some(raw.to_owned()),
        Ok(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | Err(_) => None,
    }
}

fn is_attribute_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests;
