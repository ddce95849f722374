//! `/v1/webhooks`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use domain::{Change, Scope, Standing, Step, Webhook, WebhookId};
use wire::api::{self, NewWebhook, Page, RotateSecret, Secret, WebhookPatch, WebhookWithSecret};

use super::body::{Body, Id, Listing};
use super::headers::{etag, expected, if_match};
use super::{Shared, chance, present};
use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::change::{self, Expected};
use crate::rules::{draft, edit, secrets};
use crate::world::{Console, World};

/// One webhook, with its revision as `ETag`.
pub(super) type Answer = ([(HeaderName, HeaderValue); 1], Json<api::Webhook>);
type WithSecret = (StatusCode, [(HeaderName, HeaderValue); 1], Json<WebhookWithSecret>);

pub(super) async fn list<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    listing: Listing,
) -> Result<Json<Page<api::Webhook>>, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    console.look(|registry| {
        let account = actor.listed(registry, listing.account.as_deref())?;
        let wanted = |it: &&Standing| account.as_ref().is_none_or(|account| it.webhook.account == *account);
        let standings = registry.webhooks().filter(wanted);
        let page = listing.paging.page(standings, |it: &&Standing| it.webhook.id.as_str());
        let shown = |it: &Standing| present::standing(registry, it);
        Ok(Json(Page { items: page.items.into_iter().map(shown).collect(), next: page.next }))
    })
}

pub(super) async fn get<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Answer, Refusal> {
    actor.require(Scope::WebhooksRead)?;
    standing(&console, &actor, &id.as_str().into())
}

pub(super) async fn create<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Body(new): Body<NewWebhook>,
) -> Result<WithSecret, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let account = actor.account_for_new(new.account.as_deref())?;
    let draft::Draft { webhook, secret } = draft::prepare(&new, account, console.tools(), &mut chance)?;
    let shown = present::webhook(&webhook);
    console.write(&actor, move |registry| draft::create(registry, &webhook)).await?;
    tracing::info!(webhook.id = shown.id, key.id = %actor.key().id, "a webhook was made");
    Ok(with_secret(StatusCode::CREATED, shown, secret))
}

pub(super) async fn change<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    Body(patch): Body<WebhookPatch>,
) -> Result<Answer, Refusal> {
    let id = WebhookId::from(id.as_str());
    console.webhook(&actor, Scope::WebhooksWrite, &id)?;
    let expected = expected(&headers, patch.revision)?;
    let edit = edit::prepare(&patch, &id, console.tools(), &mut chance)?;
    rewrite(&console, &actor, id, expected, move |webhook| edit.apply(webhook)).await
}

pub(super) async fn delete<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    let (who, webhook) = (actor.clone(), WebhookId::from(id.as_str()));
    console.write(&actor, move |registry| change::delete(registry, &who, &webhook, expected)).await?;
    tracing::info!(webhook.id = id, key.id = %actor.key().id, "a webhook was deleted");
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn pause<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Pause).await
}

pub(super) async fn resume<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Resume).await
}

pub(super) async fn enable<W: World>(
    console: Shared<W>,
    actor: Actor,
    id: Id,
    headers: HeaderMap,
) -> Result<Answer, Refusal> {
    step(console, actor, id, headers, Step::Enable).await
}

pub(super) async fn reveal_secret<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
) -> Result<Json<Secret>, Refusal> {
    let webhook = console.webhook(&actor, Scope::WebhooksWrite, &id.as_str().into())?;
    let secret = secrets::reveal(&webhook, &console.keyring, console.world.now())?;
    tracing::info!(webhook.id = id, key.id = %actor.key().id, "a signing secret was shown");
    Ok(Json(secret))
}

pub(super) async fn rotate_secret<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    Body(request): Body<RotateSecret>,
) -> Result<WithSecret, Refusal> {
    let id = WebhookId::from(id.as_str());
    console.webhook(&actor, Scope::WebhooksWrite, &id)?;
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    let (keep, now) = (secrets::keep_for(&request)?, console.world.now());
    let (secret, sealed) = secrets::Seals::new(&console.keyring, &id).signing_secret(&mut chance);
    let rotate = move |webhook: &Webhook| Ok(secrets::rotate(webhook, &sealed, keep, now));
    let (_, Json(shown)) = rewrite(&console, &actor, id, expected, rotate).await?;
    Ok(with_secret(StatusCode::OK, shown, secret))
}

/// Changes a webhook by a rule, and answers with what it is then.
pub(super) async fn rewrite<W: World>(
    console: &Console<W>,
    actor: &Actor,
    id: WebhookId,
    expected: Expected,
    rule: impl Fn(&Webhook) -> Result<Webhook, Refusal> + Send + 'static,
) -> Result<Answer, Refusal> {
    actor.require(Scope::WebhooksWrite)?;
    let (who, target, now) = (actor.clone(), id.clone(), console.world.now());
    let decide =
        move |registry: &domain::Registry| change::webhook(registry, &who, &target, expected, now, &rule);
    let changes = console.write(actor, decide).await?;
    let written =
        changes.iter().find_map(|change| if let Change::Webhook(it) = change { Some(it) } else { None });
    let Some(written) = written else { return standing(console, actor, &id) };
    tracing::info!(webhook.id = %id, webhook.revision = written.revision.0, key.id = %actor.key().id, "a webhook was changed");
    Ok(answer(present::webhook(written)))
}

async fn step<W: World>(
    State(console): Shared<W>,
    actor: Actor,
    Id(id): Id,
    headers: HeaderMap,
    step: Step,
) -> Result<Answer, Refusal> {
    let expected = if_match(&headers)?.unwrap_or(Expected::Any);
    rewrite(&console, &actor, id.as_str().into(), expected, move |webhook| change::step(webhook, step)).await
}

fn standing<W: World>(console: &Console<W>, actor: &Actor, id: &WebhookId) -> Result<Answer, Refusal> {
    console.look(|registry| {
        let standing = access::webhook(registry, actor, id)?;
        Ok(answer(present::standing(registry, standing)))
    })
}

fn answer(webhook: api::Webhook) -> Answer {
    ([(header::ETAG, etag(webhook.revision))], Json(webhook))
}

fn with_secret(status: StatusCode, webhook: api::Webhook, secret: String) -> WithSecret {
    (status, [(header::ETAG, etag(webhook.revision))], Json(WebhookWithSecret { webhook, secret }))
}
