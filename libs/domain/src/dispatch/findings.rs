//! What is found out about endpoints, and what the registry is told of it.
//!
//! A webhook's health record says since when there were nothing but failures. It is what the breaker's next owner begins
//! with, what people see, and what disables a webhook in the end. It is about one revision: a person's change voids it.

use super::{Command, Dispatcher, View};
use crate::{DisabledReason, Health, Revision, Standing, State, Timestamp, Tripped, WebhookId};

/// What was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing but failures since then.
    Failing(Timestamp),
    /// It takes calls again.
    Well,
    /// It answered 410 to a call of this revision.
    Gone(Revision),
}

impl<P: Clone> Dispatcher<P> {
    /// The endpoint of a webhook is gone for good, as of the revision that was called.
    pub fn handle_gone(&mut self, standing: &Standing) {
        self.findings.push_back((standing.webhook.id.clone(), Finding::Gone(standing.webhook.revision)));
    }

    /// What to write down, if a finding is news to the registry.
    pub(super) fn report(&mut self, now: Timestamp, view: View<'_>) -> Option<Command<P>> {
        while view.fresh
            && let Some((id, finding)) = self.findings.pop_front()
        {
            let Some(standing) = view.registry.webhook(&id) else { continue };
            if standing.webhook.state != State::Active {
                continue;
            }
            let known = standing.failing_since;
            let (revision, failing_since, disabled) = match (finding, known) {
                (Finding::Gone(revision), _) => (revision, known, Some(DisabledReason::Gone)),
                (Finding::Failing(_), Some(since)) if now.since(since) >= self.settings.give_up => {
                    (standing.webhook.revision, known, Some(DisabledReason::Failing))
                }
                (Finding::Failing(since), None) => (standing.webhook.revision, Some(since), None),
                (Finding::Well, Some(_)) => (standing.webhook.revision, None, None),
                (Finding::Failing(_), Some(_)) | (Finding::Well, None) => continue,
            };
            let health = Health { webhook: id.clone(), revision, failing_since, disabled };
            // The registry's view may not show yet what was just told.
            if self.told.insert(id, health.clone()).is_some_and(|told| told == health) {
                continue;
            }
            return Some(Command::Health { health, standing: standing.clone() });
        }
        None
    }

    /// Notes what a call's end made of a breaker.
    pub(super) fn note_tripped(&mut self, webhook: WebhookId, tripped: Tripped) {
        match tripped {
            Tripped::Failing(since) => self.findings.push_back((webhook, Finding::Failing(since))),
            Tripped::Well => self.findings.push_back((webhook, Finding::Well)),
            Tripped::Unchanged => {}
        }
    }
}
