//! Conditions, tried on an event: would it be sent?

use std::sync::Arc;

use domain::{Event, Scope, Timestamp, Trigger, Types, is_account_id, is_event_type};
use trigger::{Matcher, Occurrence, Verdict};
use wire::api::{FilterTest, FilterVerdict, TestEvent};
use wire::catalogue;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::fields::{self, Errors};
use crate::rules::judge::reason;
use crate::rules::trigger as conditions;
use crate::words::{Language, sentence};
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// Says whether a webhook with these conditions would get an event, and why not.
    ///
    /// # Errors
    /// Names each field that will not do.
    pub fn try_conditions(&self, actor: &Actor, test: FilterTest) -> Result<FilterVerdict, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let webhook = match &test.webhook {
            Some(id) => Some(self.webhook(actor, Scope::WebhooksRead, &id.as_str().into())?),
            None => None,
        };
        let (types, trigger) = webhook.map_or((Types::All, Trigger::default()), |webhook| {
            (webhook.types.clone(), webhook.trigger.clone())
        });
        let mut errors = Errors::default();
        let types = test.types.as_ref().map_or(types, |types| fields::types(types, &mut errors));
        conditions::check(&test.conditions(), &mut errors);
        if !is_event_type(&test.event.kind) {
            errors.add("event.type", sentence!("type-syntax"));
        }
        if test.event.account.as_deref().is_some_and(|account| !is_account_id(account)) {
            errors.add("event.account", sentence!("account-impossible"));
        }
        errors.finish()?;
        let trigger = conditions::over(&trigger, &test.conditions());
        let own = actor.key().account.as_ref().map_or("example", |account| account.as_str());
        let event = complete(test.event, own, self.world.now());
        let verdict = judged(&types, &trigger, &event);
        Ok(told(verdict, &types, event, Language::English))
    }
}

/// The event as it would be, with what was left out.
pub(super) fn complete(event: TestEvent, account: &str, now: Timestamp) -> TestEvent {
    let sample = || serde_json::from_str(&catalogue::sample(&event.kind, 0)).unwrap_or_default();
    TestEvent {
        data: Some(event.data.unwrap_or_else(sample)),
        source: Some(event.source.unwrap_or_else(|| "/".to_owned())),
        time: Some(event.time.unwrap_or(now)),
        account: Some(event.account.unwrap_or_else(|| account.to_owned())),
        kind: event.kind,
    }
}

/// What fan-out would say; none if the type is not wanted.
pub(super) fn judged(types: &Types, trigger: &Trigger, event: &TestEvent) -> Option<Verdict> {
    let text = |text: &Option<String>| Arc::<str>::from(text.as_deref().unwrap_or_default());
    let envelope = Event {
        id: "test".into(),
        source: domain::EventSource::new(text(&event.source)),
        kind: event.kind.as_str().into(),
        account: domain::AccountId::new(text(&event.account)),
    };
    let data = serde_json::to_vec(&event.data).unwrap_or_default();
    let occurrence = Occurrence { event: &envelope, time: event.time, data: &data };
    types.contains(&envelope.kind).then(|| Matcher::default().on(occurrence).judge(trigger))
}

/// For somebody who reads this language.
pub(super) fn told(
    verdict: Option<Verdict>,
    types: &Types,
    event: TestEvent,
    language: Language,
) -> FilterVerdict {
    let matches = verdict == Some(Verdict::Match);
    let reason = reason(verdict.as_ref());
    let detail = match verdict {
        None => sentence!("verdict-type", kind = event.kind.as_str(), types = listed(types)),
        Some(Verdict::Match) => sentence!("verdict-match"),
        Some(Verdict::Mismatch(mismatch)) => mismatch.into(),
        Some(Verdict::Failure(why)) => sentence!("verdict-failed", why = why),
    };
    FilterVerdict { matches, reason: reason.to_owned(), detail: language.tell(&detail), event }
}

fn listed(types: &Types) -> String {
    match types {
        Types::All => "*".to_owned(),
        Types::Only(kinds) => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "),
    }
}
