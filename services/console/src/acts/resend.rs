//! A delivery, sent again by hand: under the same id, with fresh attempts.

use std::sync::Arc;

use domain::{Progress, Scope, Standing, State};
use history::dead_letters::{Decided, LetterSearch};
use history::entry::DeadLetter;
use history::{Delivery, Text};
use wire::delivery::{Routed, write_progress};
use wire::disposition::{Disposition, Place, What};
use wire::event::{self, Decoded};
use wire::{Origin, OutRecord};

use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::audit::Deed;
use crate::words::{Sentence, sentence};
use crate::world::{Console, World};

/// Letters of one delivery, at most: each replay may have died again.
const LETTERS: u32 = 100;

impl<W: World> Console<W> {
    /// Puts a delivery on its way again. Its receiver sees the same `webhook-id` as before; where it had died, the dead
    /// letter counts as replayed from then on.
    ///
    /// # Errors
    /// When it is not there for who asks, is on its way already, its webhook is not active, or Kafka holds the event no more.
    pub async fn resend_delivery(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let found = self.history().delivery(&Text::from(id)).await?;
        let found =
            found.filter(|it| actor.sees(&(*it.account).into())).ok_or(Refusal::NoSuch("delivery"))?;
        self.look(|registry| access::webhook(registry, actor, &(*found.webhook).into()).map(drop))?;
        self.put_back(&found).await?;
        let account = Some((*found.account).into());
        self.audit(actor, vec![Deed::new("delivery.resent", account, Some(id.to_owned()))]).await;
        tracing::info!(delivery.id = id, key.id = %actor.key().id, "a delivery was sent again");
        // In this order: a crash in between sends it twice, under one id, and loses nothing.
        self.settle(actor.key().id.as_str(), &found).await
    }

    /// Puts the delivery of a dead letter on its way again, in the name of who asked for it.
    ///
    /// # Errors
    /// As [`Console::resend_delivery`].
    pub(crate) async fn replay_letter(&self, letter: &DeadLetter, by: &str) -> Result<(), Refusal> {
        let delivery = letter.delivery.as_ref().ok_or(Refusal::NoSuch("delivery"))?;
        let found = self.history().delivery(&delivery.delivery).await?.ok_or(Refusal::NoSuch("delivery"))?;
        self.put_back(&found).await?;
        self.settle_letter(letter, What::Replayed, by, None).await
    }

    async fn put_back(&self, found: &Delivery) -> Result<(), Refusal> {
        if found.latest.state == history::State::Retrying {
            return Err(conflict("still-retrying", sentence!("still-retrying")));
        }
        let webhook = (*found.webhook).into();
        let standing =
            self.look(|registry| registry.webhook(&webhook).cloned().ok_or(Refusal::NoSuch("webhook")))?;
        if standing.webhook.state != State::Active {
            return Err(conflict("webhook-inactive", sentence!("webhook-inactive")));
        }
        let (decoded, origin) = self.event_of(found).await?;
        let again = again(found, &standing, &decoded, origin, &self.topics.deliveries);
        self.world.send(&again).await.map_err(Refusal::no_events)
    }

    /// The event, if Kafka still holds it.
    async fn event_of(&self, delivery: &Delivery) -> Result<(Decoded, Origin), Refusal> {
        let gone = || conflict("event-gone", sentence!("event-gone"));
        let origin = delivery.member.origin.as_deref().and_then(Origin::parse).ok_or_else(gone)?;
        let record = self.event_at(origin).await.map_err(Refusal::no_events)?;
        let decoded = record.and_then(|record| event::decode(&record, usize::MAX).ok());
        let is_it = |decoded: &Decoded| {
            decoded.event.delivery_to(&(*delivery.webhook).into()).as_str() == &*delivery.member.delivery
        };
        Ok((decoded.filter(is_it).ok_or_else(gone)?, origin))
    }

    /// Writes down of its open dead letters that it was sent again.
    async fn settle(&self, by: &str, delivery: &Delivery) -> Result<(), Refusal> {
        let search = LetterSearch {
            delivery: Some(delivery.member.delivery.clone()),
            disposition: Some(Decided::Open),
            ..LetterSearch::default()
        };
        for (letter, _) in self.history().dead_letters(&search, None, LETTERS).await? {
            self.settle_letter(&letter, What::Replayed, by, Some("sent again from the console")).await?;
        }
        Ok(())
    }

    /// Writes down what was decided about a dead letter.
    ///
    /// # Errors
    /// When Kafka does not take it.
    pub(crate) async fn settle_letter(
        &self,
        letter: &DeadLetter,
        what: What,
        by: &str,
        note: Option<&str>,
    ) -> Result<(), Refusal> {
        let place = Place::parse(&letter.place).ok_or(Refusal::NoSuch("dead-letter"))?;
        let entry = Disposition {
            what,
            by: by.to_owned(),
            at: self.world.now(),
            note: note.map(str::to_owned),
            died: Some(letter.died_at),
        };
        let entry = entry.to_record(&self.topics.dispositions, &place);
        self.world.send(&entry).await.map_err(Refusal::no_events)
    }
}

fn again(
    delivery: &Delivery,
    standing: &Standing,
    decoded: &Decoded,
    origin: Origin,
    topic: &Arc<str>,
) -> OutRecord {
    let mut again = Routed::new(decoded, decoded.headers.clone(), origin).to(standing, topic);
    let progress = Progress { replays: delivery.member.replays.saturating_add(1), ..Progress::default() };
    write_progress(&mut again.headers, &progress);
    again
}

const fn conflict(code: &'static str, detail: Sentence) -> Refusal {
    Refusal::Conflict { code, detail }
}
