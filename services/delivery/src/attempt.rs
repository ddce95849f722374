//! One attempt: made, and told.

use std::sync::Arc;

use domain::{Clock, DeliveryId, Fate, Outcome, RecordPlace, Standing, Timestamp, Verdict};
use http::{HeaderMap, HeaderValue};
use outbound::{Exchange, Outbound, Phases};
use tracing::Instrument;
use wire::attempt::{Attempt, Durations, Member};
use wire::text;

use crate::bodies::{self, Parcel};
use crate::credentials::Credentials;
use crate::held::{Held, Payload};

/// What every attempt needs.
pub(crate) struct Attempts {
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: HeaderValue,
}

/// An attempt that ended.
pub(crate) struct Done {
    pub(crate) members: Vec<(RecordPlace, Payload)>,
    pub(crate) batch: Option<DeliveryId>,
    pub(crate) standing: Standing,
    pub(crate) number: u32,
    pub(crate) began: Timestamp,
    pub(crate) sent: HeaderMap,
    pub(crate) exchange: Exchange,
    /// The record for the history, where it depends on nothing that is decided later.
    pub(crate) written: Option<Vec<u8>>,
}

/// An attempt to be made.
pub(crate) struct Call {
    pub(crate) members: Vec<(RecordPlace, Payload)>,
    pub(crate) batch: Option<DeliveryId>,
    pub(crate) standing: Standing,
    pub(crate) number: u32,
    pub(crate) credentials: Arc<Credentials>,
}

impl Attempts {
    /// Makes one attempt. Never fails: whatever happens is an outcome.
    pub(crate) async fn make(&self, call: Call) -> Done {
        let Call { members, batch, standing, number, credentials } = call;
        let parcel = Parcel { members: &members, batch: batch.as_ref() };
        let exchange = self.exchange(&standing, &parcel, &credentials);
        let (began, sent, exchange) = match process::trace::is_exported() {
            true => exchange.instrument(span(&standing, number, &members)).await,
            false => exchange.await,
        };
        let mut done = Done { members, batch, standing, number, began, sent, exchange, written: None };
        // Here it costs no time of the one thread that decides.
        if done.exchange.outcome.verdict() == Verdict::Delivered {
            done.written = done.record(Fate::Delivered, began).and_then(|it| serde_json::to_vec(&it).ok());
        }
        done
    }

    async fn exchange(
        &self,
        standing: &Standing,
        parcel: &Parcel<'_>,
        credentials: &Credentials,
    ) -> (Timestamp, HeaderMap, Exchange) {
        let now = self.clock.now();
        match bodies::request(now, &standing.webhook, credentials, parcel, &self.user_agent) {
            Ok(request) => (now, request.headers.clone(), self.outbound.post(request).await),
            Err(why) => (now, HeaderMap::new(), unsent(Outcome::ProtocolFailed(why))),
        }
    }
}

fn span(standing: &Standing, number: u32, members: &[(RecordPlace, Payload)]) -> tracing::Span {
    let span = tracing::info_span!(
        "deliver",
        otel.kind = "client",
        webhook.id = %standing.webhook.id,
        delivery.attempt = number,
    );
    if let Some((_, first)) = members.first() {
        process::trace::continue_from(&span, &first.record.headers);
    }
    span
}

/// An exchange that did not take place.
pub(crate) fn unsent(outcome: Outcome) -> Exchange {
    Exchange { outcome, phases: Phases::default(), response: None, connection_reused: None }
}

impl Done {
    /// The record for the history; none if the record was no delivery.
    pub(crate) fn record(&self, fate: Fate, now: Timestamp) -> Option<Attempt> {
        let (_, first) = self.members.first()?;
        let delivery = first.delivery.as_ref().ok()?;
        let outcome = &self.exchange.outcome;
        let Member { event, kind, message, recipient, origin, .. } = member(first)?;
        let id = self.batch.as_ref().unwrap_or(&delivery.id);
        let members = self.batch.iter().flat_map(|_| &self.members);
        let next_due = match fate {
            Fate::Retried(tier) => Some(text::rfc3339(now + tier.delay())),
            Fate::Delivered | Fate::Died(_) | Fate::Stale => None,
        };
        let response = self.exchange.response.as_ref();
        Some(Attempt {
            v: 1,
            delivery: id.to_string(),
            webhook: delivery.webhook.to_string(),
            account: delivery.event.account.to_string(),
            event,
            kind,
            message,
            recipient,
            origin,
            number: self.number,
            started_at: text::rfc3339(self.began),
            duration: durations(&self.exchange.phases),
            url: self.standing.webhook.url.to_string(),
            request_headers: self.shown_headers(),
            outcome: outcome.class().to_owned(),
            status: outcome.status(),
            error: (outcome.verdict() != Verdict::Delivered).then(|| outcome.explain()),
            response_headers: response.map(|response| shown(&response.headers, |_| true)).unwrap_or_default(),
            response_body: response.map(|response| String::from_utf8_lossy(&response.body).into_owned()),
            next_due,
            trace: trace_of(first),
            members: members.filter_map(|(_, held)| member(held)).collect(),
        })
    }

    /// What was sent, without the customer's own headers: they carry passwords.
    fn shown_headers(&self) -> Vec<(String, String)> {
        let own = &self.standing.webhook.headers;
        shown(&self.sent, |name| !own.iter().any(|header| header.name.eq_ignore_ascii_case(name)))
    }
}

fn member(held: &Held) -> Option<Member> {
    let delivery = held.delivery.as_ref().ok()?;
    let Searchable { message, recipient } = Searchable::of(held);
    Some(Member {
        delivery: delivery.id.to_string(),
        event: delivery.event.id.to_string(),
        kind: delivery.event.kind.to_string(),
        message,
        recipient,
        origin: delivery.origin.map(|origin| origin.to_string()),
    })
}

fn shown(headers: &HeaderMap, show: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let shown = headers.iter().filter(|(name, _)| show(name.as_str()));
    shown
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

fn durations(phases: &Phases) -> Durations {
    let millis = |length: std::time::Duration| (length.as_secs_f64() * 1e6).round() / 1e3;
    Durations {
        total_ms: millis(phases.total),
        dns_ms: phases.dns.map(millis),
        connect_ms: phases.connect.map(millis),
        first_byte_ms: phases.first_byte.map(millis),
    }
}

/// What people search the history by.
#[derive(Default, serde::Deserialize)]
struct Searchable {
    #[serde(rename = "id", default, deserialize_with = "text_only")]
    message: Option<String>,
    #[serde(default, deserialize_with = "text_only")]
    recipient: Option<String>,
}

impl Searchable {
    fn of(held: &Held) -> Self {
        held.record.value.as_ref().and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
    }
}

/// Events of types unknown to us may use these names for anything.
fn text_only<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde::Deserialize;
    let value = <&serde_json::value::RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(value.get()).ok())
}

fn trace_of(held: &Held) -> Option<String> {
    held.record.headers.text(wire::names::TRACEPARENT)?.split('-').nth(1).map(str::to_owned)
}
