//! API keys: listed, made, revoked.

use domain::{AccountId, ApiKey, KeyId, Scope};
use wire::api::{CreatedKey, Key, NewKey, Page};

use super::{chance, present};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::keys;
use crate::rules::paging::Paging;
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// A page of all keys, or of an account's, for operators.
    ///
    /// # Errors
    /// When who asks is no operator.
    pub fn list_keys(
        &self,
        actor: &Actor,
        account: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<Key>, Refusal> {
        actor.require(Scope::Operator)?;
        self.page_of_keys(paging, |key| account.is_none() || key.account.as_deref() == account)
    }

    /// A page of an account's keys.
    ///
    /// # Errors
    /// When it is not there for who asks, or the key lacks the scope.
    pub fn list_keys_of(&self, actor: &Actor, account: &str, paging: &Paging) -> Result<Page<Key>, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.account(registry, account))?;
        self.page_of_keys(paging, |key| key.account.as_deref() == Some(account.as_str()))
    }

    /// All keys of an account, or (of none) of operators, for operators.
    ///
    /// # Errors
    /// When who asks is no operator.
    pub(crate) fn every_key(&self, actor: &Actor, account: Option<&str>) -> Result<Vec<Key>, Refusal> {
        actor.require(Scope::Operator)?;
        self.look(|registry| {
            let wanted = |key: &&ApiKey| key.account.as_ref().map(AccountId::as_str) == account;
            let mut keys: Vec<_> = registry.keys().filter(wanted).map(present::key).collect();
            keys.sort_by(|a, b| a.id.cmp(&b.id));
            Ok(keys)
        })
    }

    /// Makes a key, of an account or (none) for operators.
    ///
    /// # Errors
    /// Names each field that will not do; or when the account is not there for who asks, or the key may give no such key.
    pub async fn create_key(
        &self,
        actor: &Actor,
        account: Option<&str>,
        new: &NewKey,
    ) -> Result<CreatedKey, Refusal> {
        let account: Option<AccountId> = match account {
            None => {
                actor.require(Scope::Operator)?;
                None
            }
            Some(account) => {
                actor.require(Scope::WebhooksWrite)?;
                Some(self.look(|registry| actor.account(registry, account))?)
            }
        };
        let keys::Draft { key, secret } = keys::prepare(new, account, actor, self.world.now(), &mut chance)?;
        let shown = present::key(&key);
        self.write(actor, move |registry| keys::create(registry, &key)).await?;
        tracing::info!(made.id = shown.id, key.id = %actor.key().id, "a key was made");
        Ok(CreatedKey { key: shown, secret })
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// When it is not there for who asks, comes from the configuration, or the key lacks the scope.
    pub async fn delete_key(&self, actor: &Actor, id: &str) -> Result<(), Refusal> {
        actor.require(Scope::WebhooksWrite)?;
        let (who, key) = (actor.clone(), KeyId::from(id));
        self.write(actor, move |registry| keys::delete(registry, &who, &key)).await?;
        tracing::info!(revoked.id = id, key.id = %actor.key().id, "a key was revoked");
        Ok(())
    }

    fn page_of_keys(&self, paging: &Paging, wanted: impl Fn(&Key) -> bool) -> Result<Page<Key>, Refusal> {
        self.look(|registry| {
            let keys = registry.keys().map(present::key).filter(|key| wanted(key));
            Ok(paging.page(keys, |key: &Key| key.id.as_str()))
        })
    }
}
