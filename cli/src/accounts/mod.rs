//! `postbode accounts`: the platform's customers and their API keys, over the console's REST API.

mod show;

use clap::{Args, Subcommand};
use domain::Clock as _;
use http::Method;
use process::SystemClock;
use wire::api::{Account, Contact, CreatedKey, Key, NewAccount, NewKey};

use crate::context::Context;
use crate::error::usage;
use crate::output::{line, safe};
use crate::rest::{NO_BODY, Rest, segment};
use crate::when::When;

/// The arguments of `accounts`.
#[derive(Args, Debug)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    command: AccountsCommand,
}

#[derive(Subcommand, Debug)]
enum AccountsCommand {
    /// List the accounts: all of them with an operator's key, else the key's own
    Ls,
    /// Make an account
    Create {
        /// What events and webhooks will name it by: 1 to 64 letters, digits, `.`, `_`, `-`
        id: String,
        /// What people call it; its id unless said
        #[arg(long)]
        name: Option<String>,
        /// Who is told when a webhook fails
        #[arg(long, value_name = "MAIL ADDRESS")]
        contact: Option<String>,
        /// The language of those mails: en or nl
        #[arg(long, requires = "contact", default_value = "", hide_default_value = true)]
        language: String,
    },
    /// Delete an account that has no webhooks, and its keys with it
    Delete {
        /// Which account
        id: String,
        /// Do it: this can't be undone
        #[arg(long)]
        yes: bool,
    },
    /// List an account's API keys, without the keys themselves
    Keys {
        /// Which account
        id: String,
    },
    /// Make an API key for an account, and print it: it is shown this once
    CreateKey {
        /// Which account
        id: String,
        /// What people will call it
        #[arg(long)]
        name: String,
        /// What it may do, between commas
        #[arg(
            long,
            value_name = "SCOPES",
            value_delimiter = ',',
            default_value = "events:write,webhooks:read,webhooks:write"
        )]
        scopes: Vec<String>,
        /// From when on it is refused: a time, or how long from now
        #[arg(long, value_name = "WHEN")]
        expires: Option<When>,
    },
    /// Take a key back: whoever uses it is refused from then on
    RevokeKey {
        /// The key's id, as `keys` lists it
        id: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(args: AccountsArgs, context: &Context) -> anyhow::Result<()> {
    let rest = Rest::new(&context.client.console_url, context.key()?)?;
    let json = context.json;
    match args.command {
        AccountsCommand::Ls => show::accounts(&rest.every("/v1/accounts", &[]).await?, json),
        AccountsCommand::Create { id, name, contact, language } => {
            let contact = contact.map(|email| Contact { email, language });
            let asked = NewAccount { name: name.unwrap_or_else(|| id.clone()), id, contact, keep: None };
            let made: Account = rest.ask(Method::POST, "/v1/accounts", Some(&asked)).await?;
            show::accounts(&[made], json);
        }
        AccountsCommand::Delete { id, yes } => {
            if !yes {
                return Err(usage(format!("deleting {id} can't be undone: say --yes")));
            }
            rest.tell(Method::DELETE, &of(&id, ""), NO_BODY).await?;
            done(&format!("{} is deleted", safe(&id)), json);
        }
        AccountsCommand::Keys { id } => {
            let keys: Vec<Key> = rest.every(&of(&id, "/keys"), &[]).await?;
            show::keys(&keys, json);
        }
        AccountsCommand::CreateKey { id, name, scopes, expires } => {
            let asked =
                NewKey { name, scopes, expires_at: expires.map(|when| when.ahead(SystemClock.now())) };
            let made: CreatedKey = rest.ask(Method::POST, &of(&id, "/keys"), Some(&asked)).await?;
            show::created(&made, json);
        }
        AccountsCommand::RevokeKey { id } => {
            rest.tell(Method::DELETE, &format!("/v1/keys/{}", segment(&id)), NO_BODY).await?;
            done(&format!("{} is revoked", safe(&id)), json);
        }
    }
    Ok(())
}

fn of(account: &str, rest: &str) -> String {
    format!("/v1/accounts/{}{rest}", segment(account))
}

fn done(text: &str, json: bool) {
    if !json {
        line(text);
    }
}
