//! `postbode jobs`: what goes on at the console after its answer, over its REST API.

mod follow;
mod show;

use clap::{Args, Subcommand};
use http::Method;
use wire::api::{Job, Page};

pub(crate) use follow::follow;
pub(crate) use show::one;

use crate::context::Context;
use crate::rest::{NO_BODY, Rest, segment};

/// The arguments of `jobs`.
#[derive(Args, Debug)]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    command: JobsCommand,
}

#[derive(Subcommand, Debug)]
enum JobsCommand {
    /// List the latest jobs: those of the key's account, or with an operator's key all
    Ls {
        /// Only those of this account (operators)
        #[arg(long, value_name = "ID")]
        account: Option<String>,
        /// Only those of this webhook
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        /// At most so many, up to 200
        #[arg(long, value_name = "JOBS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Show one job, and how far it is
    Show {
        /// Which job
        id: String,
    },
    /// End a job; what it did stays done
    Cancel {
        /// Which job
        id: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(args: JobsArgs, context: &Context) -> anyhow::Result<()> {
    let rest = Rest::new(&context.client.console_url, context.key()?)?;
    match args.command {
        JobsCommand::Ls { account, webhook, limit } => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(account.map(|account| ("account", account)));
            query.extend_pairs(webhook.map(|webhook| ("webhook", webhook)));
            query.append_pair("limit", &limit.to_string());
            let path = format!("/v1/jobs?{}", query.finish());
            let page: Page<Job> = rest.ask(Method::GET, &path, NO_BODY).await?;
            show::list(&page.items, context.json);
        }
        JobsCommand::Show { id } => one(&get(&rest, &id).await?, context.json),
        JobsCommand::Cancel { id } => one(&cancel(&rest, &id).await?, context.json),
    }
    Ok(())
}

async fn get(rest: &Rest, id: &str) -> anyhow::Result<Job> {
    rest.ask(Method::GET, &format!("/v1/jobs/{}", segment(id)), NO_BODY).await
}

/// Ends a job.
pub(crate) async fn cancel(rest: &Rest, id: &str) -> anyhow::Result<Job> {
    rest.ask(Method::POST, &format!("/v1/jobs/{}/cancel", segment(id)), NO_BODY).await
}
