//! An event as the call that a webhook would get: rendered, named and signed. Pure.

use bytes::Bytes;
use domain::{DeliveryId, Event, Format, Offset, Partition, Progress, SigningSecret, Timestamp, WebhookId};
use http::header::{self, HeaderMap, HeaderValue};
use wire::{Delivery, Headers, Record, event, format, names};

/// The call.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// An event that was pulled.
pub(super) struct Pulled {
    pub(super) event: Event,
    headers: Headers,
    data: Bytes,
}

const AGENT: &str = concat!("postbode-listen/", env!("CARGO_PKG_VERSION"));

impl Pulled {
    /// Reads a CloudEvent in JSON, as it lay on the topic: its data's own bytes are kept.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(cloud_event: &str) -> Result<Self, String> {
        let content_type = (names::CONTENT_TYPE.into(), Bytes::from_static(b"application/cloudevents+json"));
        let record = Record {
            topic: "stream".into(),
            partition: Partition(0),
            offset: Offset(0),
            timestamp: Timestamp::from_millis(0),
            key: None,
            value: Some(cloud_event.to_owned().into()),
            headers: [content_type].into_iter().collect(),
        };
        let decoded = event::decode(&record, usize::MAX).map_err(|reject| reject.message)?;
        Ok(Self { event: decoded.event, headers: decoded.headers, data: decoded.data })
    }

    /// The `webhook-id` of the call: the same whenever the event is pulled.
    pub(super) fn id(&self) -> DeliveryId {
        self.event.delivery_to(&WebhookId::from("listen"))
    }

    /// The data's JSON.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// When it happened.
    pub(super) fn time(&self) -> &str {
        self.headers.text(names::CE_TIME).unwrap_or_default()
    }

    /// Renders and signs, with every secret.
    ///
    /// # Errors
    /// When the format has no way to say it.
    pub(super) fn parcel(
        &self,
        format: Format,
        secrets: &[SigningSecret],
        now: Timestamp,
    ) -> Result<Parcel, String> {
        let delivery = Delivery {
            event: self.event.clone(),
            time: self.headers.text(names::CE_TIME).map(str::to_owned),
            origin: None,
            webhook: "listen".into(),
            id: self.id(),
            registry: Offset(0),
            progress: Progress::default(),
            backfill: None,
        };
        let body = format::render(format, &delivery, &self.headers, &self.data);
        let body = body.map_err(|error| format!("the event cannot be rendered: {error}"))?;
        let signatures = secrets.iter().map(|secret| secret.sign(&delivery.id, now.as_secs(), &body.bytes));
        let signature = signatures.collect::<Vec<_>>().join(" ");
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(body.content_type));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert("webhook-timestamp", HeaderValue::from(now.as_secs()));
        for (name, value) in [("webhook-id", delivery.id.as_str()), ("webhook-signature", &signature)] {
            headers.insert(name, HeaderValue::from_str(value).map_err(|error| error.to_string())?);
        }
        Ok(Parcel { headers, body: body.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::verifier::Verifier;
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"e1","source":"/s","type":"click","account":"acme",
        "time":"2024-01-31T12:00:00Z","datacontenttype":"application/json","data":{"id":"m", "n": 1.50}}"#;
    const NOW: Timestamp = Timestamp::from_millis(1_706_702_400_000);

    #[test]
    fn a_pulled_event_is_rendered_in_every_format_and_its_signature_is_good() {
        let secrets = [[1; 32], [2; 32]].map(|key| SigningSecret::encode(&key));
        let signing = secrets.each_ref().map(|secret| SigningSecret::parse(secret).unwrap());
        let pulled = Pulled::read(EVENT).unwrap();
        for (format, expected) in [
            (Format::Json, r#"{"type":"click","id":"m","n":1.50}"#),
            (Format::Form, "type=click&id=m&n=1.50"),
            (
                Format::Standard,
                r#"{"type":"click","timestamp":"2024-01-31T12:00:00Z","data":{"id":"m", "n": 1.50}}"#,
            ),
        ] {
            let parcel = pulled.parcel(format, &signing, NOW).unwrap();
            assert_eq!(parcel.body, expected);
            assert_eq!(parcel.headers["webhook-id"], pulled.id().as_str());
            for secret in &secrets {
                let verifier = Verifier::new([secret.as_str()]).unwrap();
                assert_eq!(verifier.check(&parcel.headers, &parcel.body, NOW.as_secs()), Ok(()));
            }
        }
        let again = pulled.parcel(Format::CloudEvents, &signing, NOW).unwrap();
        assert_eq!(again.headers["content-type"], "application/cloudevents+json");
        assert_eq!(Pulled::read(std::str::from_utf8(&again.body).unwrap()).unwrap().event, pulled.event);
    }

    #[test]
    fn what_is_no_event_is_said_so() {
        assert!(Pulled::read("{}").is_err_and(|why| why.contains("data is missing")));
    }
}
