//! Changes of a webhook's settings.

use std::sync::Arc;

use domain::{
    Batching, CustomHeader, Format, Limits, PendingUrl, State, Types, Verification, Webhook, WebhookId,
};
use wire::api::{BatchPatch, LimitsPatch, TriggerPatch, WebhookPatch};

use super::chance::Chance;
use super::draft::{Tools, custom_headers};
use super::fields::{self, Errors};
use super::proof;
use super::secrets::Seals;
use super::trigger;
use crate::problem::Refusal;
use crate::words::sentence;

/// A checked change.
#[derive(Clone, Debug)]
pub struct Edit {
    name: Option<String>,
    url: Option<PendingUrl>,
    types: Option<Types>,
    conditions: TriggerPatch,
    format: Option<Format>,
    platform_signature: Option<bool>,
    headers: Vec<(String, Option<CustomHeader>)>,
    limits: LimitsPatch,
    batch: Option<Option<BatchPatch>>,
}

/// Checks a change, and seals what is secret in it.
///
/// # Errors
/// Names each field that will not do.
pub fn prepare(
    patch: &WebhookPatch,
    id: &WebhookId,
    tools: Tools<'_>,
    chance: Chance<'_>,
) -> Result<Edit, Refusal> {
    let mut errors = Errors::default();
    let name = patch.name.as_deref().map(|name| fields::name("name", name));
    let name = name.and_then(|name| errors.keep(name));
    let url = patch.url.as_deref().map(|url| fields::url(tools.policy, url));
    let url = url.and_then(|url| errors.keep(url));
    let types = patch.types.as_ref().map(|types| fields::types(types, &mut errors));
    let conditions = patch.conditions();
    trigger::check(&conditions, &mut errors);
    let format = patch.format.as_deref().map(fields::format);
    let format = format.and_then(|format| errors.keep(format));
    let platform_signature = patch.platform_signature;
    errors.keep(fields::platform_signature(platform_signature == Some(true), tools.signs));
    fields::limits(Limits::default(), &patch.limits, &mut errors);
    if let Some(batch) = patch.batch.flatten() {
        fields::batch(Batching::default(), &batch, &mut errors);
    }
    let headers = custom_headers(&patch.headers, &Seals::new(tools.keyring, id), &mut errors, chance);
    errors.finish()?;
    let url = url.map(|url| PendingUrl { url, token: proof::token(chance) });
    Ok(Edit {
        name,
        url,
        types,
        conditions,
        format,
        platform_signature,
        headers,
        limits: patch.limits,
        batch: patch.batch,
    })
}

impl Edit {
    /// The webhook after the change.
    ///
    /// # Errors
    /// When it would have too many headers, or its parts would not go together.
    pub fn apply(&self, webhook: &Webhook) -> Result<Webhook, Refusal> {
        let mut changed = webhook.clone();
        if let Some(name) = &self.name {
            changed.name.clone_from(name);
        }
        if let Some(url) = &self.url {
            move_to(&mut changed, url);
        }
        if let Some(types) = &self.types {
            changed.types = types.clone();
        }
        changed.trigger = trigger::over(&webhook.trigger, &self.conditions);
        if let Some(format) = self.format {
            changed.format = format;
        }
        changed.platform_signature = self.platform_signature.unwrap_or(webhook.platform_signature);
        changed.limits = fields::limits(webhook.limits, &self.limits, &mut Errors::default());
        if let Some(batch) = self.batch {
            let base = webhook.batch.unwrap_or_default();
            changed.batch = batch.map(|asked| fields::batch(base, &asked, &mut Errors::default()));
        }
        let asked = if self.batch.is_some() { "batch" } else { "format" };
        let mut errors = Errors::default();
        trigger::fits(&changed.trigger, &changed.types, &mut errors);
        errors.keep(fields::batch_fits(changed.format, changed.batch.as_ref(), asked));
        errors.finish()?;
        changed.headers = merged(&webhook.headers, &self.headers)?;
        Ok(changed)
    }
}

/// A verified URL stays live until the new one is proven; one that is not verified simply gives way. Going back to the
/// live URL takes the new one off the table.
fn move_to(webhook: &mut Webhook, new: &PendingUrl) {
    if webhook.url == new.url {
        webhook.pending = None;
    } else if webhook.state == State::Unverified {
        webhook.url = Arc::clone(&new.url);
        webhook.verification = Verification { token: Arc::clone(&new.token), verified_at: None };
    } else if webhook.pending.as_ref().is_none_or(|pending| pending.url != new.url) {
        webhook.pending = Some(new.clone());
    }
}

fn merged(
    present: &[CustomHeader],
    changes: &[(String, Option<CustomHeader>)],
) -> Result<Vec<CustomHeader>, Refusal> {
    let touched =
        |header: &CustomHeader| changes.iter().any(|(name, _)| header.name.eq_ignore_ascii_case(name));
    let mut headers: Vec<_> = present.iter().filter(|header| !touched(header)).cloned().collect();
    headers.extend(changes.iter().filter_map(|(_, header)| header.clone()));
    if headers.len() > fields::MAX_HEADERS {
        let what = sentence!("headers-would-be", count = headers.len(), most = fields::MAX_HEADERS);
        return Err(Refusal::field("headers", what));
    }
    Ok(headers)
}
