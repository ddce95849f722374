//! Accounts: operators make and delete them.

use domain::{AccountId, Registry, Scope};
use wire::api::{Account, AccountPatch, NewAccount, Page};

use super::present;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::accounts;
use crate::rules::change::Expected;
use crate::rules::paging::Paging;
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// A page of accounts: all of them for operators, one's own for others.
    ///
    /// # Errors
    /// When the key lacks the scope.
    pub fn list_accounts(&self, actor: &Actor, paging: &Paging) -> Result<Page<Account>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        self.look(|registry| {
            let seen = registry.accounts().filter(|account| actor.sees(&account.id));
            Ok(paging.page(seen.map(present::account), |account: &Account| account.id.as_str()))
        })
    }

    /// An account.
    ///
    /// # Errors
    /// When it is not there for who asks, or the key lacks the scope.
    pub fn show_account(&self, actor: &Actor, id: &str) -> Result<Account, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        self.look(|registry| {
            let id = actor.account(registry, id)?;
            registry.account(&id).map(present::account).ok_or(Refusal::NoSuch("account"))
        })
    }

    /// Makes an account.
    ///
    /// # Errors
    /// Names each field that will not do; or when there is one of that id, or who asks is no operator.
    pub async fn create_account(&self, actor: &Actor, new: &NewAccount) -> Result<Account, Refusal> {
        actor.require(Scope::Operator)?;
        let account = accounts::draft(new, self.world.now())?;
        let shown = present::account(&account);
        self.write(actor, move |registry| accounts::create(registry, &account)).await?;
        tracing::info!(account.id = shown.id, key.id = %actor.key().id, "an account was made");
        Ok(shown)
    }

    /// Changes an account: operators all of it, its own keys whom to tell when a webhook fails.
    ///
    /// # Errors
    /// Names each field that will not do; or when it is not there for who asks, or the revision is stale.
    pub async fn change_account(
        &self,
        actor: &Actor,
        id: &str,
        expected: Expected,
        patch: &AccountPatch,
    ) -> Result<Account, Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let (who, account, patch) = (actor.clone(), id.to_owned(), patch.clone());
        let change = move |registry: &Registry| accounts::change(registry, &who, &account, expected, &patch);
        self.write(actor, change).await?;
        tracing::info!(account.id = id, key.id = %actor.key().id, "an account was changed");
        self.show_account(actor, id)
    }

    /// Deletes an account and its keys.
    ///
    /// # Errors
    /// When there is none, it has webhooks, or who asks is no operator.
    pub async fn delete_account(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        actor.require(Scope::Operator)?;
        let account = AccountId::from(id);
        self.write(actor, move |registry| accounts::delete(registry, &account)).await?;
        tracing::info!(account.id = id, key.id = %actor.key().id, "an account was deleted");
        Ok(())
    }
}
