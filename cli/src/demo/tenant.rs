//! The demo's customer: an account, a key to send with, and three webhooks, made and verified over the console's API.

use std::time::Duration;

use anyhow::Context as _;
use http::Method;
use process::Secret;
use serde_json::{Value, json};

use super::books::Wants;
use super::receiver::{Endpoint, Receiver};
use super::services::Addresses;
use crate::events::Sender;
use crate::listen::verifier::Verifier;
use crate::rest::Rest;

/// What the stream of events needs to know.
pub(super) struct Tenant {
    /// Sends events in the account's name.
    pub(super) sender: Sender,
    /// What each webhook wants.
    pub(super) wants: Vec<Wants>,
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
    let account = json!({"id": ACCOUNT, "name": "The demo's customer"});
    operator.json(Method::POST, "/v1/accounts", Some(&account)).await.context("creating the account")?;
    let scopes = json!(["events:write", "webhooks:read", "webhooks:write"]);
    let wanted = json!({"account": ACCOUNT, "name": "demo", "scopes": scopes});
    let made = operator.json(Method::POST, "/v1/keys", Some(&wanted)).await.context("creating a key")?;
    let key = Secret::new(text(&made, "key")?);

    let customer = Rest::new(&addresses.console, &key)?;
    let mut wants = Vec::new();
    for wish in wishes() {
        let name = wish.name;
        wants
            .push(webhook(&customer, wish, receiver).await.with_context(|| format!("the webhook '{name}'"))?);
    }
    let ingest = Rest::new(&addresses.ingest, &key)?;
    Ok(Tenant { sender: Sender::new(ingest, None, PATIENCE), wants })
}

/// Makes a webhook, lets its receiver know the secret, and proves by the file that the receiver is ours.
async fn webhook(customer: &Rest, wish: Wish, receiver: &Receiver) -> anyhow::Result<Wants> {
    let types = match &wish.wants {
        Wants::Everything => json!("*"),
        Wants::Only(kinds) => json!(kinds),
    };
    let wanted =
        json!({"name": wish.name, "url": receiver.url(wish.path), "types": types, "format": wish.format});
    let made = customer.json(Method::POST, "/v1/webhooks", Some(&wanted)).await?;
    let verifier = Verifier::new([text(&made, "secret")?])?;
    receiver.open(wish.path, Endpoint { verifier, fails: wish.fails });

    let id = text(&made, "id")?;
    let file =
        customer.call(Method::GET, &format!("/v1/webhooks/{id}/verification-file"), &[], Vec::new()).await?;
    let file = file.successful()?;
    let name = file.file_name().context("the verification file has no name")?;
    receiver.place_file(&name, &file.body).await?;
    let verified = customer.json(Method::POST, &format!("/v1/webhooks/{id}/verify"), None).await?;
    anyhow::ensure!(text(&verified, "state")? == "active", "verification did not make it active: {verified}");
    Ok(wish.wants)
}

fn text<'a>(object: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    object.get(name).and_then(Value::as_str).with_context(|| format!("the answer has no '{name}'"))
}
