//! Accounts: operators make and delete them.

use domain::{Account, AccountId, Change, Registry, Revision, Timestamp, is_account_id};
use wire::api::NewAccount;

use super::fields::{self, Errors};
use crate::problem::Refusal;

/// Checks a request for a new account.
///
/// # Errors
/// Names each field that will not do.
pub fn draft(new: &NewAccount, now: Timestamp) -> Result<Account, Refusal> {
    let mut errors = Errors::default();
    if !is_account_id(&new.id) {
        errors.add(
            "id",
            "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or a digit",
        );
    }
    let name = errors.keep(fields::name("name", &new.name));
    errors.finish()?;
    Ok(Account {
        id: new.id.as_str().into(),
        name: name.unwrap_or_default(),
        created_at: now,
        revision: Revision(1),
    })
}

/// Makes the account.
///
/// # Errors
/// When there is one of that id.
pub fn create(registry: &Registry, account: &Account) -> Result<Vec<Change>, Refusal> {
    if registry.account(&account.id).is_some() {
        return Err(Refusal::Conflict {
            code: "account-exists",
            detail: format!("there is an account {} already", account.id),
        });
    }
    Ok(vec![Change::Account(account.clone())])
}

/// Deletes the account and its keys. Its webhooks must be deleted before: that is not to happen by the way.
///
/// # Errors
/// When there is none, or it has webhooks.
pub fn delete(registry: &Registry, id: &AccountId) -> Result<Vec<Change>, Refusal> {
    registry.account(id).ok_or(Refusal::NoSuch("account"))?;
    let webhooks = registry.webhooks().filter(|it| it.webhook.account == *id).count();
    if webhooks > 0 {
        return Err(Refusal::Conflict {
            code: "account-has-webhooks",
            detail: format!("the account {id} still has {webhooks} webhooks: delete them first"),
        });
    }
    let keys = registry.keys().filter(|key| key.account.as_ref() == Some(id));
    let mut changes: Vec<_> = keys.map(|key| Change::KeyGone(key.hash)).collect();
    changes.push(Change::AccountGone(id.clone()));
    Ok(changes)
}
