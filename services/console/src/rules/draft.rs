//! New webhooks.

use domain::{
    AccountId, Batching, Change, CustomHeader, Format, Keyring, Limits, Registry, Revision, Secrets, State,
    Timestamp, Trigger, Verification, Webhook, WebhookId,
};
use outbound::AddressPolicy;
use wire::api::{Headers, NewWebhook};
use wire::registry::header_field;

use super::chance::{self, Chance};
use super::fields::{self, Errors};
use super::proof;
use super::secrets::Seals;
use super::trigger;
use crate::problem::Refusal;
use crate::words::sentence;

/// What requests are checked and sealed with.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// Judges URLs.
    pub policy: &'a AddressPolicy,
    /// Seals secrets.
    pub keyring: &'a Keyring,
    /// Whether the platform has a key to sign with.
    pub signs: bool,
    /// The time.
    pub now: Timestamp,
}

/// A webhook to be, and its signing secret.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The webhook, unverified.
    pub webhook: Webhook,
    /// What its owner gets.
    pub secret: String,
}

/// Checks a request for a new webhook, and makes its secrets.
///
/// # Errors
/// Names each field that will not do.
pub fn prepare(
    new: &NewWebhook,
    account: AccountId,
    tools: Tools<'_>,
    chance: Chance<'_>,
) -> Result<Draft, Refusal> {
    let id = WebhookId::new(chance::id("wh", tools.now, chance));
    let seals = Seals::new(tools.keyring, &id);
    let mut errors = Errors::default();
    let name = errors.keep(fields::name("name", &new.name));
    let url = errors.keep(fields::url(tools.policy, &new.url));
    let types = fields::types(&new.types, &mut errors);
    let asked = new.conditions();
    trigger::check(&asked, &mut errors);
    let trigger = trigger::over(&Trigger::default(), &asked);
    trigger::fits(&trigger, &types, &mut errors);
    let format = new.format.as_deref().map_or(Ok(Format::default()), fields::format);
    let format = errors.keep(format);
    let limits = fields::limits(Limits::default(), &new.limits, &mut errors);
    let batch = new.batch.as_ref().map(|batch| fields::batch(Batching::default(), batch, &mut errors));
    errors.keep(fields::batch_fits(format.unwrap_or_default(), batch.as_ref(), "batch"));
    errors.keep(fields::platform_signature(new.platform_signature, tools.signs));
    let headers = custom_headers(&new.headers, &seals, &mut errors, chance);
    errors.finish()?;
    let (secret, current) = seals.signing_secret(chance);
    let webhook = Webhook {
        id,
        account,
        name: name.unwrap_or_default(),
        url: url.unwrap_or_default(),
        pending: None,
        types,
        trigger,
        format: format.unwrap_or_default(),
        secrets: Secrets { current, previous: None },
        platform_signature: new.platform_signature,
        headers: headers.into_iter().filter_map(|(_, header)| header).collect(),
        limits,
        batch,
        state: State::Unverified,
        verification: Verification { token: proof::token(chance), verified_at: None },
        created_at: tools.now,
        updated_at: tools.now,
        revision: Revision(1),
    };
    Ok(Draft { webhook, secret })
}

/// Makes the webhook.
///
/// # Errors
/// When its account does not exist.
pub fn create(registry: &Registry, webhook: &Webhook) -> Result<Vec<Change>, Refusal> {
    if registry.account(&webhook.account).is_none() {
        return Err(Refusal::field(
            "account",
            sentence!("account-unknown", account = fields::shown(webhook.account.as_str())),
        ));
    }
    Ok(vec![Change::Webhook(Box::new(webhook.clone()))])
}

/// The headers by their names in lower case, sealed; none for those to be removed.
pub(super) fn custom_headers(
    asked: &Headers,
    seals: &Seals<'_>,
    errors: &mut Errors,
    chance: Chance<'_>,
) -> Vec<(String, Option<CustomHeader>)> {
    if asked.len() > fields::MAX_HEADERS {
        errors.add("headers", sentence!("headers-many", count = asked.len(), most = fields::MAX_HEADERS));
        return Vec::new();
    }
    let mut headers: Vec<(String, Option<CustomHeader>)> = Vec::with_capacity(asked.len());
    for (name, value) in asked {
        let lower = name.to_ascii_lowercase();
        if headers.iter().any(|(other, _)| *other == lower) {
            errors.add(format!("headers.{}", fields::shown(name)), sentence!("header-twice"));
        }
        let sealed = value.as_deref().and_then(|value| {
            errors.keep(fields::header(name, value))?;
            let value = seals.seal(&header_field(name), value, chance);
            Some(CustomHeader { name: name.clone(), value })
        });
        headers.push((lower, sealed));
    }
    headers
}
