//! MirrorMaker, which copies one Kafka's topics to another.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::broker::root;
use crate::{Broker, signal};

/// A running MirrorMaker; killed when dropped.
#[derive(Debug)]
pub struct Mirror(Child);

impl Mirror {
    /// Copies from the cluster `main` to the cluster `standby`, as `properties` say, which name them so and do not say where
    /// they are. Its log lies beside its properties in `folder`.
    pub fn start(properties: &str, main: &Broker, standby: &Broker, folder: &Path) -> Self {
        let file = folder.join("mirror.properties");
        let places = [("main", main), ("standby", standby)]
            .map(|(name, broker)| format!("{name}.bootstrap.servers = {}\n", broker.bootstrap_servers));
        std::fs::write(&file, format!("{properties}\n{}", places.concat())).unwrap();
        let log = File::create(folder.join("mirror.log")).unwrap();
        let mut command = Command::new(root().join("scripts/kafka"));
        command.arg("mirror").arg(file).kill_on_drop(true).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }

    /// Stops it, and waits until it has ended.
    pub async fn stop(mut self) {
        signal(&self.0, "TERM");
        self.0.wait().await.unwrap();
    }
}
