//! Webhooks: listed, made, changed, deleted, and what becomes of their secrets.

use domain::{Change, Registry, Scope, Standing, Step, Webhook, WebhookId};
use wire::api::{self, NewWebhook, Page, RotateSecret, Secret, WebhookPatch, WebhookWithSecret};

use super::{chance, present};
use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::audit::Deed;
use crate::rules::change::{self, Expected};
use crate::rules::paging::Paging;
use crate::rules::{draft, edit, secrets};
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// A page of webhooks: the key's own account's, or for operators all or those of an account.
    ///
    /// # Errors
    /// When the key lacks the scope, or there is no such account for it.
    pub fn list_webhooks(
        &self,
        actor: &Actor,
        account: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<api::Webhook>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        self.look(|registry| {
            let account = actor.listed(registry, account)?;
            let wanted =
                |it: &&Standing| account.as_ref().is_none_or(|account| it.webhook.account == *account);
            let page =
                paging.page(registry.webhooks().filter(wanted), |it: &&Standing| it.webhook.id.as_str());
            let shown = |it: &Standing| present::standing(registry, it);
            Ok(Page { items: page.items.into_iter().map(shown).collect(), next: page.next })
        })
    }

    /// A webhook as it counts now, with what was found out about it.
    ///
    /// # Errors
    /// When it is not there for who asks, or the key lacks the scope.
    pub fn show_webhook(&self, actor: &Actor, id: &WebhookId) -> Result<api::Webhook, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        self.look(|registry| Ok(present::standing(registry, access::webhook(registry, actor, id)?)))
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// Names each field that will not do.
    pub async fn create_webhook(
        &self,
        actor: &Actor,
        new: &NewWebhook,
    ) -> Result<WebhookWithSecret, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let account = actor.account_for_new(new.account.as_deref())?;
        let draft::Draft { webhook, secret } = draft::prepare(new, account, self.tools(), &mut chance)?;
        let shown = present::webhook(&webhook);
        self.write(actor, move |registry| draft::create(registry, &webhook)).await?;
        tracing::info!(webhook.id = shown.id, key.id = %actor.key().id, "a webhook was made");
        Ok(WebhookWithSecret { webhook: shown, secret })
    }

    /// Changes a webhook as somebody asked who saw this revision.
    ///
    /// # Errors
    /// Names each field that will not do; or when the revision is stale.
    pub async fn change_webhook(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
        patch: &WebhookPatch,
    ) -> Result<api::Webhook, Refusal> {
        self.webhook(actor, Scope::WebhooksWrite, &id)?;
        let edit = edit::prepare(patch, &id, self.tools(), &mut chance)?;
        self.rewrite_webhook(actor, id, expected, move |webhook| edit.apply(webhook)).await
    }

    /// Takes a step in a webhook's life.
    ///
    /// # Errors
    /// When the step makes no sense from its state, or the revision is stale.
    pub async fn step_webhook(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
        step: Step,
    ) -> Result<api::Webhook, Refusal> {
        self.rewrite_webhook(actor, id, expected, move |webhook| change::step(webhook, step)).await
    }

    /// Deletes a webhook for good.
    ///
    /// # Errors
    /// When it is not there for who asks, or the revision is stale.
    pub async fn delete_webhook(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
    ) -> Result<(), Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let (who, webhook) = (actor.clone(), id.clone());
        self.write(actor, move |registry| change::delete(registry, &who, &webhook, expected)).await?;
        tracing::info!(webhook.id = %id, key.id = %actor.key().id, "a webhook was deleted");
        Ok(())
    }

    /// What signs a webhook's calls now.
    ///
    /// # Errors
    /// When the keyring does not open it.
    pub async fn reveal_secret(&self, actor: &Actor, id: &WebhookId) -> Result<Secret, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksWrite, id)?;
        let secret = secrets::reveal(&webhook, &self.keyring, self.world.now())?;
        let deed = Deed::new("secret.revealed", Some(webhook.account.clone()), Some(id.to_string()));
        self.audit(actor, vec![deed]).await;
        tracing::info!(webhook.id = %id, key.id = %actor.key().id, "a signing secret was shown");
        Ok(secret)
    }

    /// Makes a new secret; the one before goes on signing for a while.
    ///
    /// # Errors
    /// When that while is too long, or the revision is stale.
    pub async fn rotate_secret(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
        request: &RotateSecret,
    ) -> Result<WebhookWithSecret, Refusal> {
        self.webhook(actor, Scope::WebhooksWrite, &id)?;
        let (keep, now) = (secrets::keep_for(request)?, self.world.now());
        let (secret, sealed) = secrets::Seals::new(&self.keyring, &id).signing_secret(&mut chance);
        let rotate = move |webhook: &Webhook| Ok(secrets::rotate(webhook, &sealed, keep, now));
        let webhook = self.rewrite_webhook(actor, id, expected, rotate).await?;
        Ok(WebhookWithSecret { webhook, secret })
    }

    /// Ends the secret before the present one, which goes on alone. Where there is none any more, nothing happens.
    ///
    /// # Errors
    /// When the revision is stale.
    pub async fn end_previous_secret(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
    ) -> Result<api::Webhook, Refusal> {
        self.rewrite_webhook(actor, id, expected, |webhook| Ok(secrets::end_previous(webhook))).await
    }

    /// Changes a webhook by a rule, and says what it is then.
    ///
    /// # Errors
    /// When it is not there for who asks, the revision is stale, or the rule says no.
    pub async fn rewrite_webhook(
        &self,
        actor: &Actor,
        id: WebhookId,
        expected: Expected,
        rule: impl Fn(&Webhook) -> Result<Webhook, Refusal> + Send + 'static,
    ) -> Result<api::Webhook, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let (who, target, now) = (actor.clone(), id.clone(), self.world.now());
        let decide =
            move |registry: &Registry| change::webhook(registry, &who, &target, expected, now, &rule);
        let changes = self.write(actor, decide).await?;
        let written =
            changes.iter().find_map(|change| if let Change::Webhook(it) = change { Some(it) } else { None });
        let Some(written) = written else {
            return self
                .look(|registry| Ok(present::standing(registry, access::webhook(registry, actor, &id)?)));
        };
        tracing::info!(webhook.id = %id, webhook.revision = written.revision.0, key.id = %actor.key().id, "a webhook was changed");
        Ok(present::webhook(written))
    }
}
