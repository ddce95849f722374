//! Jobs: begun, followed, cancelled.

use domain::{Scope, WebhookId};
use history::jobs::{Job, NewJob};
use serde::Serialize;
use uuid::Uuid;
use wire::api::{self, LetterAct, NewBackfill, NewLetterJob};

use super::present;
use crate::jobs::{Kind, why};
use crate::problem::Refusal;
use crate::rules::access::{self, Actor};
use crate::rules::audit::Deed;
use crate::rules::{backfill, letters};
use crate::words::{Sentence, sentence};
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// Begins to send again what a webhook would have got, or to count it.
    ///
    /// # Errors
    /// When the webhook is not active, the time is not held any more, or a backfill of it has not ended.
    pub async fn begin_backfill(
        &self,
        actor: &Actor,
        id: &WebhookId,
        asked: &NewBackfill,
    ) -> Result<api::Job, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let now = self.world.now();
        let (account, request) = self.look(|registry| {
            let standing = access::webhook(registry, actor, id)?;
            let (state, shown) = (&standing.webhook.state, present::standing(registry, standing));
            let request = backfill::draft(asked, state, shown, self.backfill, now)?;
            Ok((standing.webhook.account.to_string(), request))
        })?;
        let held_since = self.world.held_since().await;
        backfill::held(request.since, held_since.map_err(Refusal::no_events)?)?;
        let job = self.begin_job(actor, Kind::Backfill, (account, Some(id)), &request).await?;
        if !request.dry_run {
            self.audit_job(actor, "backfill.started", &job).await;
        }
        Ok(job)
    }

    /// Begins to put open dead letters back, or to discard them.
    ///
    /// # Errors
    /// Names each field that will not do; or when there is no such webhook or account for who asks.
    pub async fn begin_letters(
        &self,
        actor: &Actor,
        act: LetterAct,
        asked: &NewLetterJob,
    ) -> Result<api::Job, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let webhook = asked.webhook.as_deref().map(WebhookId::from);
        let account = self.look(|registry| match &webhook {
            Some(id) => Ok(access::webhook(registry, actor, id)?.webhook.account.to_string()),
            None => Ok(actor.account_meant(registry, asked.account.as_deref())?.to_string()),
        })?;
        let request = letters::draft(act, asked, self.backfill, self.world.now())?;
        let job = self.begin_job(actor, Kind::Letters, (account, webhook.as_ref()), &request).await?;
        let action = match act {
            LetterAct::Replay => "dead_letters.replayed",
            LetterAct::Discard => "dead_letters.discarded",
        };
        self.audit_job(actor, action, &job).await;
        Ok(job)
    }

    /// The latest jobs, the newest first.
    ///
    /// # Errors
    /// When the key lacks the scope, there is no such account for it, or the history is away.
    pub async fn list_jobs(
        &self,
        actor: &Actor,
        account: Option<&str>,
        webhook: Option<&str>,
        limit: u32,
    ) -> Result<Vec<api::Job>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.listed(registry, account))?;
        let found =
            self.history().jobs(account.as_ref().map(|account| account.as_str()), webhook, limit).await?;
        Ok(found.into_iter().map(present::job).collect())
    }

    /// A job as it stands, and why it failed.
    ///
    /// # Errors
    /// When it is not there for who asks.
    pub async fn show_job(&self, actor: &Actor, id: &str) -> Result<(api::Job, Option<Sentence>), Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let job = self.job(actor, id).await?;
        let why = job.error.as_deref().map(why::read);
        Ok((present::job(job), why))
    }

    /// Cancels a job. One that was cancelled already stays so.
    ///
    /// # Errors
    /// When it is not there for who asks, or has ended.
    pub async fn cancel_job(&self, actor: &Actor, id: &str) -> Result<api::Job, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let job = present::job(self.job(actor, id).await?);
        if self.history().cancel_job(self.world.now(), id).await? {
            let deed = Deed::new("job.cancelled", Some(job.account.as_str().into()), Some(job.id));
            self.audit(actor, vec![deed]).await;
            tracing::info!(job.id = id, key.id = %actor.key().id, "a job was cancelled");
        }
        let job = present::job(self.job(actor, id).await?);
        if job.state == "cancelled" {
            return Ok(job);
        }
        Err(Refusal::Conflict { code: "job-ended", detail: sentence!("job-ended", state = job.state) })
    }

    async fn begin_job(
        &self,
        actor: &Actor,
        kind: Kind,
        (account, webhook): (String, Option<&WebhookId>),
        request: &impl Serialize,
    ) -> Result<api::Job, Refusal> {
        let job = NewJob {
            id: format!("job_{}", Uuid::now_v7().simple()),
            account,
            webhook: webhook.map(ToString::to_string),
            kind: kind.name().to_owned(),
            request: serde_json::to_value(request).unwrap_or_default(),
            asked_by: actor.key().id.to_string(),
        };
        let added = self.history().add_job(self.world.now(), job).await?;
        tracing::info!(job.id = added.asked.id, job.kind = kind.name(), key.id = %actor.key().id, "a job was asked for");
        Ok(present::job(added))
    }

    /// What a job is about is what people look for; only of one that is about no webhook its own name counts.
    async fn audit_job(&self, actor: &Actor, action: &'static str, job: &api::Job) {
        let object = job.webhook.as_ref().unwrap_or(&job.id).clone();
        let deed = Deed::new(action, Some(job.account.as_str().into()), Some(object));
        self.audit(actor, vec![deed]).await;
    }

    /// A job, if it is there for who asks.
    async fn job(&self, actor: &Actor, id: &str) -> Result<Job, Refusal> {
        let found = self.history().job(id).await?;
        let found = found.filter(|job| actor.sees(&job.asked.account.as_str().into()));
        found.ok_or(Refusal::NoSuch("job"))
    }
}
