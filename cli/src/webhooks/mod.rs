//! `postbode webhooks`: webhooks over the console's REST API.

mod backfill;
mod conditions;
mod create;
mod show;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use http::Method;
use wire::HumanDuration;
use wire::api::{CodeSent, RotateSecret, Verification, Verify, Webhook, WebhookWithSecret};

use crate::context::Context;
use crate::error::usage;
use crate::output::{line, safe};
use crate::rest::{NO_BODY, Rest, segment};

/// The arguments of `webhooks`.
#[derive(Args, Debug)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Subcommand, Debug)]
enum WebhooksCommand {
    /// List webhooks: those of the key's account, or with an operator's key all
    List {
        /// Only those of this account (operators)
        #[arg(long, value_name = "ID")]
        account: Option<String>,
    },
    /// Show one webhook
    Get(One),
    /// Make a webhook; its secret is shown this once, and its verification file can be saved at once
    Create(create::CreateArgs),
    /// Try conditions on an event: would it be sent? Nothing is sent or changed
    FilterTest(conditions::TestArgs),
    /// Save or show the file that proves that the URL is yours
    File {
        /// Which webhook
        id: String,
        /// Save it into this directory under its own name; without this it is shown
        #[arg(long, value_name = "DIRECTORY")]
        save: Option<PathBuf>,
    },
    /// Have the console look for the proof that the URL is yours; calls begin when it is found
    Verify {
        /// Which
        #[arg(value_name = "ID")]
        id: String,
        /// How: file, dns, handshake or code [default: file]
        #[arg(long, value_name = "WAY")]
        by: Option<String>,
        /// The code that arrived at the URL
        #[arg(long, value_name = "CODE", requires = "by")]
        code: Option<String>,
    },
    /// Have the console POST a code to the URL, for `verify --by code`
    SendCode(One),
    /// Stop the calls for a while; what was made already waits, at most 72 hours
    Pause(One),
    /// Let the calls go on
    Resume(One),
    /// Start a webhook again that was disabled for its failures
    Enable(One),
    /// Send again what the webhook would have got in a time, under the same names; counts first
    #[command(after_help = backfill::EXIT_CODES)]
    Backfill(backfill::BackfillArgs),
    /// Make a new secret; the old one goes on signing beside it for a while
    RotateSecret {
        /// Which webhook
        id: String,
        /// For how long the old secret goes on signing, at most 7d [default: 24h]
        #[arg(long, value_name = "DURATION", value_parser = domain::duration::parse)]
        keep_previous_for: Option<Duration>,
    },
    /// Delete a webhook for good; what was made already dies as unknown-webhook
    Delete {
        /// Which webhook
        id: String,
        /// Yes, delete it
        #[arg(long)]
        yes: bool,
    },
}

/// A webhook's name.
#[derive(Args, Debug)]
struct One {
    /// Which webhook
    id: String,
}

/// The file that proves a URL.
pub(crate) struct VerificationFile {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// Runs one of them.
pub(crate) async fn run(args: WebhooksArgs, context: &Context) -> anyhow::Result<()> {
    let rest = Rest::new(&context.client.console_url, context.key()?)?;
    let json = context.json;
    match args.command {
        WebhooksCommand::List { account } => {
            let query: Vec<_> = account.as_deref().map(|account| ("account", account)).into_iter().collect();
            show::list(&rest.every("/v1/webhooks", &query).await?, json);
        }
        WebhooksCommand::Get(One { id }) => show::one(&get(&rest, &id).await?, json),
        WebhooksCommand::Create(args) => return create::run(args, &rest, json).await,
        WebhooksCommand::Backfill(args) => return backfill::run(args, &rest, json).await,
        WebhooksCommand::FilterTest(args) => return conditions::test(args, &rest, json).await,
        WebhooksCommand::File { id, save } => return file(&rest, &id, save, json).await,
        WebhooksCommand::Verify { id, by, code } => {
            let asked = Verify { by, code };
            show::one(&rest.ask(Method::POST, &path(&id, "/verify"), Some(&asked)).await?, json);
        }
        WebhooksCommand::SendCode(One { id }) => {
            let sent: CodeSent = rest.ask(Method::POST, &path(&id, "/verification/code"), NO_BODY).await?;
            show::code_sent(&sent, json);
        }
        WebhooksCommand::Pause(One { id }) => show::one(&step(&rest, &id, "pause").await?, json),
        WebhooksCommand::Resume(One { id }) => show::one(&step(&rest, &id, "resume").await?, json),
        WebhooksCommand::Enable(One { id }) => show::one(&step(&rest, &id, "enable").await?, json),
        WebhooksCommand::RotateSecret { id, keep_previous_for } => {
            let body = RotateSecret { keep_previous_for: keep_previous_for.map(HumanDuration) };
            let path = path(&id, "/rotate-secret");
            let made: WebhookWithSecret = rest.ask(Method::POST, &path, Some(&body)).await?;
            show::with_secret(&made, json);
        }
        WebhooksCommand::Delete { id, yes } => {
            if !yes {
                return Err(usage(format!("deleting {id} can't be undone: say --yes")));
            }
            rest.tell(Method::DELETE, &path(&id, ""), NO_BODY).await?;
            if !json {
                line(format!("{} is deleted", safe(&id)));
            }
        }
    }
    Ok(())
}

/// Looks for the verification file, from the console's side.
pub(crate) async fn verify(rest: &Rest, id: &str) -> anyhow::Result<Webhook> {
    step(rest, id, "verify").await
}

/// Downloads the file as a person does.
pub(crate) async fn verification_file(rest: &Rest, id: &str) -> anyhow::Result<VerificationFile> {
    let answer = rest.tell(Method::GET, &path(id, "/verification/file"), NO_BODY).await?;
    let name = answer.file_name().context("the verification file has no name")?;
    Ok(VerificationFile { name, content: answer.body })
}

async fn get(rest: &Rest, id: &str) -> anyhow::Result<Webhook> {
    rest.ask(Method::GET, &path(id, ""), NO_BODY).await
}

async fn step(rest: &Rest, id: &str, verb: &str) -> anyhow::Result<Webhook> {
    rest.ask(Method::POST, &path(id, &format!("/{verb}")), NO_BODY).await
}

async fn file(rest: &Rest, id: &str, save: Option<PathBuf>, json: bool) -> anyhow::Result<()> {
    let about: Verification = rest.ask(Method::GET, &path(id, "/verification"), NO_BODY).await?;
    let saved = match save {
        None => None,
        Some(directory) => Some(save_file(rest, id, &directory).await?),
    };
    show::verification(&about, saved.as_deref(), json);
    Ok(())
}

/// Where the file was saved.
async fn save_file(rest: &Rest, id: &str, directory: &std::path::Path) -> anyhow::Result<PathBuf> {
    let file = verification_file(rest, id).await?;
    let path = directory.join(&file.name);
    tokio::fs::write(&path, &file.content)
        .await
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The path of a webhook.
fn path(id: &str, rest: &str) -> String {
    format!("/v1/webhooks/{}{rest}", segment(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_name_another_path() {
        assert_eq!(path("wh_1", "/pause"), "/v1/webhooks/wh_1/pause");
        assert_eq!(path("../accounts?x", ""), "/v1/webhooks/..%2Faccounts%3Fx");
    }
}
