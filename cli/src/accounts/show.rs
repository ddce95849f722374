//! How accounts and their keys are shown.

use serde::Serialize;
use wire::api::{Account, CreatedKey, Key};
use wire::text::rfc3339;

use crate::output::{line, safe, table};

/// A table, or one JSON object a line.
pub(super) fn accounts(accounts: &[Account], json: bool) {
    if json {
        return accounts.iter().for_each(object);
    }
    let contact = |account: &Account| account.contact.as_ref().map_or("-".to_owned(), |it| safe(&it.email));
    let row = |account: &Account| {
        [safe(&account.id), safe(&account.name), contact(account), rfc3339(account.created_at)]
    };
    let rows: Vec<_> = accounts.iter().map(row).collect();
    line(table(["ID", "NAME", "CONTACT", "MADE AT"], &rows));
}

/// A table, or one JSON object a line.
pub(super) fn keys(keys: &[Key], json: bool) {
    if json {
        return keys.iter().for_each(object);
    }
    let row = |key: &Key| {
        let scopes: Vec<_> = key.scopes.iter().map(String::as_str).collect();
        let expires = key.expires_at.map_or("never".to_owned(), rfc3339);
        [safe(&key.id), safe(&key.name), safe(&scopes.join(",")), expires, rfc3339(key.created_at)]
    };
    let rows: Vec<_> = keys.iter().map(row).collect();
    line(table(["ID", "NAME", "MAY", "EXPIRES AT", "MADE AT"], &rows));
}

/// The key itself, alone on standard output so that a script can take it; what it is called goes beside it.
pub(super) fn created(made: &CreatedKey, json: bool) {
    if json {
        return object(made);
    }
    eprintln!("{} is made. It is shown this once:", safe(&made.key.id));
    line(&made.secret);
}

fn object(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => line(text),
        Err(error) => tracing::error!(%error, "what was answered cannot be written as JSON"),
    }
}
