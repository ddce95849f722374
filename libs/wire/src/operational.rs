//! Events about Postbode's own doings: they enter the `events` topic like any other, for the account that they concern.

use std::sync::Arc;

use domain::{DisabledReason, Health, Timestamp, Webhook};
use serde_json::json;

use crate::{Headers, OutRecord, names, text};

/// Types that begin with this are Postbode's own: nobody else may send them.
pub const PREFIX: &str = "postbode.";
/// A webhook was disabled, and why.
pub const WEBHOOK_DISABLED: &str = "postbode.webhook.disabled";

/// The event that tells an account that one of its webhooks was disabled. However often it is found out about one
/// revision, it is one event: receivers drop the doubles by its id.
pub fn webhook_disabled(
    events: &Arc<str>,
    webhook: &Webhook,
    health: &Health,
    reason: DisabledReason,
    now: Timestamp,
) -> OutRecord {
    let data = json!({
        "webhook": webhook.id.as_str(),
        "name": webhook.name,
        "url": &*webhook.url,
        "reason": reason.name(),
        "failing_since": health.failing_since.map(text::rfc3339),
        "revision": health.revision.0,
    });
    let mut headers = Headers::with_capacity(7);
    headers.push(names::CE_SPECVERSION, "1.0");
    headers.push(names::CE_ID, format!("{}-{}-disabled", webhook.id, health.revision.0));
    headers.push(names::CE_SOURCE, "/postbode/webhooks");
    headers.push(names::CE_TYPE, WEBHOOK_DISABLED);
    headers.push(names::CE_TIME, text::rfc3339(now));
    headers.push(names::CE_ACCOUNT, webhook.account.as_str().to_owned());
    headers.push(names::CONTENT_TYPE, "application/json");
    OutRecord {
        topic: Arc::clone(events),
        key: Some(webhook.id.as_str().to_owned().into()),
        value: Some(data.to_string().into()),
        headers,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Offset, Partition, Revision};

    use super::*;
    use crate::{Record, catalogue, event};

    #[test]
    fn a_disabled_webhook_is_an_event_of_its_account_that_anyone_can_read() {
        let webhook = domain::fixtures::webhook("wh_1", "acme", &["click"]);
        let since = Some(Timestamp::from_millis(0));
        let reason = DisabledReason::Failing;
        let health = Health {
            webhook: "wh_1".into(),
            revision: Revision(3),
            failing_since: since,
            disabled: Some(reason),
        };
        let out =
            webhook_disabled(&"events".into(), &webhook, &health, reason, Timestamp::from_millis(5_000));
        let record = Record {
            topic: Arc::clone(&out.topic),
            partition: Partition(0),
            offset: Offset(0),
            timestamp: Timestamp::from_millis(0),
            key: out.key,
            value: out.value,
            headers: out.headers,
        };
        let read = event::decode(&record, 1024).unwrap();
        assert_eq!(read.event.kind.as_str(), WEBHOOK_DISABLED);
        assert_eq!((read.event.account.as_str(), read.event.id.as_str()), ("acme", "wh_1-3-disabled"));
        let data: serde_json::Value = serde_json::from_slice(&read.data).unwrap();
        assert_eq!(data["reason"], "failing");
        assert_eq!(catalogue::validate(WEBHOOK_DISABLED, &data), []);
    }
}
