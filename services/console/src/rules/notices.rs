//! What an account has to be told of its webhooks. Pure.

use std::time::Duration;

use domain::{AccountId, Contact, DisabledReason, Registry, Revision, State, Timestamp, WebhookId};

/// Something that an account's contact has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whom to tell.
    pub contact: Contact,
    /// Whose the webhook is.
    pub account: AccountId,
    /// The webhook.
    pub webhook: WebhookId,
    /// What people call it.
    pub name: String,
    /// What happened to it.
    pub what: What,
}

/// What happened to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Its endpoint does nothing but fail, since then.
    Failing(Timestamp),
    /// It gets no calls any more.
    Disabled(Revision, DisabledReason),
}

impl What {
    /// What tells it from everything else that may happen to the webhook.
    pub fn mark(&self) -> String {
        match self {
            Self::Failing(since) => format!("failing:{}", since.as_millis()),
            Self::Disabled(revision, reason) => format!("disabled:{}:{}", revision.0, reason.name()),
        }
    }
}

/// What there is to tell now: of webhooks that were disabled, and of those whose endpoints have failed for so long.
pub fn due(registry: &Registry, now: Timestamp, sustained: Duration) -> Vec<Notice> {
    let notice = |it: &domain::Standing| {
        let contact = registry.account(&it.webhook.account)?.contact.clone()?;
        let what = match &it.webhook.state {
            State::Disabled(reason) => What::Disabled(it.webhook.revision, *reason),
            State::Active => What::Failing(it.failing_since.filter(|since| now.since(*since) >= sustained)?),
            State::Unverified | State::Paused => return None,
        };
        let (account, webhook) = (it.webhook.account.clone(), it.webhook.id.clone());
        Some(Notice { contact, account, webhook, name: it.webhook.name.clone(), what })
    };
    registry.webhooks().filter_map(notice).collect()
}

#[cfg(test)]
mod tests {
    use domain::{Account, Change, Health};

    use super::*;
    use crate::testing::*;

    const TEN: Duration = Duration::from_secs(600);

    fn due_of(health: Option<(Timestamp, Option<DisabledReason>)>, state: State) -> Vec<What> {
        let contact = Contact { email: "ops@acme.example".into(), language: "nl".into() };
        let mut registry = registry();
        apply(&mut registry, Change::Account(Account { contact: Some(contact), ..account("acme") }));
        apply(&mut registry, Change::Webhook(webhook("wh_a", "acme", state).into()));
        apply(&mut registry, Change::Webhook(webhook("wh_b", "bolt", State::Active).into()));
        for id in ["wh_a", "wh_b"] {
            if let Some((since, disabled)) = health {
                let health = Health {
                    webhook: id.into(),
                    revision: Revision(1),
                    failing_since: Some(since),
                    disabled,
                };
                apply(&mut registry, Change::Health(health));
            }
        }
        due(&registry, NOW, TEN).into_iter().map(|notice| notice.what).collect()
    }

    #[test]
    fn a_failure_is_told_once_it_has_lasted_and_only_to_accounts_with_a_contact() {
        let (long, short) = (NOW - TEN, NOW - TEN / 2);
        assert_eq!(due_of(Some((long, None)), State::Active), [What::Failing(long)]);
        assert_eq!(due_of(Some((short, None)), State::Active), []);
        assert_eq!(due_of(Some((long, None)), State::Paused), [], "its owner knows");
        assert_eq!(due_of(None, State::Active), []);
    }

    #[test]
    fn a_webhook_that_was_disabled_is_told_at_once_and_is_another_thing_than_its_failing() {
        let told = due_of(Some((NOW, Some(DisabledReason::Gone))), State::Active);
        assert_eq!(told, [What::Disabled(Revision(1), DisabledReason::Gone)]);
        assert_eq!(told[0].mark(), "disabled:1:gone");
        assert_ne!(What::Failing(NOW).mark(), What::Failing(NOW - TEN).mark());
    }
}
