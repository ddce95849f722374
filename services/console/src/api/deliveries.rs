//! `/v1/deliveries`.

use axum::Json;
use axum::extract::State;
use domain::Scope;
use history::{Delivery, Text};
use serde_json::Value;
use wire::api::{self, DeliveryInFull, Page};
use wire::{Origin, event};

use super::Shared;
use super::body::{Asked, Id};
use crate::acts::present_history as present;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::search::DeliveryQuery;
use crate::world::World;

/// Newest first.
pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Asked(query): Asked<DeliveryQuery>,
) -> Result<Json<Page<api::Delivery>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let account = console.look(|registry| actor.listed(registry, query.account.as_deref()))?;
    let search = query.search(account.as_ref().map(|account| account.as_str()))?;
    let paging = query.paging()?;
    let found = console.history().deliveries(&search, paging.behind()?.as_ref(), paging.enough()).await?;
    let page = paging.timed(found, |it: &Delivery| (it.first_at, &it.member.delivery));
    Ok(Json(Page { items: page.items.into_iter().map(present::delivery).collect(), next: page.next }))
}

/// One, with its attempts and the event's data.
pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<DeliveryInFull>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    let (history, id) = (console.history(), Text::from(id));
    let found = history.delivery(&id).await?.filter(|it| actor.sees(&(*it.account).into()));
    let found = found.ok_or(Refusal::NoSuch("delivery"))?;
    let (kept, data) = tokio::join!(history.attempts(&id), data(&console.world, &found));
    let tries = kept?.iter().filter_map(|kept| present::attempt(kept, &id)).collect();
    let (data, data_missing) = data.map_or_else(|why| (None, Some(why)), |data| (Some(data), None));
    Ok(Json(DeliveryInFull { delivery: present::delivery(found), tries, data, data_missing }))
}

/// The event's data, as it stands in Kafka; or why it is not there.
async fn data<W: World>(world: &W, delivery: &Delivery) -> Result<Value, String> {
    let gone = || "the event is no longer held by Kafka".to_owned();
    let origin = delivery.member.origin.as_deref().and_then(Origin::parse);
    let origin = origin.ok_or("where the event stood is not known")?;
    let found =
        world.event(origin).await.map_err(|why| format!("Kafka could not be asked for the event: {why}"))?;
    // Offsets begin anew where a topic was made again: another event may stand there.
    let decoded = found.and_then(|record| event::decode(&record, usize::MAX).ok());
    let decoded = decoded.filter(|decoded| is_called(&delivery.member.event, decoded.event.id.as_str()));
    let decoded = decoded.filter(|decoded| delivery.account == *decoded.event.account.as_str());
    serde_json::from_slice(&decoded.ok_or_else(gone)?.data).map_err(|_| gone())
}

/// Whether a text is this one, as it is kept.
fn is_called(kept: &Text, text: &str) -> bool {
    let text = Text::from(text);
    *kept == text
}
