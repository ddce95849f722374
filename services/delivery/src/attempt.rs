//! One attempt: made, and told.

use std::borrow::Cow;
use std::sync::Arc;

use call::{Credentials, Parcel, Platform};
use domain::{Clock, DeliveryId, Fate, KeepDetails, Outcome, RecordPlace, Standing, Timestamp, Verdict};
use http::{HeaderMap, HeaderValue};
use httpsig::Ring;
use outbound::{Exchange, Outbound, Phases};
use tracing::Instrument;
use wire::attempt::{Attempt, Durations, Member};
use wire::text;

use crate::held::{Held, Payload};
use crate::history::History;
use crate::spans;

/// What every attempt needs.
pub(crate) struct Attempts {
    pub(crate) outbound: Outbound,
    pub(crate) clock: Arc<dyn Clock>,
    /// The platform's own keys, for webhooks that ask for its signature.
    pub(crate) ring: Option<Ring>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) history: History,
}

/// An attempt that ended.
pub(crate) struct Done {
    pub(crate) members: Vec<(RecordPlace, Payload)>,
    pub(crate) batch: Option<DeliveryId>,
    pub(crate) standing: Standing,
    /// What its account wants to be kept of attempts.
    pub(crate) keep: KeepDetails,
    pub(crate) number: u32,
    pub(crate) began: Timestamp,
    pub(crate) sent: HeaderMap,
    pub(crate) exchange: Exchange,
}

/// An attempt to be made.
pub(crate) struct Call {
    pub(crate) members: Vec<(RecordPlace, Payload)>,
    pub(crate) batch: Option<DeliveryId>,
    pub(crate) standing: Standing,
    /// What its account wants to be kept of attempts.
    pub(crate) keep: KeepDetails,
    pub(crate) number: u32,
    pub(crate) credentials: Arc<Credentials>,
}

impl Attempts {
    /// Makes one attempt. Never fails: whatever happens is an outcome.
    pub(crate) async fn make(&self, call: Call) -> Done {
        let Call { members, batch, standing, keep, number, credentials } = call;
        let exchange = self.exchange(&standing, &members, batch.as_ref(), &credentials);
        let (began, sent, exchange) = match process::trace::is_exported() {
            true => {
                let span = spans::post(&standing, number, &members, &credentials);
                let made = exchange.instrument(span.clone()).await;
                spans::ended(&span, &made.2.outcome);
                made
            }
            false => exchange.await,
        };
        let mut done = Done { members, batch, standing, keep, number, began, sent, exchange };
        // What does not depend on a decision costs no time of the one thread that decides.
        if done.is_delivered() {
            if let Some(attempt) = done.record(Fate::Delivered, began) {
                self.history.write(&attempt);
            }
            done.sent = HeaderMap::new();
            done.exchange.response = None;
        }
        done
    }

    async fn exchange(
        &self,
        standing: &Standing,
        members: &[(RecordPlace, Payload)],
        batch: Option<&DeliveryId>,
        credentials: &Credentials,
    ) -> (Timestamp, HeaderMap, Exchange) {
        let (now, webhook) = (self.clock.now(), &standing.webhook);
        let items: Result<Vec<_>, String> = members.iter().map(|(_, held)| held.item()).collect();
        let platform = Platform::of(self.ring.as_ref(), webhook);
        let request = items.and_then(|items| {
            let parcel = Parcel { items: &items, batch };
            call::request(now, webhook, credentials, parcel, platform, &self.user_agent)
        });
        match request {
            Ok(request) => (now, request.headers.clone(), self.outbound.post(request).await),
            Err(why) => (now, HeaderMap::new(), unsent(Outcome::ProtocolFailed(why))),
        }
    }
}

/// An exchange that did not take place.
pub(crate) fn unsent(outcome: Outcome) -> Exchange {
    Exchange { outcome, phases: Phases::default(), response: None, connection_reused: None }
}

impl Done {
    pub(crate) fn is_delivered(&self) -> bool {
        self.exchange.outcome.verdict() == Verdict::Delivered
    }

    /// The record for the history; none if the record was no delivery.
    pub(crate) fn record(&self, fate: Fate, now: Timestamp) -> Option<Attempt<'_>> {
        let (_, head) = self.members.first()?;
        let delivery = head.delivery.as_ref().ok()?;
        let kept = self.keep.of(self.is_delivered());
        let member = |held| {
            let member = member(held)?;
            Some(if kept { member } else { Member { recipient: None, ..member } })
        };
        let mut first = member(head)?;
        let mut members = Vec::new();
        if let Some(batch) = &self.batch {
            first.delivery = batch.as_str().into();
            members = self.members.iter().filter_map(|(_, held)| member(held)).collect();
        }
        let outcome = &self.exchange.outcome;
        let next_due = match fate {
            Fate::Retried(tier) => Some(text::rfc3339(now + tier.delay())),
            Fate::Delivered | Fate::Died(_) | Fate::Stale => None,
        };
        let response = self.exchange.response.as_ref().filter(|_| kept);
        Some(Attempt {
            v: 1,
            webhook: delivery.webhook.as_str().into(),
            account: delivery.event.account.as_str().into(),
            first,
            number: self.number,
            started_at: text::rfc3339(self.began),
            duration: durations(&self.exchange.phases),
            url: Cow::Borrowed(&self.standing.webhook.url),
            request_headers: if kept { self.shown_headers() } else { Vec::new() },
            outcome: outcome.class().into(),
            status: outcome.status(),
            error: (!self.is_delivered()).then(|| outcome.explain()),
            response_headers: response.map(|response| shown(&response.headers, |_| true)).unwrap_or_default(),
            response_body: response.map(|response| String::from_utf8_lossy(&response.body)),
            next_due,
            trace: head.trace().map(Cow::Borrowed),
            test: false,
            members,
        })
    }

    /// What was sent, without the customer's own headers: they carry passwords.
    fn shown_headers(&self) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
        let own = &self.standing.webhook.headers;
        shown(&self.sent, |name| !own.iter().any(|header| header.name.eq_ignore_ascii_case(name)))
    }
}

fn member(held: &Held) -> Option<Member<'_>> {
    let delivery = held.delivery.as_ref().ok()?;
    let Searchable { message, recipient } = Searchable::of(held);
    Some(Member {
        delivery: delivery.id.as_str().into(),
        event: delivery.event.id.as_str().into(),
        kind: delivery.event.kind.as_str().into(),
        message,
        recipient,
        origin: delivery.origin.map(|origin| origin.to_string()),
        backfill: delivery.backfill.as_deref().map(Cow::Borrowed),
        replays: delivery.progress.replays,
    })
}

fn shown(headers: &HeaderMap, show: impl Fn(&str) -> bool) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    let shown = headers.iter().filter(|(name, _)| show(name.as_str()));
    shown.map(|(name, value)| (name.as_str().into(), String::from_utf8_lossy(value.as_bytes()))).collect()
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
struct Searchable<'a> {
    #[serde(rename = "id", default, borrow, deserialize_with = "text_only")]
    message: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "text_only")]
    recipient: Option<Cow<'a, str>>,
}

impl<'a> Searchable<'a> {
    fn of(held: &'a Held) -> Self {
        held.record.value.as_ref().and_then(|data| serde_json::from_slice(data).ok()).unwrap_or_default()
    }
}

/// Events of types unknown to us may use these names for anything.
fn text_only<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    use serde::Deserialize;
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let value = <&serde_json::value::RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(value.get()).ok().map(|Text(text)| text))
}
