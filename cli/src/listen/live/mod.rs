//! Live events without a public URL: pulled from the console, shown, and passed on as calls.

mod connection;
mod sse;

use anyhow::Context as _;
use clap::Args;
use domain::{Clock as _, Format, SigningSecret};
use http::{Method, Uri};
use wire::api::live::{FILTER_FAILED, FilterFailed, MISSED, Missed};

use self::connection::{Connection, News, not_understood};
use self::sse::Message;
use super::forward::{Forward, Forwarded};
use super::parcel::Pulled;
use super::print::Printer;
use crate::context::Context;
use crate::error::usage;
use crate::rest::Rest;
use crate::signals::Interrupts;

/// Any of these means live events.
#[derive(Args, Debug)]
#[command(next_help_heading = "Live events, without a public URL")]
pub(super) struct LiveArgs {
    /// Pull this account's live events from the console; an operator's key has to name one
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// Only events of these types; '*' for all
    #[arg(long, value_delimiter = ',', num_args = 1.., value_name = "TYPE,…")]
    types: Vec<String>,
    /// Only events for which this CEL expression is true
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
    /// Format of the calls that are passed on: json, form, standard or cloudevents [default: json]
    #[arg(long, value_parser = format, value_name = "FORMAT", requires = "forward")]
    format: Option<Format>,
}

fn format(name: &str) -> Result<Format, String> {
    let known = || format!("use one of {}", Format::ALL.map(Format::name).join(", "));
    Format::named(name).ok_or_else(known)
}

/// Shows live events, and passes them on, until it is interrupted or has seen enough.
pub(super) async fn run(
    asked: &LiveArgs,
    given: &[String],
    forward: Option<Forward>,
    until: Option<u64>,
    context: &Context,
) -> anyhow::Result<()> {
    let made = given.is_empty().then(|| SigningSecret::encode(&rand::random()));
    let secrets = made.iter().chain(given).map(|secret| SigningSecret::parse(secret));
    let secrets = secrets.collect::<Result<_, _>>().map_err(|error| usage(format!("--secret: {error}")))?;
    let rest = Rest::new(&context.client.console_url, context.key()?)?;
    let connection = Connection::open(rest, asked.path()).await?;
    let mut interrupts = Interrupts::listen()?;
    let shown = made.as_deref().filter(|_| forward.is_some());
    let printer = Printer::new(context.json);
    printer.pulling(&context.client.console_url, shown);
    let format = asked.format.unwrap_or_default();
    let desk = Desk { forward, format, secrets, until, printer, clock: process::SystemClock };
    tokio::select! {
        ended = desk.sit(connection) => ended,
        () = interrupts.next() => Ok(()),
    }
}

impl LiveArgs {
    fn path(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(account) = &self.account {
            query.append_pair("account", account);
        }
        if !self.types.is_empty() {
            query.append_pair("types", &self.types.join(","));
        }
        if let Some(filter) = &self.filter {
            query.append_pair("filter", filter);
        }
        format!("/v1/events/stream?{}", query.finish())
    }
}

struct Desk {
    forward: Option<Forward>,
    format: Format,
    secrets: Vec<SigningSecret>,
    until: Option<u64>,
    printer: Printer,
    clock: process::SystemClock,
}

impl Desk {
    async fn sit(&self, mut connection: Connection) -> anyhow::Result<()> {
        let mut seen = 0;
        while self.until.is_none_or(|until| seen < until) {
            match connection.next().await? {
                News::Lost { why, wait } => self.printer.lost(&why, wait),
                News::Regained => self.printer.regained(),
                News::Said(message) => seen += u64::from(self.said(&message).await?),
            }
        }
        Ok(())
    }

    /// Whether it was an event that went where it should.
    async fn said(&self, message: &Message) -> anyhow::Result<bool> {
        match message.event.as_str() {
            MISSED => {
                let Missed { missed } =
                    serde_json::from_str(&message.data).with_context(|| not_understood(message))?;
                self.printer.missed(missed);
                Ok(false)
            }
            FILTER_FAILED => {
                let FilterFailed { message } =
                    serde_json::from_str(&message.data).with_context(|| not_understood(message))?;
                self.printer.filter_failed(&message);
                Ok(false)
            }
            _ => {
                let pulled = Pulled::read(&message.data)
                    .map_err(anyhow::Error::msg)
                    .with_context(|| not_understood(message))?;
                let forwarded = self.pass(&pulled).await?;
                self.printer.event(&pulled, &message.data, forwarded.as_ref());
                Ok(forwarded.is_none_or(|forwarded| forwarded.status().is_success()))
            }
        }
    }

    async fn pass(&self, pulled: &Pulled) -> anyhow::Result<Option<Forwarded>> {
        let Some(forward) = &self.forward else { return Ok(None) };
        let parcel =
            pulled.parcel(self.format, &self.secrets, self.clock.now()).map_err(anyhow::Error::msg)?;
        let target = Uri::from_static("/");
        Ok(Some(forward.pass(&Method::POST, &target, &parcel.headers, parcel.body).await))
    }
}
