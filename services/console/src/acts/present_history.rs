//! What the history holds, as answers show it.

use std::time::Duration;

use domain::Timestamp;
use history::deliveries::Kept;
use history::hours::{self, Course, HOUR};
use history::{Text, dead_letters, entry};
use wire::api;
use wire::attempt::Attempt;

pub(crate) fn delivery(delivery: history::Delivery) -> api::Delivery {
    let history::Delivery { account, webhook, member, test, first_at, latest } = delivery;
    api::Delivery {
        id: member.delivery.to_string(),
        account: account.to_string(),
        webhook: webhook.to_string(),
        event: member.event.to_string(),
        kind: member.kind.to_string(),
        message: text(member.message),
        recipient: text(member.recipient),
        state: latest.state.as_str().to_owned(),
        attempts: latest.attempts,
        replays: member.replays,
        test,
        first_at,
        last_at: latest.at,
        status: latest.status,
        outcome: text(latest.outcome),
        next_due: latest.next_due,
    }
}

/// One attempt; none if its record is a later version's.
pub(crate) fn attempt(kept: &Kept, delivery: &Text) -> Option<api::Try> {
    let read: Attempt<'_> = serde_json::from_str(&kept.record).ok()?;
    let owned = |headers: Vec<(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)>| {
        headers.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    };
    Some(api::Try {
        number: read.number,
        batch: (*delivery != *kept.name).then(|| kept.name.clone()),
        started_at: read.started_at,
        duration: read.duration,
        url: read.url.into_owned(),
        request_headers: owned(read.request_headers),
        outcome: read.outcome.into_owned(),
        status: read.status,
        error: read.error,
        response_headers: owned(read.response_headers),
        response_body: read.response_body.map(std::borrow::Cow::into_owned),
        next_due: read.next_due,
        trace: read.trace.map(std::borrow::Cow::into_owned),
    })
}

pub(crate) fn dead_letter(
    (letter, disposition): (entry::DeadLetter, Option<entry::Disposition>),
) -> api::DeadLetter {
    api::DeadLetter {
        id: letter.place.to_string(),
        account: text(letter.account),
        webhook: text(letter.webhook),
        delivery: text(letter.delivery.map(|member| member.delivery)),
        event: text(letter.event),
        kind: text(letter.kind),
        reason: letter.reason.name().to_owned(),
        explanation: letter.explanation.to_string(),
        attempts: letter.attempts,
        status: letter.status,
        error: text(letter.error),
        died_at: letter.died_at,
        disposition: disposition.map(|it| api::Disposition {
            what: it.what.to_string(),
            by: it.by.to_string(),
            at: it.at,
            note: text(it.note),
        }),
    }
}

pub(crate) fn count(count: dead_letters::LetterCount) -> api::DeadLetterCount {
    api::DeadLetterCount {
        webhook: text(count.webhook),
        reason: count.reason.to_string(),
        open: count.open,
        replayed: count.replayed,
        discarded: count.discarded,
    }
}

/// So many hours up to now; those without an attempt too.
pub(crate) fn statistics(webhook: String, now: Timestamp, hours: u32, did: &Course) -> api::Statistics {
    let hour = |begins_at| {
        let tally = did.hours.get(&begins_at).map(told).unwrap_or_default();
        api::Hour { begins_at, tally }
    };
    let all = (0..hours).rev().map(|back| hour(hour_before(now, back))).collect();
    api::Statistics { webhook, hours: all, total: told(&did.total) }
}

/// The beginning of the hour that was so many hours ago.
pub(crate) fn hour_before(now: Timestamp, hours: u32) -> Timestamp {
    let hour = Timestamp::from_millis(now.as_millis().div_euclid(HOUR) * HOUR);
    hour - Duration::from_secs(3600) * hours
}

fn told(tally: &hours::Tally) -> api::Tally {
    let percentile = |part| tally.percentile(part).map(|ms| (ms * 10.0).round() / 10.0);
    api::Tally {
        attempts: tally.attempts(),
        successes: tally.successes,
        failures: tally.failures,
        p50_ms: percentile(0.5),
        p95_ms: percentile(0.95),
        p99_ms: percentile(0.99),
    }
}

fn text(text: Option<Text>) -> Option<String> {
    text.map(|text| text.to_string())
}
