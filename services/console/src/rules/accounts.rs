//! Accounts: operators make and delete them.

use std::num::NonZeroU16;
use std::ops::RangeInclusive;

use domain::{
    Account, AccountId, Change, Contact, Keep, KeepDetails, Registry, Revision, Scope, Timestamp,
    is_account_id,
};
use wire::api::{self, AccountPatch, NewAccount};

use super::access::Actor;
use super::change::Expected;
use super::fields::{self, Errors};
use crate::problem::Refusal;
use crate::words::sentence;

/// Checks a request for a new account.
///
/// # Errors
/// Names each field that will not do.
pub fn draft(new: &NewAccount, now: Timestamp) -> Result<Account, Refusal> {
    let mut errors = Errors::default();
    if !is_account_id(&new.id) {
        errors.add("id", sentence!("account-syntax"));
    }
    let name = errors.keep(fields::name("name", &new.name));
    let contact = new.contact.as_ref().map(|asked| contact(asked, &mut errors));
    let keep = new.keep.as_ref().map(|asked| keep(asked, &mut errors)).unwrap_or_default();
    errors.finish()?;
    Ok(Account {
        id: new.id.as_str().into(),
        name: name.unwrap_or_default(),
        contact,
        keep,
        created_at: now,
        revision: Revision(1),
    })
}

/// Changes an account. What comes out the same is not written.
///
/// # Errors
/// Names each field that will not do; or when there is no such account for who asks, the revision is stale, or somebody
/// but an operator changes the name.
pub fn change(
    registry: &Registry,
    actor: &Actor,
    id: &str,
    expected: Expected,
    patch: &AccountPatch,
) -> Result<Vec<Change>, Refusal> {
    let id = actor.account(registry, id)?;
    let present = registry.account(&id).ok_or(Refusal::NoSuch("account"))?;
    expected.meets(present.revision)?;
    let (mut errors, mut changed) = (Errors::default(), present.clone());
    if let Some(name) = &patch.name {
        actor.require(Scope::Operator)?;
        changed.name = errors.keep(fields::name("name", name)).unwrap_or_default();
    }
    if let Some(asked) = &patch.contact {
        changed.contact = asked.as_ref().map(|asked| contact(asked, &mut errors));
    }
    if let Some(asked) = &patch.keep {
        changed.keep = keep(asked, &mut errors);
    }
    errors.finish()?;
    if changed == *present {
        return Ok(Vec::new());
    }
    Ok(vec![Change::Account(Account { revision: present.revision.next(), ..changed })])
}

/// Whom to tell, in which language.
fn contact(asked: &api::Contact, errors: &mut Errors) -> Contact {
    if asked.email.parse::<lettre::Address>().is_err() {
        errors.add("contact.email", sentence!("email-wrong"));
    }
    let language = if asked.language.is_empty() { LANGUAGES[0] } else { &asked.language };
    if !LANGUAGES.contains(&language) {
        errors.add("contact.language", sentence!("one-of", names = LANGUAGES.join(", ")));
    }
    Contact { email: asked.email.clone(), language: language.to_owned() }
}

/// What is kept of attempts.
fn keep(asked: &api::Keep, errors: &mut Errors) -> Keep {
    let details = asked.details.as_deref().map_or(Some(KeepDetails::default()), KeepDetails::named);
    if details.is_none() {
        let names = KeepDetails::ALL.map(KeepDetails::name).join(", ");
        errors.add("keep.details", sentence!("one-of", names = names));
    }
    if asked.days.is_some_and(|days| !DAYS.contains(&days)) {
        errors.add("keep.days", fields::range(&DAYS));
    }
    Keep { details: details.unwrap_or_default(), days: asked.days.and_then(NonZeroU16::new) }
}

const DAYS: RangeInclusive<u16> = 1..=365;

/// What people can be written to in; the first where they do not say.
const LANGUAGES: [&str; 2] = ["en", "nl"];

/// Makes the account.
///
/// # Errors
/// When there is one of that id.
pub fn create(registry: &Registry, account: &Account) -> Result<Vec<Change>, Refusal> {
    if registry.account(&account.id).is_some() {
        return Err(Refusal::Conflict {
            code: "account-exists",
            detail: sentence!("account-exists", account = &account.id),
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
            detail: sentence!("account-has-webhooks", account = id, count = webhooks),
        });
    }
    let keys = registry.keys().filter(|key| key.account.as_ref() == Some(id));
    let mut changes: Vec<_> = keys.map(|key| Change::KeyGone(key.hash)).collect();
    changes.push(Change::AccountGone(id.clone()));
    Ok(changes)
}
