//! A test call: sent by hand, and rendered, signed and made like a real one, but that it says `postbode-test: true`.

use bytes::Bytes;
use call::{Credentials, Item, Parcel, Platform};
use domain::{Scope, Timestamp, Types, Verdict, Webhook, WebhookId, is_event_type};
use http::{HeaderMap, HeaderName, HeaderValue};
use outbound::{Exchange, Phases, PostRequest};
use wire::api::{NewTrial, TestEvent, Trial, TrialRequest, TrialResponse};
use wire::attempt::Durations;
use wire::{Delivery, Headers, names, text};

use super::conditions;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::chance;
use crate::words::{Language, Sentence, sentence};
use crate::world::{Console, World};

/// What tells a receiver that nothing happened.
const MARK: HeaderName = HeaderName::from_static("postbode-test");
/// Where the events of tests come from.
const SOURCE: &str = "/postbode/test";
/// What is shown in the place of a custom header's value.
const HIDDEN: &str = "(hidden)";

impl<W: World> Console<W> {
    /// Calls a webhook once, whatever its state and conditions. One whose URL is not verified is not called: then the
    /// answer shows the request that would be sent. It speaks the language of whoever asks.
    ///
    /// # Errors
    /// When the type or the data will not do, or no key opens the webhook's secrets.
    pub async fn try_webhook(
        &self,
        actor: &Actor,
        id: &WebhookId,
        new: NewTrial,
        language: Language,
    ) -> Result<Trial, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksWrite, id)?;
        let now = self.world.now();
        let event = event(&webhook, new, now)?;
        let verdict = conditions::judged(&webhook.types, &webhook.trigger, &event);
        let request = self.trial_request(&webhook, &event, now)?;
        let shown = shown_request(&webhook, &request);
        let verdict = conditions::told(verdict, &webhook.types, event, language);
        if webhook.verification.verified_at.is_none() {
            let detail = language.tell(&sentence!("trial-unsent"));
            let (sent, passed, outcome, response, duration) = (false, false, None, None, None);
            return Ok(Trial { sent, passed, detail, outcome, request: shown, response, duration, verdict });
        }
        let exchange = self.world.post(request).await;
        let passed = exchange.outcome.verdict() == Verdict::Delivered;
        self.telemetry.tried(passed);
        Ok(Trial {
            sent: true,
            passed,
            detail: language.tell(&(&exchange.outcome).into()),
            outcome: Some(exchange.outcome.class().to_owned()),
            request: shown,
            duration: Some(durations(&exchange.phases)),
            response: response(exchange),
            verdict,
        })
    }

    fn trial_request(
        &self,
        webhook: &Webhook,
        event: &TestEvent,
        now: Timestamp,
    ) -> Result<PostRequest, Refusal> {
        let (headers, data) = record(webhook, event, now);
        let delivery = Delivery::read(&headers)
            .map_err(|error| Refusal::field("type", sentence!("bad-header", name = error.0)))?;
        let credentials =
            Credentials::open(&self.keyring, webhook, self.ring.is_some()).map_err(|error| {
                tracing::error!(%error, "a webhook cannot be called");
                Refusal::Sealed
            })?;
        let items = [Item { delivery: &delivery, headers: &headers, data: &data }];
        let parcel = Parcel { items: &items, batch: None };
        let platform = Platform::of(self.ring.as_ref(), webhook);
        let mut request = call::request(now, webhook, &credentials, parcel, platform, &self.user_agent)
            .map_err(|why| Refusal::field("data", Sentence::verbatim(why)))?;
        request.headers.insert(MARK, HeaderValue::from_static("true"));
        Ok(request)
    }
}

/// The event as it is asked for, with what was left out.
fn event(webhook: &Webhook, new: NewTrial, now: Timestamp) -> Result<TestEvent, Refusal> {
    let first = || match &webhook.types {
        Types::Only(types) => types.iter().next().map(ToString::to_string),
        Types::All => None,
    };
    let kind = new.kind.or_else(first).unwrap_or_else(|| "delivery".to_owned());
    if !is_event_type(&kind) {
        return Err(Refusal::field("type", sentence!("type-syntax")));
    }
    let event = TestEvent { kind, data: new.data, source: Some(SOURCE.to_owned()), ..TestEvent::default() };
    Ok(conditions::complete(event, webhook.account.as_str(), now))
}

/// The record that fan-out would have written.
fn record(webhook: &Webhook, event: &TestEvent, now: Timestamp) -> (Headers, Bytes) {
    let id = chance::id("test", now, &mut super::chance);
    let mut headers = Headers::new();
    for (name, value) in [
        (names::CE_ID, id.clone()),
        (names::CE_SOURCE, SOURCE.to_owned()),
        (names::CE_TYPE, event.kind.clone()),
        (names::CE_ACCOUNT, webhook.account.to_string()),
        (names::CE_TIME, text::rfc3339(now)),
        (names::CE_SPECVERSION, "1.0".to_owned()),
        (names::CONTENT_TYPE, "application/json".to_owned()),
        (names::WEBHOOK, webhook.id.to_string()),
        (names::DELIVERY, id),
        (names::REGISTRY, "0".to_owned()),
    ] {
        headers.push(name, value);
    }
    (headers, serde_json::to_vec(&event.data).unwrap_or_default().into())
}

fn shown_request(webhook: &Webhook, request: &PostRequest) -> TrialRequest {
    let own =
        |name: &HeaderName| webhook.headers.iter().any(|it| it.name.eq_ignore_ascii_case(name.as_str()));
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| match own(name) {
        true => (name.to_string(), HIDDEN.to_owned()),
        false => (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()),
    });
    TrialRequest {
        method: "POST".to_owned(),
        url: request.url.to_string(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&request.body).into_owned(),
    }
}

fn response(exchange: Exchange) -> Option<TrialResponse> {
    let response = exchange.response?;
    Some(TrialResponse {
        status: response.status,
        headers: texts(&response.headers),
        body: String::from_utf8_lossy(&response.body).into_owned(),
    })
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
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
