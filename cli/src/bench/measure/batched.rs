//! Many events in one POST, for webhooks that ask for it.

use anyhow::Context as _;
use http::Method;
use serde_json::json;
use wire::api::WebhookWithSecret;

use super::drain::{drained, fill};
use crate::bench::finding::Finding;
use crate::bench::payload::KIND;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::{Hook, Population};
use crate::bench::services::Start;
use crate::rest::{Refused, Rest};
use crate::webhooks;

const NAME: &str = "batched_events_per_s";
/// Events in one POST.
const EVENTS: u64 = 100;
/// Webhooks that are made. Each is verified by its file, one after the other.
const WEBHOOKS: usize = 24;

/// Events per second from the first POST to the last. The webhooks are made over the API: while that refuses the field
/// there is no figure, and the reason is what it says.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let bench = room.bench;
    let count = bench.sizes.batched;
    let customers = Population { name: "one", accounts: WEBHOOKS, each: 0, word: "ok" };
    room.open(FEW_TIERS, &[customers]).await?;
    room.start(&[Start::one("console")]).await?;
    let mut hooks = Vec::new();
    for number in 0..WEBHOOKS {
        match webhook(room, number).await {
            Ok(hook) => hooks.push(hook),
            Err(error) => return refused(error),
        }
    }
    bench.receiver.reset().await?;
    fill(room, &hooks, count).await?;
    room.start(&[Start::one("delivery")]).await?;
    let meter = room.meter();
    let (counts, aside) = drained(room, count, |counts| counts.events).await?;
    let seconds = (counts.last - counts.first) as f64 / 1e6;
    let finding = Finding::of(NAME, counts.events as f64 / seconds)
        .and("batched_events_per_post", counts.events as f64 / counts.posts.max(1) as f64)
        .while_busy(NAME, &meter);
    Ok(if aside > 0 { finding.note(format!("batched moved {aside} of {count} aside")) } else { finding })
}

fn refused(error: anyhow::Error) -> anyhow::Result<Finding> {
    match error.downcast_ref::<Refused>() {
        Some(refused) if refused.status.is_client_error() => {
            Ok(Finding::default().without(NAME, format!("the API refuses batch: {}", refused.headline())))
        }
        Some(_) | None => Err(error),
    }
}

/// Makes a webhook that wants batches, and proves its URL.
async fn webhook(room: &Room<'_>, number: usize) -> anyhow::Result<Hook> {
    let api = room.service("console")?.api.as_deref().context("the console has no address")?;
    let console = Rest::new(&format!("http://{api}"), &room.bench.operator_key)?;
    let account = format!("one-{number}");
    let wanted = json!({
        "account": account,
        "name": format!("batched {number}"),
        "url": room.bench.receiver.url("ok", number),
        "types": [KIND],
        "batch": { "max_events": EVENTS, "max_bytes": 256 * 1024, "max_wait_ms": 50 },
    });
    let made: WebhookWithSecret = console.ask(Method::POST, "/v1/webhooks", Some(&wanted)).await?;
    let id = made.webhook.id.as_str();
    let file = webhooks::verification_file(&console, id).await?;
    room.bench.receiver.place_file(&file.name, file.content).await?;
    webhooks::verify(&console, id).await?;
    Ok(Hook { account: account.as_str().into(), id: id.into() })
}
