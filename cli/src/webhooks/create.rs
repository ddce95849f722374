//! `postbode webhooks create`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Method;
use wire::HumanDuration;
use wire::api::{BatchPatch, Headers, LimitsPatch, NewWebhook, Types, WebhookWithSecret};

use super::conditions::ConditionArgs;
use super::{save_file, show};
use crate::output::line;
use crate::rest::Rest;

/// The arguments of `webhooks create`.
#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// What people will call it
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where calls will go
    #[arg(long, value_name = "URL")]
    url: String,
    /// Which types of event, comma-separated; * for all
    #[arg(long, value_name = "TYPES", value_delimiter = ',', default_value = "*")]
    types: Vec<String>,
    #[command(flatten)]
    conditions: ConditionArgs,
    /// How a body is written: json, form, standard or cloudevents [default: json]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Whose it will be: needed with an operator's key
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// A header for each call; can be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Calls open at once, at most [default: 128]
    #[arg(long, value_name = "CALLS")]
    concurrency: Option<u32>,
    /// Calls begun per second, at most [default: no limit]
    #[arg(long, value_name = "CALLS")]
    per_second: Option<NonZeroU32>,
    /// How long one call may take, at most 30s [default: 15s]
    #[arg(long, value_name = "DURATION", value_parser = domain::duration::parse)]
    timeout: Option<Duration>,
    /// Put up to so many deliveries into one call, as a JSON list; not as a form [default: each alone]
    #[arg(long, value_name = "EVENTS")]
    batch: Option<u32>,
    /// How long the first delivery of a batch waits for others, at most 60s [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = domain::duration::parse, requires = "batch")]
    batch_wait: Option<Duration>,
    /// Have the platform sign the calls too, with the key that it publishes
    #[arg(long)]
    platform_signature: bool,
    /// Save the verification file into this directory
    #[arg(long, value_name = "DIRECTORY")]
    save_file: Option<PathBuf>,
}

/// Makes it.
pub(super) async fn run(mut args: CreateArgs, rest: &Rest, json: bool) -> anyhow::Result<()> {
    let directory = args.save_file.take();
    let made: WebhookWithSecret = rest.ask(Method::POST, "/v1/webhooks", Some(&wanted(args))).await?;
    show::with_secret(&made, json);
    if let Some(directory) = directory {
        let path = save_file(rest, &made.webhook.id, &directory).await?;
        if !json {
            line(format!("saved {}; then: postbode webhooks verify {}", path.display(), made.webhook.id));
        }
    }
    Ok(())
}

fn wanted(args: CreateArgs) -> NewWebhook {
    let conditions = args.conditions.asked();
    let everything = args.types.iter().any(|kind| kind == "*");
    NewWebhook {
        account: args.account,
        name: args.name,
        url: args.url,
        types: if everything { Types::all() } else { Types::only(args.types) },
        filter: conditions.filter,
        database: conditions.database,
        collection: conditions.collection,
        callers: conditions.callers,
        fields: conditions.fields,
        format: args.format,
        platform_signature: args.platform_signature,
        headers: args.header.into_iter().map(|(name, value)| (name, Some(value))).collect::<Headers>(),
        limits: LimitsPatch {
            concurrency: args.concurrency,
            per_second: args.per_second.map(|limit| Some(limit.get())),
            timeout: args.timeout.map(HumanDuration),
        },
        batch: args.batch.map(|max_events| BatchPatch {
            max_events: Some(max_events),
            max_bytes: None,
            max_wait_ms: args.batch_wait.map(|wait| u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)),
        }),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: CreateArgs,
    }

    fn body(line: &[&str]) -> serde_json::Value {
        let start = ["postbode", "--name", "n", "--url", "https://example.com/"];
        serde_json::to_value(wanted(Line::parse_from([&start, line].concat()).args)).unwrap()
    }

    #[test]
    fn what_is_not_said_is_left_to_the_console() {
        assert_eq!(body(&[]), json!({"name": "n", "url": "https://example.com/", "types": "*"}));
    }

    #[test]
    fn everything_can_be_said() {
        let line = [
            "--types",
            "open,click",
            "--format",
            "standard",
            "--account",
            "acme",
            "--header",
            "X-Key: a:b",
            "--header",
            "X-Two:2",
            "--concurrency",
            "5",
            "--per-second",
            "9",
            "--timeout",
            "20s",
            "--filter",
            "type == 'open'",
            "--database",
            "7",
            "--collection",
            "12",
            "--only-caller",
            "shop",
            "--field",
            "email",
            "--platform-signature",
        ];
        let expected = json!({"account": "acme", "name": "n", "url": "https://example.com/", "types": ["click", "open"],
            "format": "standard", "platform_signature": true, "headers": {"X-Key": "a:b", "X-Two": "2"},
            "filter": "type == 'open'", "database": "7", "collection": "12", "callers": {"only": ["shop"]},
            "fields": ["email"], "limits": {"concurrency": 5, "per_second": 9, "timeout": "20s"}});
        assert_eq!(body(&line), expected);
    }
}
