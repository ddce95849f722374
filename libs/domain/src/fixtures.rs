//! Values for tests, of this crate and of those above it.

use crate::{Limits, Revision, Sealed, Secrets, State, Timestamp, Types, Verification, Webhook};

/// An active webhook; no types means all.
pub fn webhook(id: &str, account: &str, types: &[&str]) -> Webhook {
    Webhook {
        id: id.into(),
        account: account.into(),
        name: id.to_owned(),
        url: format!("https://{id}.example/hook").into(),
        pending: None,
        types: match types {
            [] => Types::All,
            some => Types::Only(some.iter().map(|kind| (*kind).into()).collect()),
        },
        trigger: crate::Trigger::default(),
        format: crate::Format::Json,
        secrets: Secrets { current: Sealed { key: "k".into(), text: "t".into() }, previous: None },
        platform_signature: false,
        headers: Vec::new(),
        limits: Limits::default(),
        batch: None,
        state: State::Active,
        verification: Verification { token: "token".into(), verified_at: None },
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        revision: Revision(1),
    }
}
