//! What happened: deliveries with their attempts, dead letters, how a webhook did.

use std::collections::BTreeMap;

use domain::{Scope, Timestamp, WebhookId};
use history::dead_letters::LetterSearch;
use history::hours::Course;
use history::{Delivery, Text};
use serde_json::Value;
use wire::Origin;
use wire::api::{self, DeadLetter, DeadLetterCount, DeliveryInFull, Page, Statistics};
use wire::event::{self, Decoded};

use super::present_history as present;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::{DeliveryQuery, LetterQuery};
use crate::words::{Language, Sentence, sentence};
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// Names what will not do; or when the history is away.
    pub async fn find_deliveries(
        &self,
        actor: &Actor,
        query: &DeliveryQuery,
    ) -> Result<Page<api::Delivery>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.listed(registry, query.account.as_deref()))?;
        let search = query.search(account.as_ref().map(|account| account.as_str()))?;
        let paging = query.paging()?;
        let found = self.history().deliveries(&search, paging.behind()?.as_ref(), paging.enough()).await?;
        let page = paging.timed(found, |it: &Delivery| (it.first_at, &it.member.delivery));
        Ok(Page { items: page.items.into_iter().map(present::delivery).collect(), next: page.next })
    }

    /// A delivery with its attempts and the event's data; or why that is missing.
    ///
    /// # Errors
    /// When it is not there for who asks, or the history is away.
    pub async fn show_delivery(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<(DeliveryInFull, Option<Sentence>), Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let (history, id) = (self.history(), Text::from(id));
        let found = history.delivery(&id).await?.filter(|it| actor.sees(&(*it.account).into()));
        let found = found.ok_or(Refusal::NoSuch("delivery"))?;
        let (kept, data) = tokio::join!(history.attempts(&id), self.data_of(&found));
        let tries = kept?.iter().filter_map(|kept| present::attempt(kept, &id)).collect();
        let (data, missing) = data.map_or_else(|why| (None, Some(why)), |data| (Some(data), None));
        let data_missing = missing.as_ref().map(|why| Language::English.tell(why));
        Ok((DeliveryInFull { delivery: present::delivery(found), tries, data, data_missing }, missing))
    }

    /// The event's data, as it stands in Kafka; or why it is not there.
    async fn data_of(&self, delivery: &Delivery) -> Result<Value, Sentence> {
        let gone = || sentence!("data-gone");
        let origin = delivery.member.origin.as_deref().and_then(Origin::parse);
        let origin = origin.ok_or_else(|| sentence!("data-place-unknown"))?;
        let found = self.event_at(origin).await;
        let found = found.map_err(|why| sentence!("data-unasked", why = why))?;
        // Offsets begin anew where a topic was made again: another event may stand there.
        let decoded = found.and_then(|record| event::decode(&record, usize::MAX).ok());
        // Ids are kept as the database can hold them.
        let id = |decoded: &Decoded| Text::from(decoded.event.id.as_str());
        let decoded = decoded.filter(|decoded| id(decoded) == delivery.member.event);
        let decoded = decoded.filter(|decoded| delivery.account == *decoded.event.account.as_str());
        serde_json::from_slice(&decoded.ok_or_else(gone)?.data).map_err(|_| gone())
    }

    /// A page of dead letters: those that died last come first.
    ///
    /// # Errors
    /// Names what will not do; or when the history is away.
    pub async fn find_dead_letters(
        &self,
        actor: &Actor,
        query: &LetterQuery,
    ) -> Result<Page<DeadLetter>, Refusal> {
        let (search, paging) = (self.letters(actor, query)?, query.paging()?);
        let found = self.history().dead_letters(&search, paging.behind()?.as_ref(), paging.enough()).await?;
        let page = paging.timed(found, |(letter, _)| (letter.died_at, &letter.place));
        Ok(Page { items: page.items.into_iter().map(present::dead_letter).collect(), next: page.next })
    }

    /// How many dead letters there are, by webhook and reason.
    ///
    /// # Errors
    /// As [`Console::find_dead_letters`].
    pub async fn count_dead_letters(
        &self,
        actor: &Actor,
        query: &LetterQuery,
    ) -> Result<Vec<DeadLetterCount>, Refusal> {
        let search = self.letters(actor, query)?;
        let counts = self.history().count_dead_letters(&search).await?;
        Ok(counts.into_iter().map(present::count).collect())
    }

    fn letters(&self, actor: &Actor, query: &LetterQuery) -> Result<LetterSearch, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.listed(registry, query.account.as_deref()))?;
        query.search(actor, account.as_ref().map(|account| account.as_str()))
    }

    /// How a webhook did, hour by hour.
    ///
    /// # Errors
    /// When it is not there for who asks, or the history is away.
    pub async fn statistics(&self, actor: &Actor, id: &WebhookId, hours: u32) -> Result<Statistics, Refusal> {
        self.webhook(actor, Scope::WebhooksRead, id)?;
        let now = self.world.now();
        let found = self.history().hours(id.as_str(), first_of(now, hours)).await?;
        Ok(present::statistics(id.to_string(), now, hours, &Course::of(found)))
    }

    /// The newest delivery of each of several webhooks that who asks has seen already.
    pub(crate) async fn newest_of(
        &self,
        webhooks: &[String],
    ) -> Result<BTreeMap<String, api::Delivery>, Refusal> {
        let ids: Vec<_> = webhooks.iter().map(String::as_str).collect();
        let newest = self.history().newest_of(&ids).await?;
        Ok(newest.into_iter().map(|(webhook, found)| (webhook, present::delivery(found))).collect())
    }

    /// How each of several webhooks did that who asks has seen already: the latencies only of the whole time.
    pub(crate) async fn statistics_of(
        &self,
        webhooks: &[String],
        hours: u32,
    ) -> Result<BTreeMap<String, Statistics>, Refusal> {
        let (now, ids): (_, Vec<_>) = (self.world.now(), webhooks.iter().map(String::as_str).collect());
        let found = self.history().courses(&ids, first_of(now, hours)).await?;
        let nothing = Course::default();
        let told = |id: &String| {
            let did = found.get(id).unwrap_or(&nothing);
            (id.clone(), present::statistics(id.clone(), now, hours, did))
        };
        Ok(webhooks.iter().map(told).collect())
    }
}

/// The first of so many hours, of which the present one is the last.
fn first_of(now: Timestamp, hours: u32) -> Timestamp {
    present::hour_before(now, hours.saturating_sub(1))
}
