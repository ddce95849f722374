//! Who did what: written down, and looked at.

use std::time::Duration;

use domain::{Change, Scope};
use futures::future::join_all;
use history::entry::Audit;
use wire::api::{AuditEntry, Page};
use wire::audit;

use super::chance;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::{self as audit_rules, Deed};
use crate::rules::chance::id;
use crate::rules::search::AuditQuery;
use crate::rules::whence::{Door, Whence};
use crate::world::{Console, World};

/// How long an answer waits for the audit log. A record that is not taken by then may still be.
const PATIENCE: Duration = Duration::from_secs(2);

impl<W: World> Console<W> {
    /// Writes down what somebody has done, before they are answered. What was done stands, even where this fails: an error
    /// in the log and a metric tell.
    pub(crate) async fn audit(&self, actor: &Actor, deeds: Vec<Deed>) {
        self.write_audit(Some(actor), actor.whence(), deeds, false).await;
    }

    /// Writes down what somebody may have done: Kafka's answer was lost.
    pub(crate) async fn audit_uncertain(&self, actor: &Actor, deeds: Vec<Deed>) {
        self.write_audit(Some(actor), actor.whence(), deeds, true).await;
    }

    /// Writes down what nobody that we know has tried.
    pub(crate) async fn audit_stranger(&self, whence: &Whence, deed: Deed) {
        self.write_audit(None, whence, vec![deed], false).await;
    }

    /// Writes down what a setting did: the operator's key was made, and the one before taken out.
    pub(crate) async fn audit_configuration(&self, changes: &[Change]) {
        let whence = Whence::new(Door::Configuration, None, None);
        self.write_audit(None, &whence, audit_rules::configured(changes), false).await;
    }

    async fn write_audit(&self, actor: Option<&Actor>, whence: &Whence, deeds: Vec<Deed>, uncertain: bool) {
        let sent = deeds.into_iter().map(|deed| {
            let entry = self.entry(actor, whence, deed, uncertain);
            async move {
                let record = audit::to_record(&entry, &self.topics.audit);
                let why = match tokio::time::timeout(PATIENCE, self.world.send(&record)).await {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => format!("no acknowledgement within {} s", PATIENCE.as_secs()),
                };
                self.telemetry.unaudited(&entry, &why);
            }
        });
        join_all(sent).await;
    }

    fn entry(&self, actor: Option<&Actor>, whence: &Whence, deed: Deed, uncertain: bool) -> AuditEntry {
        let now = self.world.now();
        let is_guest = actor.is_some_and(Actor::is_guest);
        AuditEntry {
            id: id("aud", now, &mut chance),
            at: now,
            action: deed.action.to_owned(),
            account: deed.account.as_ref().map(ToString::to_string),
            object: deed.object,
            fields: deed.fields,
            by: actor.map(|actor| actor.key().id.to_string()),
            operator: actor.is_some_and(Actor::is_operator),
            door: if is_guest { Door::Portal } else { whence.door }.name().to_owned(),
            address: whence.address.map(|address| address.to_string()),
            user_agent: whence.agent.clone(),
            uncertain,
        }
    }

    /// A page of what was done, the latest first: to the key's own account, or for operators to all or one that they name.
    ///
    /// # Errors
    /// Names what will not do; or when the history is away.
    pub async fn find_audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Page<AuditEntry>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.listed(registry, query.account.as_deref()))?;
        let search = query.search(account.as_ref().map(|account| account.as_str()))?;
        let paging = query.paging()?;
        let found = self.history().audit(&search, paging.behind()?.as_ref(), paging.enough()).await?;
        let page = paging.timed(found, |it: &Audit| (it.at, &it.id));
        let shown = |kept: Audit| audit::parse(kept.record.as_bytes()).ok();
        Ok(Page { items: page.items.into_iter().filter_map(shown).collect(), next: page.next })
    }
}
