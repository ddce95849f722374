//! What the audit log says of a change: what was done, to what, and which of its members are different. Never values.

use domain::{Account, AccountId, ApiKey, Change, CustomHeader, Registry, State, Trigger, Webhook};

use super::keys::CONFIGURED;

/// Every action that there is, by its stable name.
pub const ACTIONS: [&str; 25] = [
    "account.changed",
    "account.created",
    "account.deleted",
    "backfill.started",
    "dead_letters.discarded",
    "dead_letters.replayed",
    "delivery.resent",
    "job.cancelled",
    "key.created",
    "key.deleted",
    "portal_link.created",
    "recipient.erased",
    "secret.ended",
    "secret.revealed",
    "secret.rotated",
    "session.began",
    "session.ended",
    "session.refused",
    "webhook.changed",
    "webhook.created",
    "webhook.deleted",
    "webhook.enabled",
    "webhook.paused",
    "webhook.resumed",
    "webhook.verified",
];

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its stable name.
    pub action: &'static str,
    /// Whose things it was done to.
    pub account: Option<AccountId>,
    /// The id of what it was done to.
    pub object: Option<String>,
    /// The members that are different now, as the API calls them.
    pub fields: Vec<String>,
}

impl Deed {
    /// Something that has no members.
    pub fn new(action: &'static str, account: Option<AccountId>, object: Option<String>) -> Self {
        Self { action, account, object, fields: Vec::new() }
    }

    fn to_webhook(action: &'static str, webhook: &Webhook, fields: Vec<String>) -> Self {
        let (account, object) = (Some(webhook.account.clone()), Some(webhook.id.to_string()));
        Self { action, account, object, fields }
    }

    fn to_key(action: &'static str, key: &ApiKey) -> Self {
        Self::new(action, key.account.clone(), Some(key.id.to_string()))
    }
}

/// What changes of the registry do to it as it is.
pub fn deeds(registry: &Registry, changes: &[Change]) -> Vec<Deed> {
    changes.iter().flat_map(|change| of_change(registry, change)).collect()
}

/// What changes of the configured operator's key do.
pub fn configured(changes: &[Change]) -> Vec<Deed> {
    let of = |change: &Change| match change {
        Change::Key(key) => Some(Deed::to_key("key.created", key)),
        Change::KeyGone(_) => Some(Deed::new("key.deleted", None, Some(CONFIGURED.to_owned()))),
        Change::Webhook(_)
        | Change::WebhookGone(_)
        | Change::Health(_)
        | Change::HealthGone(_)
        | Change::FilterFailure(_)
        | Change::FilterFailureGone(_)
        | Change::Account(_)
        | Change::AccountGone(_) => None,
    };
    changes.iter().filter_map(of).collect()
}

fn of_change(registry: &Registry, change: &Change) -> Vec<Deed> {
    match change {
        Change::Webhook(after) => match registry.webhook(&after.id) {
            Some(before) => to_webhook(&before.webhook, after),
            None => vec![Deed::to_webhook("webhook.created", after, Vec::new())],
        },
        Change::WebhookGone(id) => {
            let before = registry.webhook(id);
            before
                .map(|it| Deed::to_webhook("webhook.deleted", &it.webhook, Vec::new()))
                .into_iter()
                .collect()
        }
        Change::Account(after) => {
            let deed = |action| Deed::new(action, Some(after.id.clone()), Some(after.id.to_string()));
            match registry.account(&after.id) {
                Some(before) => vec![Deed { fields: renewed(before, after), ..deed("account.changed") }],
                None => vec![deed("account.created")],
            }
        }
        Change::AccountGone(id) => {
            vec![Deed::new("account.deleted", Some(id.clone()), Some(id.to_string()))]
        }
        Change::Key(key) => vec![Deed::to_key("key.created", key)],
        Change::KeyGone(hash) => {
            registry.key(hash).map(|key| Deed::to_key("key.deleted", key)).into_iter().collect()
        }
        // What is found out, and not done.
        Change::Health(_) | Change::HealthGone(_) => Vec::new(),
        Change::FilterFailure(_) | Change::FilterFailureGone(_) => Vec::new(),
    }
}

/// The members of an account that are different.
fn renewed(before: &Account, after: &Account) -> Vec<String> {
    let Account { id: _, name, contact, keep, created_at: _, revision: _ } = after;
    let members = [
        ("name", *name != before.name),
        ("contact", *contact != before.contact),
        ("keep", *keep != before.keep),
    ];
    members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

/// A change of a webhook is as many deeds as people have names for.
fn to_webhook(before: &Webhook, after: &Webhook) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let mut fields = differences(before, after);
    let mut done = |action, fields| deeds.push(Deed::to_webhook(action, after, fields));
    if is_proven(before, after) {
        let moved = (before.url != after.url).then(|| "url".to_owned());
        fields.retain(|field| field != "url");
        done("webhook.verified", moved.into_iter().collect());
    }
    if before.secrets.current != after.secrets.current {
        done("secret.rotated", Vec::new());
    } else if before.secrets != after.secrets {
        done("secret.ended", Vec::new());
    }
    if let Some(action) = step(&before.state, &after.state) {
        done(action, Vec::new());
    }
    if !fields.is_empty() {
        done("webhook.changed", fields);
    }
    deeds
}

fn is_proven(before: &Webhook, after: &Webhook) -> bool {
    let proof = &after.verification;
    proof.verified_at.is_some() && *proof != before.verification
}

/// What a person did to get a webhook from one state to the other.
fn step(before: &State, after: &State) -> Option<&'static str> {
    match (before, after) {
        (State::Active, State::Paused) => Some("webhook.paused"),
        (State::Paused, State::Active) => Some("webhook.resumed"),
        (State::Disabled(_), State::Active) => Some("webhook.enabled"),
        // The others are a proof's, or not a person's.
        (State::Unverified | State::Active, State::Active)
        | (State::Unverified | State::Paused | State::Disabled(_), State::Paused)
        | (_, State::Unverified | State::Disabled(_)) => None,
    }
}

/// The members that are different, as the API calls them. What is told otherwise is left out, and no member forgotten.
fn differences(before: &Webhook, after: &Webhook) -> Vec<String> {
    let Webhook {
        id: _,
        account: _,
        name,
        url,
        pending,
        types,
        trigger,
        format,
        secrets: _,
        platform_signature,
        headers,
        limits,
        batch,
        state: _,
        verification: _,
        created_at: _,
        updated_at: _,
        revision: _,
    } = after;
    let Trigger { filter, database, collection, callers, fields } = trigger;
    let was = &before.trigger;
    let members = [
        ("name", *name != before.name),
        ("url", *url != before.url || *pending != before.pending),
        ("types", *types != before.types),
        ("filter", *filter != was.filter),
        ("database", *database != was.database),
        ("collection", *collection != was.collection),
        ("callers", *callers != was.callers),
        ("fields", *fields != was.fields),
        ("format", *format != before.format),
        ("platform_signature", *platform_signature != before.platform_signature),
        ("limits", *limits != before.limits),
        ("batch", *batch != before.batch),
    ];
    let different = members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned());
    different.chain(headers_changed(&before.headers, headers)).collect()
}

fn headers_changed(before: &[CustomHeader], after: &[CustomHeader]) -> Vec<String> {
    let other = |these: &[CustomHeader], those: &[CustomHeader]| -> Vec<String> {
        these.iter().filter(|it| !those.contains(it)).map(|it| format!("headers.{}", it.name)).collect()
    };
    let mut names = [other(before, after), other(after, before)].concat();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{DisabledReason, PendingUrl, Sealed, Verification};

    use super::*;
    use crate::testing::*;

    fn after(state: State, change: impl FnOnce(&mut Webhook)) -> Vec<(&'static str, Vec<String>)> {
        let mut registry = registry();
        let before = webhook("wh_1", "acme", state);
        apply(&mut registry, Change::Webhook(Box::new(before.clone())));
        let mut changed = before;
        change(&mut changed);
        let deeds = deeds(&registry, &[Change::Webhook(Box::new(changed))]);
        for deed in &deeds {
            assert_eq!(
                (deed.account.as_ref().map(AccountId::as_str), deed.object.as_deref()),
                (Some("acme"), Some("wh_1"))
            );
            assert!(ACTIONS.contains(&deed.action), "{}", deed.action);
        }
        deeds.into_iter().map(|deed| (deed.action, deed.fields)).collect()
    }

    #[test]
    fn each_step_of_a_webhooks_life_has_a_name() {
        let disabled = State::Disabled(DisabledReason::Gone);
        for (from, to, name) in [
            (State::Active, State::Paused, "webhook.paused"),
            (State::Paused, State::Active, "webhook.resumed"),
            (disabled, State::Active, "webhook.enabled"),
        ] {
            assert_eq!(after(from, |it| it.state = to), [(name, Vec::new())]);
        }
    }

    #[test]
    fn what_is_different_is_named_as_the_api_names_it_and_no_value_is_shown() {
        let sealed = |text: &str| Sealed { key: "k1".into(), text: text.into() };
        let done = after(State::Active, |it| {
            it.name = "geheim".to_owned();
            it.pending = Some(PendingUrl { url: "https://geheim.example/".into(), token: "t".into() });
            it.trigger.filter = Some("true".into());
            it.headers.push(CustomHeader { name: "X-Key".to_owned(), value: sealed("geheim") });
        });
        let names = ["name", "url", "filter", "headers.X-Key"].map(str::to_owned).to_vec();
        assert_eq!(done, [("webhook.changed", names)]);
        let rotated = after(State::Active, |it| it.secrets.current = sealed("geheim"));
        assert_eq!(rotated, [("secret.rotated", Vec::new())]);
    }

    #[test]
    fn a_proof_is_told_as_one_and_so_is_the_url_that_it_lets_in() {
        let first = after(State::Unverified, |it| {
            (it.state, it.verification.verified_at) = (State::Active, Some(NOW));
        });
        assert_eq!(first, [("webhook.verified", Vec::new())]);
        let moved = after(State::Active, |it| {
            it.url = Arc::from("https://b.example/");
            it.verification = Verification { token: "other".into(), verified_at: Some(NOW) };
        });
        assert_eq!(moved, [("webhook.verified", vec!["url".to_owned()])]);
    }

    #[test]
    fn the_operators_key_of_the_configuration_is_told_when_it_comes_and_when_it_goes() {
        let mut registry = registry();
        let first = crate::rules::keys::install(&registry, "one", NOW);
        first.iter().for_each(|change| apply(&mut registry, change.clone()));
        let second = crate::rules::keys::install(&registry, "two", NOW);
        let told: Vec<_> = [first, second].iter().flat_map(|changes| configured(changes)).collect();
        assert_eq!(
            told.iter().map(|it| it.action).collect::<Vec<_>>(),
            ["key.created", "key.deleted", "key.created"]
        );
        assert!(told.iter().all(|it| it.object.as_deref() == Some(CONFIGURED)));
    }

    #[test]
    fn whatever_comes_and_goes_is_told_with_its_account() {
        let mut registry = registry();
        apply(&mut registry, Change::Webhook(Box::new(webhook("wh_1", "acme", State::Active))));
        let acme = domain::KeyHash::of(ACME);
        let changes = [
            Change::Account(account("new")),
            Change::Key(key("fresh", Some("new"), &[])),
            Change::Webhook(Box::new(webhook("wh_2", "bolt", State::Unverified))),
            Change::WebhookGone("wh_1".into()),
            Change::HealthGone("wh_1".into()),
            Change::KeyGone(acme),
            Change::AccountGone("acme".into()),
        ];
        let told = deeds(&registry, &changes);
        let told: Vec<_> = told.iter().map(|it| (it.action, it.account.as_ref().unwrap().as_str())).collect();
        assert_eq!(
            told,
            [
                ("account.created", "new"),
                ("key.created", "new"),
                ("webhook.created", "bolt"),
                ("webhook.deleted", "acme"),
                ("key.deleted", "acme"),
                ("account.deleted", "acme"),
            ]
        );
    }
}
