//! The registry as this process sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Offset, Registry};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use rdkafka::error::KafkaError;

use crate::table::Follow;
use crate::telemetry::Teller;
use crate::{KafkaSettings, Table, TableOptions};

/// The registry's topic as a [`domain::Registry`]. Derefs to its [`Table`], which knows whether it is ready and fresh.
/// Cheap to clone; the last clone ends it.
/// Registered as a collector it is its metrics, and lives as long as those.
#[derive(Clone, Debug)]
pub struct RegistryView {
    registry: Arc<RwLock<Registry>>,
    undecodable: Arc<AtomicU64>,
    table: Arc<Table>,
}

impl RegistryView {
    /// Follows the registry's topic.
    ///
    /// # Errors
    /// When a client setting is invalid.
    pub fn start(
        settings: &KafkaSettings,
        topic: Arc<str>,
        options: TableOptions,
    ) -> Result<Self, KafkaError> {
        let registry = Arc::new(RwLock::new(Registry::default()));
        let undecodable = Arc::new(AtomicU64::new(0));
        let decoder = Decoder { registry: Arc::clone(&registry), undecodable: Arc::clone(&undecodable) };
        let table = Arc::new(Table::follow(settings, topic, options, decoder)?);
        Ok(Self { registry, undecodable, table })
    }

    /// Looks something up. Be quick: changes wait meanwhile. Never nest one in another.
    pub fn read<T>(&self, look: impl FnOnce(&Registry) -> T) -> T {
        look(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the view is provably fresh now: also a readiness probe.
    ///
    /// # Errors
    /// Says that it is not.
    pub fn proof(&self) -> Result<(), String> {
        if self.is_fresh(tokio::time::Instant::now()) {
            Ok(())
        } else {
            Err("the registry view is not provably fresh".to_owned())
        }
    }

    /// How many records could not be understood and were passed over; what they were to replace still counts.
    pub fn undecodable(&self) -> u64 {
        self.undecodable.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for RegistryView {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.table
    }
}

impl Collector for RegistryView {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut tell = Teller(encoder);
        let position = usize::try_from(self.position().0).unwrap_or(0);
        let help = "The offset in the registry's topic up to which this process has read.";
        tell.number("registry_position", help, position)?;
        let help = "How old what this process knows of the registry may be: since the last proof that it was complete.";
        tell.seconds("registry_age", help, self.age())?;
        let help = "Records of the registry that this version cannot read and passes over.";
        tell.total("registry_undecodable", help, self.undecodable())
    }
}

struct Decoder {
    registry: Arc<RwLock<Registry>>,
    undecodable: Arc<AtomicU64>,
}

impl Follow for Decoder {
    fn record(&mut self, offset: Offset, key: Option<&[u8]>, value: Option<&[u8]>) {
        let decoded = wire::registry::decode(key.unwrap_or_default(), value);
        if let Err(error) = &decoded {
            self.undecodable.fetch_add(1, Ordering::Relaxed);
            tracing::error!(kafka.offset = offset.0, error = %error, "a record of the registry is passed over");
        }
        let change = decoded.ok().and_then(|(change, _)| change);
        let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        match change {
            Some(change) => registry.apply(offset, change),
            None => registry.passed(offset),
        }
    }

    fn passed(&mut self, offset: Offset) {
        self.registry.write().unwrap_or_else(PoisonError::into_inner).passed(offset);
    }
}
