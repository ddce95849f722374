//! Environment variables as a source of configuration that remembers which variable said what.

use std::collections::BTreeMap;

use config::{Map, Source, Value, ValueKind};

const PREFIX: &str = "POSTBODE__";

#[derive(Clone, Debug)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes what is ours of these variables.
    pub(super) fn new(variables: &BTreeMap<String, String>) -> Self {
        let ours = variables.iter().filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty());
        Self(ours.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

impl Source for Environment {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let mut root = Map::new();
        for (name, value) in &self.0 {
            let origin = format!("environment variable {name}");
            let path = name[PREFIX.len()..].to_lowercase();
            let leaf = Value::new(Some(&origin), ValueKind::String(value.clone()));
            let segments: Vec<_> = path.split("__").collect();
            super::insert(&mut root, &segments, leaf, &origin);
        }
        Ok(root)
    }
}
