//! Since when a webhook that rests was sent nothing: what it can be sent when it goes on.

use domain::{Scope, State, Timestamp, WebhookId};
use history::Text;
use history::audit::AuditSearch;
use history::deliveries::Search;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

/// Deliveries among which the last call is looked for.
const LATEST: u32 = 50;

impl<W: World> Console<W> {
    /// Since when a paused webhook, or a disabled one, was sent nothing, as far as the history tells and Kafka holds the
    /// events: since somebody paused it, or since the last call to it.
    ///
    /// # Errors
    /// When it is not there for who asks, or the history or Kafka is away.
    pub async fn rests_since(&self, actor: &Actor, id: &WebhookId) -> Result<Option<Timestamp>, Refusal> {
        let webhook = self.webhook(actor, Scope::WebhooksRead, id)?;
        let since = match webhook.state {
            State::Paused => self.paused_at(id).await?,
            State::Disabled(_) => self.last_call(id).await?,
            State::Active | State::Unverified => None,
        };
        let Some(since) = since else { return Ok(None) };
        let held = self.world.held_since().await.map_err(Refusal::no_events)?;
        Ok(Some(held.map_or(since, |held| held.max(since))))
    }

    /// The log is some seconds behind: then what it tells is a pause of before, which has ended.
    async fn paused_at(&self, id: &WebhookId) -> Result<Option<Timestamp>, Refusal> {
        let history = self.history();
        let last = async |action: &str| {
            let (object, action) = (Some(id.as_str().into()), Some(action.into()));
            let search = AuditSearch { object, action, ..AuditSearch::default() };
            let found = history.audit(&search, None, 1).await?;
            Ok::<_, Refusal>(found.first().map(|it| it.at))
        };
        let (paused, resumed) = (last("webhook.paused").await?, last("webhook.resumed").await?);
        Ok(paused.filter(|paused| resumed.is_none_or(|resumed| resumed < *paused)))
    }

    /// A person's test is none.
    async fn last_call(&self, id: &WebhookId) -> Result<Option<Timestamp>, Refusal> {
        let search = Search { webhook: Some(Text::from(id.as_str())), ..Search::default() };
        let found = self.history().deliveries(&search, None, LATEST).await?;
        Ok(found.iter().filter(|it| !it.test).map(|it| it.latest.at).max())
    }
}
