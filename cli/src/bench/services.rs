//! The services of a measurement: configured and started as a deployment would, on this machine.

use std::path::PathBuf;

use toml::{Table, Value, toml};

use super::Bench;
use crate::context::Context;
use crate::local::{Children, Place, address, listener, ready, write_private};
use tokio::time::Instant;

/// A service to be started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// `ingest`, `fanout`, `delivery`, `retry`, `console`.
    pub(super) service: &'static str,
    /// What it is called here: there may be several of one service.
    pub(super) label: String,
    /// Settings besides those that every measurement has.
    pub(super) settings: Table,
}

/// A service that was started.
pub(super) struct Running {
    /// What it is called here.
    pub(super) label: String,
    /// Its process.
    pub(super) pid: i32,
    /// Where its API is, if it has one and is ready: `host:port`.
    pub(super) api: Option<String>,
    has_api: bool,
}

impl Start {
    /// One of a service.
    pub(super) fn one(service: &'static str) -> Self {
        Self { service, label: service.to_owned(), settings: Table::new() }
    }

    /// All five.
    pub(super) fn all() -> Vec<Self> {
        ["console", "ingest", "fanout", "delivery", "retry"].map(Self::one).to_vec()
    }
}

/// Starts one. It is not ready yet.
pub(super) fn start(
    start: &Start,
    bench: &Bench,
    context: &Context,
    children: &mut Children,
) -> anyhow::Result<Running> {
    let Start { service, label, settings } = start;
    let (place, binary) = (&bench.place, bench.place.binary(&format!("postbode-{service}"))?);
    let config = place.work.join(format!("config/{label}.toml"));
    let mut table = common(service, label, bench, context);
    merge(&mut table, settings);
    for role in ["http", "api"] {
        // One that was here before must not be taken for this one.
        let _ = std::fs::remove_file(place.address_file(label, role));
    }
    write_private(&config, &table.to_string())?;
    let pid = children.start(label, &binary, &config, place.log(label))?.as_raw_nonzero().get();
    let has_api = has_api(service);
    Ok(Running { label: label.clone(), pid, api: None, has_api })
}

impl Running {
    /// Waits until it is ready.
    pub(super) async fn wait(&mut self, place: &Place, until: Instant) -> anyhow::Result<()> {
        let Self { label, .. } = &*self;
        let management = address(&place.address_file(label, "http"), label, until).await?;
        ready(label, &management, &place.log(label), until).await?;
        if self.has_api {
            let api = address(&place.address_file(label, "api"), label, until).await?;
            self.api = Some(api.trim_start_matches("http://").to_owned());
        }
        Ok(())
    }
}

fn has_api(service: &str) -> bool {
    matches!(service, "ingest" | "console")
}

fn common(service: &str, label: &str, bench: &Bench, context: &Context) -> Table {
    let address_file = |role: &str| -> PathBuf { bench.place.address_file(label, role) };
    let (kafka, topics) = (&context.kafka, &context.topic_settings);
    let properties: Table =
        kafka.properties.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let mut config = toml! {
        [shutdown]
        drain = "3s"
        [log]
        format = "json"
        filter = "warn"
    };
    config.insert("http".into(), listener(&address_file("http")));
    if has_api(service) {
        config.insert("api".into(), listener(&address_file("api")));
    }
    let tiers = Value::from(topics.retry_tiers.iter().map(ToString::to_string).collect::<Vec<_>>());
    let kafka = [
        ("bootstrap_servers".to_owned(), kafka.bootstrap_servers.clone().into()),
        ("properties".to_owned(), properties.into()),
    ];
    config.insert("kafka".into(), Table::from_iter(kafka).into());
    let topics = [
        ("prefix".to_owned(), topics.prefix.clone().into()),
        ("retry_tiers".to_owned(), tiers.clone()),
        ("partitions".to_owned(), topics.partitions.into()),
        ("replication".to_owned(), topics.replication.into()),
    ];
    config.insert("topics".into(), Table::from_iter(topics).into());
    if matches!(service, "delivery" | "console") {
        // The receiver is on this machine.
        let allow = Value::from(vec!["127.0.0.0/8"]);
        config.insert("outbound".into(), Table::from_iter([("allow".to_owned(), allow)]).into());
        let keys = Value::from(vec![bench.seal_key.expose()]);
        config.insert("seal".into(), Table::from_iter([("keys".to_owned(), keys)]).into());
    }
    if service == "delivery" {
        config.insert("delivery".into(), Table::from_iter([("schedule".to_owned(), tiers)]).into());
    }
    if service == "console" {
        let key = Value::from(bench.operator_key.expose());
        config.insert("console".into(), Table::from_iter([("operator_key".to_owned(), key)]).into());
        config.insert("history".into(), bench.place.history(label));
    }
    config
}

/// Puts one table's sections into another's.
fn merge(into: &mut Table, from: &Table) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurements_settings_join_those_of_all() {
        let mut all = toml! { delivery = { max_open = 1, defer = "5s" } };
        merge(&mut all, &super::super::room::setting("delivery", "max_open", 64));
        assert_eq!(all["delivery"]["max_open"].as_integer(), Some(64));
        assert_eq!(all["delivery"]["defer"].as_str(), Some("5s"));
    }
}
