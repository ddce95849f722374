//! What is found out about filters, and when the registry is told.
//!
//! A filter that fails may fail for every event. It is told at once and then once an hour, so that people see that it still
//! does; a person's change of the webhook is a new revision, and told anew.

use std::collections::HashMap;
use std::time::Duration;

use domain::{Change, FilterFailure, Revision, Standing, Timestamp, WebhookId};

const AGAIN: Duration = Duration::from_secs(3600);
/// Webhooks that are remembered: above it, those told longest ago are told anew.
const REMEMBERED: usize = 10_000;

/// What was told.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    told: HashMap<WebhookId, (Revision, Timestamp)>,
}

impl Findings {
    /// What to write down about a filter that failed, if it is time.
    pub(crate) fn failed(&mut self, now: Timestamp, standing: &Standing, why: &str) -> Option<Change> {
        let (id, revision) = (&standing.webhook.id, standing.webhook.revision);
        if let Some((told, at)) = self.told.get(id)
            && *told == revision
            && now.since(*at) < AGAIN
        {
            return None;
        }
        if self.told.len() >= REMEMBERED {
            self.told.retain(|_, (_, at)| now.since(*at) < AGAIN);
        }
        if self.told.len() >= REMEMBERED {
            self.told.clear();
        }
        self.told.insert(id.clone(), (revision, now));
        let webhook = id.clone();
        Some(Change::FilterFailure(FilterFailure { webhook, revision, at: now, why: why.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{Offset, Webhook};

    use super::*;

    fn standing(id: &str, revision: u64) -> Standing {
        let webhook = Webhook { revision: Revision(revision), ..domain::fixtures::webhook(id, "acme", &[]) };
        Standing { webhook: Arc::new(webhook), offset: Offset(0), failing_since: None }
    }

    #[test]
    fn a_failure_is_told_at_once_then_hourly_and_anew_for_another_revision() {
        let (mut findings, begin) = (Findings::default(), Timestamp::from_millis(0));
        let told = |findings: &mut Findings, seconds, revision| {
            let now = begin + Duration::from_secs(seconds);
            findings.failed(now, &standing("a", revision), "no").is_some()
        };
        let seen: Vec<_> = [(0, 1), (1, 1), (3599, 1), (3600, 1), (3601, 1), (3602, 2), (3603, 2)]
            .map(|(seconds, revision)| told(&mut findings, seconds, revision))
            .into();
        assert_eq!(seen, [true, false, false, true, false, true, false]);
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut findings = Findings::default();
        for n in 0..=REMEMBERED {
            findings.failed(Timestamp::from_millis(0), &standing(&n.to_string(), 1), "no").unwrap();
        }
        assert!(findings.told.len() <= REMEMBERED);
    }
}
