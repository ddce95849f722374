//! The demo's customer: an account, a key to send with, and three webhooks, made and verified over the console's API.

use std::time::Duration;

use anyhow::Context as _;
use domain::{AccountId, WebhookId};
use http::Method;
use process::Secret;
use wire::api::{CreatedKey, NewAccount, NewKey, NewWebhook, Types, WebhookWithSecret};

use super::books::Wants;
use super::load::Hook;
use super::receiver::{Endpoint, Receiver};
use super::services::Addresses;
use crate::events::Sender;
use crate::listen::verifier::Verifier;
use crate::rest::Rest;
use crate::webhooks;

/// What the stream of events needs to know.
pub(super) struct Tenant {
    /// Sends events in the account's name.
    pub(super) sender: Sender,
    /// Its id.
    pub(super) account: AccountId,
    /// Its webhooks.
    pub(super) hooks: Vec<Hook>,
}

struct Wish {
    name: &'static str,
    path: &'static str,
    format: &'static str,
    wants: Wants,
    fails: bool,
}

const ACCOUNT: &str = "demo";
/// Kafka or ingest may hiccup, but not for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One for everything, one for some types, and one that fails: of the rarest type, so that the demo ends soon.
fn wishes() -> [Wish; 3] {
    [
        Wish { name: "everything", path: "/json", format: "json", wants: Wants::Everything, fails: false },
        Wish {
            name: "engagement",
            path: "/standard",
            format: "standard",
            wants: Wants::Only(["open", "click", "unsubscribe"].into()),
            fails: false,
        },
        Wish {
            name: "always fails",
            path: "/failing",
            format: "cloudevents",
            wants: Wants::Only(["abuse"].into()),
            fails: true,
        },
    ]
}

/// Makes all of it.
pub(super) async fn create(
    addresses: &Addresses,
    key: &Secret,
    receiver: &Receiver,
) -> anyhow::Result<Tenant> {
    let operator = Rest::new(&addresses.console, key)?;
    let account = NewAccount {
        id: ACCOUNT.to_owned(),
        name: "The demo's customer".to_owned(),
        contact: None,
        keep: None,
    };
    operator.tell(Method::POST, "/v1/accounts", Some(&account)).await.context("creating the account")?;
    let scopes = ["events:write", "webhooks:read", "webhooks:write"].map(str::to_owned).to_vec();
    let wanted = NewKey { name: "demo".to_owned(), scopes, expires_at: None };
    let path = format!("/v1/accounts/{ACCOUNT}/keys");
    let made: CreatedKey =
        operator.ask(Method::POST, &path, Some(&wanted)).await.context("creating a key")?;
    let key = Secret::new(made.secret);

    let customer = Rest::new(&addresses.console, &key)?;
    let mut hooks = Vec::new();
    for wish in wishes() {
        let id = webhook(&customer, &wish, receiver).await;
        let id = id.with_context(|| format!("the webhook '{}'", wish.name))?;
        hooks.push(Hook { id, wants: wish.wants });
    }
    let ingest = Rest::new(&addresses.ingest, &key)?;
    Ok(Tenant { sender: Sender::new(ingest, None, PATIENCE), account: ACCOUNT.into(), hooks })
}

/// Makes a webhook, lets its receiver know the secret, and proves by the file that the receiver is ours. Its id.
async fn webhook(customer: &Rest, wish: &Wish, receiver: &Receiver) -> anyhow::Result<WebhookId> {
    let wanted = NewWebhook {
        name: wish.name.to_owned(),
        url: receiver.url(wish.path),
        types: match &wish.wants {
            Wants::Everything => Types::all(),
            Wants::Only(kinds) => Types::only(kinds.iter().copied()),
        },
        format: Some(wish.format.to_owned()),
        ..NewWebhook::default()
    };
    let made: WebhookWithSecret = customer.ask(Method::POST, "/v1/webhooks", Some(&wanted)).await?;
    let verifier = Verifier::new([made.secret.as_str()])?;
    receiver.open(wish.path, Endpoint { verifier, fails: wish.fails });

    let file = webhooks::verification_file(customer, &made.webhook.id).await?;
    receiver.place_file(&file.name, &file.content).await?;
    let verified = webhooks::verify(customer, &made.webhook.id).await?;
    anyhow::ensure!(verified.state == "active", "it is {} after its verification", verified.state);
    Ok(made.webhook.id.as_str().into())
}
