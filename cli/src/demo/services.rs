//! The five services: configured, started, and waited for until each says that it is ready.

use std::time::Duration;

use process::Secret;
use tokio::time::Instant;
use toml::{Table, Value, toml};

use super::load;
use crate::context::Context;
use crate::local::{Children, Place, address, listener, ready, write_private};

/// What the services of one demo agree on.
pub(super) struct Plan<'a> {
    /// Kafka and the topics.
    pub(super) context: &'a Context,
    /// Seals the secrets: `NAME:BASE64`.
    pub(super) seal_key: Secret,
    /// The operator's API key.
    pub(super) operator_key: Secret,
}

/// Where the services' APIs are.
pub(super) struct Addresses {
    pub(super) ingest: String,
    pub(super) console: String,
}

const INGEST: &str = "postbode-ingest";
const CONSOLE: &str = "postbode-console";
const DELIVERY: &str = "postbode-delivery";

/// In the order of starting: the console makes the registry's first records.
const SERVICES: [&str; 5] = [CONSOLE, INGEST, "postbode-fanout", DELIVERY, "postbode-retry"];

/// How long all may take until they are ready.
const PATIENCE: Duration = Duration::from_secs(90);

/// Starts all five, and returns when all are ready.
pub(super) async fn start(
    plan: &Plan<'_>,
    place: &Place,
    children: &mut Children,
) -> anyhow::Result<Addresses> {
    for name in SERVICES {
        let config = place.work.join(format!("config/{name}.toml"));
        write_private(&config, &plan.config(name, place).to_string())?;
        children.start(name, &place.binary(name)?, &config, place.log(name))?;
    }
    tokio::select! {
        addresses = all_ready(place) => addresses,
        death = children.died() => Err(death),
    }
}

async fn all_ready(place: &Place) -> anyhow::Result<Addresses> {
    let until = Instant::now() + PATIENCE;
    for name in SERVICES {
        let management = address(&place.address_file(name, "http"), name, until).await?;
        ready(name, &management, &place.log(name), until).await?;
    }
    let ingest = address(&place.address_file(INGEST, "api"), INGEST, until).await?;
    let console = address(&place.address_file(CONSOLE, "api"), CONSOLE, until).await?;
    Ok(Addresses { ingest, console })
}

impl Plan<'_> {
    /// A service's whole configuration.
    fn config(&self, name: &str, place: &Place) -> Table {
        let mut config = self.common(name, place);
        if name == INGEST || name == CONSOLE {
            config.insert("api".into(), listener(&place.address_file(name, "api")));
        }
        if name == DELIVERY || name == CONSOLE {
            // Receivers are on this machine: the demo's own, and whatever its user tries out beside it.
            let allow = Value::from(vec!["127.0.0.0/8"]);
            config.insert("outbound".into(), Table::from_iter([("allow".to_owned(), allow)]).into());
            let keys = Value::from(vec![self.seal_key.expose()]);
            config.insert("seal".into(), Table::from_iter([("keys".to_owned(), keys)]).into());
        }
        if name == INGEST {
            let source = Value::from(load::SOURCE);
            config.insert("ingest".into(), Table::from_iter([("source".to_owned(), source)]).into());
        }
        if name == DELIVERY {
            // One endpoint refuses everything, to show dead letters: a breaker would keep its deliveries waiting instead.
            let delivery = toml! {
                defer = "2s"
                breaker_failures = 0
            };
            config.insert("delivery".into(), delivery.into());
            let tiers = self.tiers();
            config["delivery"].as_table_mut().map(|delivery| delivery.insert("schedule".into(), tiers));
        }
        if name == CONSOLE {
            let key = Value::from(self.operator_key.expose());
            config.insert("console".into(), Table::from_iter([("operator_key".to_owned(), key)]).into());
            config.insert("history".into(), place.history(name));
        }
        config
    }

    fn common(&self, name: &str, place: &Place) -> Table {
        let (kafka, topics) = (&self.context.kafka, &self.context.topic_settings);
        let properties: Table =
            kafka.properties.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        let mut config = toml! {
            [shutdown]
            drain = "10s"
            [log]
            format = "json"
            filter = "info"
        };
        config.insert("http".into(), listener(&place.address_file(name, "http")));
        let kafka = [
            ("bootstrap_servers".to_owned(), kafka.bootstrap_servers.clone().into()),
            ("properties".to_owned(), properties.into()),
        ];
        config.insert("kafka".into(), Table::from_iter(kafka).into());
        let topics = [
            ("prefix".to_owned(), topics.prefix.clone().into()),
            ("retry_tiers".to_owned(), self.tiers()),
            ("partitions".to_owned(), topics.partitions.into()),
            ("replication".to_owned(), topics.replication.into()),
        ];
        config.insert("topics".into(), Table::from_iter(topics).into());
        config
    }

    fn tiers(&self) -> Value {
        let tiers = self.context.topic_settings.retry_tiers.iter();
        Value::from(tiers.map(ToString::to_string).collect::<Vec<_>>())
    }
}
