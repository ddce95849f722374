//! Changes of a webhook: the one way from a revision to the next.

use std::sync::Arc;

use domain::{Change, Registry, Revision, State, Step, Timestamp, Webhook, WebhookId};

use super::access::{self, Actor};
use crate::problem::Refusal;

/// Which revision a change was made to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whichever there is.
    Any,
    /// This one, or the change is stale.
    Is(Revision),
}

impl Expected {
    /// Whether the present revision is the one that a change was made to.
    ///
    /// # Errors
    /// When it is another.
    pub fn meets(self, present: Revision) -> Result<(), Refusal> {
        match self {
            Self::Is(revision) if revision != present => Err(Refusal::Stale { present }),
            Self::Is(_) | Self::Any => Ok(()),
        }
    }
}

/// Changes a webhook by a rule. What comes out the same is not written, so that repeating a change does no harm.
///
/// # Errors
/// When there is no such webhook for who asks, the revision is stale, or the rule says no.
pub fn webhook(
    registry: &Registry,
    actor: &Actor,
    id: &WebhookId,
    expected: Expected,
    now: Timestamp,
    rule: impl FnOnce(&Webhook) -> Result<Webhook, Refusal>,
) -> Result<Vec<Change>, Refusal> {
    let present = found(registry, actor, id, expected)?;
    let changed = rule(&present)?;
    if changed == *present {
        return Ok(Vec::new());
    }
    Ok(vec![Change::Webhook(Box::new(Webhook {
        updated_at: now,
        revision: present.revision.next(),
        ..changed
    }))])
}

/// Takes a step in a webhook's life.
///
/// # Errors
/// When the step makes no sense from its state.
pub fn step(webhook: &Webhook, step: Step) -> Result<Webhook, Refusal> {
    Ok(Webhook { state: after(&webhook.state, step)?, ..webhook.clone() })
}

/// Deletes a webhook, and what was found out about it.
///
/// # Errors
/// When there is no such webhook for who asks, or the revision is stale.
pub fn delete(
    registry: &Registry,
    actor: &Actor,
    id: &WebhookId,
    expected: Expected,
) -> Result<Vec<Change>, Refusal> {
    found(registry, actor, id, expected)?;
    let gone = [Change::WebhookGone, Change::HealthGone, Change::FilterFailureGone];
    Ok(gone.into_iter().map(|gone| gone(id.clone())).collect())
}

pub(super) fn after(state: &State, step: Step) -> Result<State, Refusal> {
    state.after(step).map_err(|illegal| Refusal::Conflict { code: "illegal-step", detail: illegal.into() })
}

fn found(
    registry: &Registry,
    actor: &Actor,
    id: &WebhookId,
    expected: Expected,
) -> Result<Arc<Webhook>, Refusal> {
    let present = &access::webhook(registry, actor, id)?.webhook;
    expected.meets(present.revision)?;
    Ok(Arc::clone(present))
}
