//! What SMTPeter's logs hold, and the events that they become.

use std::collections::HashMap;
use std::path::Path;

use domain::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::output::hex;

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deliveries,
    Failures,
    Bounces,
    Responses,
    Clicks,
    Opens,
    Abuses,
    Attempts,
}

/// An event, still without its name.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    /// Its type.
    pub(super) kind: &'static str,
    /// When it happened.
    pub(super) time: Option<Timestamp>,
    /// Its fields, as webhooks have them; what only logs know stays under its own name.
    pub(super) data: Map<String, Value>,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Deliveries,
        Self::Failures,
        Self::Bounces,
        Self::Responses,
        Self::Clicks,
        Self::Opens,
        Self::Abuses,
        Self::Attempts,
    ];

    /// What files begin with.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Failures => "failures",
            Self::Bounces => "bounces",
            Self::Responses => "responses",
            Self::Clicks => "clicks",
            Self::Opens => "opens",
            Self::Abuses => "abuses",
            Self::Attempts => "attempts",
        }
    }

    /// The type of its events.
    const fn event(self) -> &'static str {
        match self {
            Self::Deliveries => "delivery",
            Self::Failures => "failure",
            Self::Bounces => "bounce",
            Self::Responses => "response",
            Self::Clicks => "click",
            Self::Opens => "open",
            Self::Abuses => "abuse",
            Self::Attempts => "attempt",
        }
    }

    /// The columns of its CSV, in order.
    pub(super) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Deliveries => {
                &["id", "time", "envelope", "recipient", "from", "to", "attempt", "tags", "templateid"]
            }
            Self::Failures => &[
                "id",
                "time",
                "envelope",
                "recipient",
                "attempt",
                "from",
                "to",
                "type",
                "code",
                "status",
                "description",
                "state",
                "tags",
                "templateid",
            ],
            Self::Bounces | Self::Responses => {
                &["id", "time", "envelope", "recipient", "mime", "tags", "templateid"]
            }
            Self::Clicks => &[
                "id",
                "time",
                "headers",
                "ip",
                "url",
                "destination",
                "tags",
                "recipient",
                "city",
                "countryname",
                "countrycode",
                "regioncode",
                "templateid",
            ],
            Self::Opens => &[
                "id",
                "time",
                "headers",
                "ip",
                "protocol",
                "tags",
                "recipient",
                "city",
                "countryname",
                "countrycode",
                "regioncode",
                "templateid",
            ],
            Self::Abuses => &["id", "time", "envelope", "recipient", "tags", "templateid"],
            Self::Attempts => &["id", "time", "envelope", "recipient", "properties", "tags", "templateid"],
        }
    }

    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind whose events are of that type.
    pub(super) fn of_type(event: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.event() == event)
    }

    /// What a file's name says: `clicks.2026-11-24.log`.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        Self::named(name.split('.').next()?)
    }

    /// All names, for errors.
    pub(super) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// What a log's record says, as an event: names as webhooks have them, tags as a list, empty fields left out.
///
/// # Errors
/// Which field is wrong, and how.
pub(super) fn event(kind: Kind, fields: Map<String, Value>) -> Result<Event, String> {
    let mut data = Map::with_capacity(fields.len() + 2);
    let mut time = None;
    for (name, value) in fields {
        if value.is_null() || value == "" {
            continue;
        }
        match (kind, &*name, &value) {
            (_, "time", _) => {
                let at = parsed(&value)?;
                data.insert("timestamp".to_owned(), plain_time(at).into());
                data.insert("time".to_owned(), at.as_secs().into());
                time = Some(at);
            }
            (_, "timestamp", _) => {}
            (_, "tags", Value::String(text)) => {
                let tags = text.split(';').map(str::trim).filter(|tag| !tag.is_empty());
                data.insert(name, tags.map(Value::from).collect::<Vec<_>>().into());
            }
            (_, "headers", Value::String(text)) => read_headers(text, &mut data),
            (Kind::Attempts, "properties", Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(map)) => drop(data.insert(name, map.into())),
                _ => return Err("properties: is no JSON object".to_owned()),
            },
            (Kind::Failures, "type", _) => drop(data.insert("action".to_owned(), value)),
            (Kind::Failures, "status", _) => drop(data.insert("extended".to_owned(), value)),
            (Kind::Clicks, "url", _) => drop(data.insert("original".to_owned(), value)),
            _ => drop(data.insert(name, value)),
        }
    }
    match data.get("id") {
        Some(Value::String(_) | Value::Number(_)) => Ok(Event { kind: kind.event(), time, data }),
        _ => Err("id: is missing: every record names its message".to_owned()),
    }
}

/// Names of events. Chance has no part in it: the same records in the same order get the same names, and two that are
/// the same in every field get two.
pub(super) struct Identities<'a> {
    source: &'a str,
    seen: HashMap<[u8; 16], u32>,
}

impl<'a> Identities<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self { source, seen: HashMap::new() }
    }

    /// The event as a CloudEvent.
    pub(super) fn name(&mut self, event: Event, account: Option<&str>) -> Value {
        let mut hash = Sha256::new();
        hash.update(event.kind);
        hash.update([0]);
        hash.update(Value::Object(sorted(&event.data)).to_string());
        let digest: [u8; 32] = hash.finalize().into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        let count = self.seen.entry(key).or_default();
        *count += 1;
        let id = match *count {
            1 => format!("log-{}", hex(&key)),
            again => format!("log-{}-{again}", hex(&key)),
        };
        event.cloud(&id, self.source, account)
    }
}

impl Event {
    /// As a CloudEvent.
    fn cloud(self, id: &str, source: &str, account: Option<&str>) -> Value {
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": source, "type": self.kind,
            "datacontenttype": "application/json", "data": self.data,
        });
        if let Some(time) = self.time {
            event["time"] = wire::text::rfc3339(time).into();
        }
        if let Some(account) = account {
            event["account"] = account.into();
        }
        event
    }
}

/// In the order of names: CSV and JSON tell the same in another one.
fn sorted(data: &Map<String, Value>) -> Map<String, Value> {
    let mut entries: Vec<_> = data.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    entries.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `YYYY-MM-DD HH:MM:SS` in UTC, or seconds since 1970.
fn parsed(value: &Value) -> Result<Timestamp, String> {
    let seconds = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
    let text = match value {
        Value::Number(number) => {
            return number.as_i64().map(seconds).ok_or_else(|| format!("time: {number} is no time"));
        }
        Value::String(text) => text.trim(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err("time: is no text".to_owned());
        }
    };
    if let Ok(number) = text.parse() {
        return Ok(seconds(number));
    }
    let written = format!("{}Z", text.replacen(' ', "T", 1).trim_end_matches('Z'));
    wire::text::parse_rfc3339(&written)
        .ok_or_else(|| format!("time: '{text}' is not written as YYYY-MM-DD HH:MM:SS"))
}

fn plain_time(at: Timestamp) -> String {
    let text = wire::text::rfc3339(Timestamp::from_millis(at.as_secs() * 1000));
    text.get(..19).unwrap_or(&text).replacen('T', " ", 1)
}

/// Of a request's headers webhooks have two.
fn read_headers(text: &str, data: &mut Map<String, Value>) {
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let field = match name.trim().to_ascii_lowercase().as_str() {
            "user-agent" => "useragent",
            "referer" => "referer",
            _ => continue,
        };
        data.insert(field.to_owned(), value.trim().into());
    }
}
