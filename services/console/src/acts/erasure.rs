//! Erasing a person from the history.

use domain::Scope;
use wire::api::{Erasure, Held, NewErasure};

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::Deed;
use crate::words::sentence;
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// Erases what the history holds of an account's mails to a recipient, and says what Kafka still holds. That it was done
    /// is written down, and of whom is not.
    ///
    /// # Errors
    /// When the account is not there for who asks, the recipient is empty, or the history is away.
    pub async fn erase(&self, actor: &Actor, account: &str, asked: &NewErasure) -> Result<Erasure, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let account = self.look(|registry| actor.account(registry, account))?;
        let recipient = asked.recipient.trim();
        if recipient.is_empty() {
            return Err(Refusal::field("recipient", sentence!("recipient-empty")));
        }
        let erased = self.history().erase_recipient(account.as_str(), recipient).await?;
        self.audit(actor, vec![Deed::new("recipient.erased", Some(account.clone()), None)]).await;
        tracing::info!(account.id = %account, key.id = %actor.key().id, "a recipient was erased");
        Ok(Erasure {
            deliveries: erased.deliveries,
            attempts: erased.attempts,
            batches: erased.batches,
            dead_letters: erased.dead_letters,
            held: self.held(),
        })
    }

    /// The topics in which recipients stand, and until when what was written by now is in them.
    fn held(&self) -> Vec<Held> {
        let topics = &self.topics;
        let firsts = [&topics.events, &topics.deliveries];
        let lasts = [&topics.dead_events, &topics.dead_deliveries, &topics.attempts];
        let all = firsts.into_iter().chain(topics.retries().map(|(_, topic)| topic)).chain(lasts);
        let held = |topic| {
            let kept = topics.spec(topic)?.retention()?;
            Some(Held { topic: topic.to_string(), until: self.world.now() + kept })
        };
        all.filter_map(|topic| held(topic)).collect()
    }
}
