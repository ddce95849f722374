//! What SMTPeter's logs hold, and the events that they become.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use domain::Timestamp;
use serde_json::Value;

/// A record's fields by their names in the log, in its order.
pub(super) type Fields = Vec<(Cow<'static, str>, Value)>;

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
    pub(super) data: Data,
}

/// In the order of names: CSV and JSON tell the same in another one.
type Data = BTreeMap<Cow<'static, str>, Value>;

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
pub(super) fn event(kind: Kind, fields: Fields) -> Result<Event, String> {
    let mut data = Data::new();
    let mut time = None;
    for (name, value) in fields {
        if value.is_null() || value == "" {
            continue;
        }
        match (kind, &*name, &value) {
            (_, "time", _) => {
                let at = parsed(&value)?;
                data.insert("timestamp".into(), plain_time(at).into());
                data.insert("time".into(), at.as_secs().into());
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
            (Kind::Failures, "type", _) => drop(data.insert("action".into(), value)),
            (Kind::Failures, "status", _) => drop(data.insert("extended".into(), value)),
            (Kind::Clicks, "url", _) => drop(data.insert("original".into(), value)),
            _ => drop(data.insert(name, value)),
        }
    }
    match data.get("id") {
        Some(Value::String(_) | Value::Number(_)) => Ok(Event { kind: kind.event(), time, data }),
        _ => Err("id: is missing: every record names its message".to_owned()),
    }
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
fn read_headers(text: &str, data: &mut Data) {
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let field = match name.trim().to_ascii_lowercase().as_str() {
            "user-agent" => "useragent",
            "referer" => "referer",
            _ => continue,
        };
        data.insert(field.into(), value.trim().into());
    }
}
