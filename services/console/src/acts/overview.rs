//! The whole, for operators.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::{AccountId, Scope, State};
use wire::api::{AccountOverview, Overview};

use super::{present, present_history};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

/// How many hours back attempts are counted.
const DAY: u32 = 24;

impl<W: World> Console<W> {
    /// Every account with what it has and does, endpoints that fail, and what waits. A history that is away leaves its
    /// numbers out.
    ///
    /// # Errors
    /// When who asks is no operator.
    pub async fn overview(&self, actor: &Actor) -> Result<Overview, Refusal> {
        actor.require(Scope::Operator)?;
        let since = present_history::hour_before(self.world.now(), DAY - 1);
        let volumes = self.history().volumes(since).await;
        let history = volumes.is_ok();
        let volumes = volumes.unwrap_or_default();
        let (mut accounts, mut failing) = self.look(|registry| {
            let mut all: BTreeMap<&AccountId, AccountOverview> = BTreeMap::new();
            for account in registry.accounts() {
                let (successes, failures) = volumes.get(account.id.as_str()).copied().unwrap_or_default();
                let counted = AccountOverview {
                    account: present::account(account),
                    webhooks: 0,
                    active: 0,
                    keys: 0,
                    attempts: successes + failures,
                    successes,
                };
                all.insert(&account.id, counted);
            }
            for key in registry.keys() {
                if let Some(of) = key.account.as_ref().and_then(|account| all.get_mut(account)) {
                    of.keys += 1;
                }
            }
            let mut failing = Vec::new();
            for it in registry.webhooks() {
                if it.failing_since.is_some() {
                    failing.push(present::standing(registry, it));
                }
                let Some(of) = all.get_mut(&it.webhook.account) else { continue };
                of.webhooks += 1;
                of.active += u64::from(it.webhook.state == State::Active);
            }
            Ok((all.into_values().collect::<Vec<_>>(), failing))
        })?;
        accounts.sort_by_key(|account| Reverse(account.attempts));
        failing.sort_by_key(|webhook| webhook.failing_since);
        Ok(Overview { accounts, failing, backlog: self.world.backlog(), history })
    }
}
