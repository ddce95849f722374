//! The record of an event on `events`: CloudEvents' Kafka binding, binary mode (DESIGN.md §3).

use std::sync::Arc;

use bytes::Bytes;
use wire::{Headers, OutRecord, names};

use crate::validate::Checked;

/// The record, with this trace context.
pub fn of(event: &Checked, topic: &Arc<str>, trace: &Headers) -> OutRecord {
    let mut headers = Headers::with_capacity(7 + event.extensions.len() + trace.len());
    headers.push(names::CONTENT_TYPE, "application/json");
    headers.push(names::CE_SPECVERSION, "1.0");
    headers.push(names::CE_ID, text(event.event.id.as_str()));
    headers.push(names::CE_SOURCE, text(event.event.source.as_str()));
    headers.push(names::CE_TYPE, text(event.event.kind.as_str()));
    headers.push(names::CE_TIME, text(&event.time));
    headers.push(names::CE_ACCOUNT, text(event.event.account.as_str()));
    for (name, value) in &event.extensions {
        headers.push(format!("{}{name}", names::CE_PREFIX), text(value));
    }
    for (name, value) in trace.iter() {
        headers.push(name.to_owned(), value.clone());
    }
    OutRecord { topic: topic.clone(), key: Some(text(&event.key)), value: Some(event.data.clone()), headers }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{Event, Offset, Partition, Timestamp};

    use super::*;

    #[test]
    fn what_is_written_is_understood_downstream() {
        let event =
            Event { id: "e1".into(), source: "/smtp".into(), kind: "click".into(), account: "acme".into() };
        let checked = Checked {
            event: event.clone(),
            time: "2024-01-31T12:00:00Z".to_owned(),
            extensions: BTreeMap::from([("subject".to_owned(), "s".to_owned())]),
            key: "m1".to_owned(),
            data: Bytes::from_static(b"{ \"a\": 1.0 }"),
        };
        let mut trace = Headers::new();
        trace.push("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let OutRecord { topic, key, value, headers } = of(&checked, &"postbode.events".into(), &trace);
        assert_eq!(key.as_deref(), Some(&b"m1"[..]));
        let (partition, offset, timestamp) = (Partition(0), Offset(0), Timestamp::from_millis(0));
        let record = wire::Record { topic, partition, offset, timestamp, key, value, headers };
        let decoded = wire::event::decode(&record, 1000).unwrap();
        assert_eq!((decoded.event, decoded.data), (event, checked.data));
        assert_eq!(decoded.headers.text("ce_subject"), Some("s"));
        assert_eq!(decoded.headers.text("ce_time"), Some("2024-01-31T12:00:00Z"));
        assert_eq!(decoded.headers.get("traceparent"), trace.get("traceparent"));
    }
}
