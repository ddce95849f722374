//! What keeps one endpoint's trouble its own: overdue POSTs are noticed, and lanes that hold too much are relieved.

use std::time::Duration;

use super::lane::{OVERDUE, PATIENCE};
use super::{Command, Dispatcher, View};
use crate::{Deferral, Epoch, Timestamp, WebhookId};

/// A lane that drains slowly may hold this part of the window even when that is full.
const LEAST_SHARE: usize = 64;
/// So many lanes that hold records are many.
const MANY: usize = 8;
/// How often they are counted.
const COUNT: Duration = Duration::from_millis(100);
/// How often unused lanes are forgotten.
const SWEEP: Duration = Duration::from_secs(10);

impl<P: Clone> Dispatcher<P> {
    /// Notices POSTs that have been running for long, and forgets lanes that are not used.
    pub(super) fn age(&mut self, now: Timestamp) {
        while let Some((began, place)) = self.young.front().copied()
            && now.since(began) >= OVERDUE
        {
            self.young.pop_front();
            if let Some(running) = self.open.get_mut(&place) {
                running.overdue = true;
                let webhook = running.webhook.clone();
                self.lanes.overdue(&webhook);
                self.note_crowded(now, place.epoch, &webhook);
            }
        }
        if now.since(self.counted_at) >= COUNT {
            self.counted_at = now;
            self.busy_lanes = self.lanes.busy();
        }
        if now.since(self.swept_at) >= SWEEP {
            self.swept_at = now;
            self.lanes.sweep(now);
        }
    }

    pub(super) fn note_crowded(&mut self, now: Timestamp, epoch: Epoch, webhook: &WebhookId) {
        if self.is_crowded(now, epoch, webhook) {
            self.crowded.push_back((epoch, webhook.clone()));
        }
    }

    /// Whether a lane holds more than the window has free, or a quarter of it, and will for a while: then it takes the
    /// place of others. A lane that drains fast is better waited for than written elsewhere.
    fn is_crowded(&self, now: Timestamp, epoch: Epoch, webhook: &WebhookId) -> bool {
        let window = self.settings.window;
        let (records, bytes, wait) = self.lanes.load(now, webhook);
        let (free, free_bytes) = self.claims.room(epoch, window);
        let most = free.max(window.undone / LEAST_SHARE).min(window.undone / 4);
        let most_bytes = free_bytes.max(window.bytes / LEAST_SHARE / 16);
        let long = wait > PATIENCE && records > 1 && (records > most || bytes > most_bytes);
        long && !self.is_one_of_many(records, webhook)
    }

    /// Whether a lane does well, is one of many, and holds its share: then it is this process that is slow, and to move
    /// records aside would only be more work for it.
    fn is_one_of_many(&self, records: usize, webhook: &WebhookId) -> bool {
        self.busy_lanes >= MANY
            && records <= 2 * self.records.len() / self.busy_lanes
            && self.lanes.is_unhindered(webhook)
    }

    /// Moves aside what is too much for a lane: its newest records, each to when the lane will have come to it.
    pub(super) fn relieve(&mut self, now: Timestamp, view: View<'_>) -> Option<Command<P>> {
        while view.fresh && !self.stopping {
            let (epoch, webhook) = self.crowded.front().cloned()?;
            let crowded = self.is_crowded(now, epoch, &webhook);
            match if crowded { self.lanes.overflow(&webhook) } else { None } {
                Some(place) if self.records.contains_key(&place) => {
                    let wait = self.lanes.turn_in(now, &webhook);
                    self.defer(now, place, wait, Deferral::Crowded);
                    return self.commands.pop_front();
                }
                Some(_) => {}
                None => drop(self.crowded.pop_front()),
            }
        }
        None
    }
}
