//! Configuration: one file, then a directory of secrets, then the environment; every error names the key and where it came
//! from.
//!
//! - The file is TOML or YAML, by its ending.
//! - A file of the secrets directory is one setting: its name is the key in dots, its text the value, without the newline at
//!   its end. An empty one counts as unset, hidden ones are passed over, and no error shows what stands in one.
//! - `POSTBODE__SECTION__KEY=value` overrides it: double underscores nest, names are lower-cased, an empty value counts as
//!   unset, and where a list is wanted the value is split at commas. A dot stays a dot:
//!   `POSTBODE__KAFKA__PROPERTIES__security.protocol=SSL`.
//! - Unknown keys are errors, whether or not a section says `deny_unknown_fields`. Sections must not use
//!   `#[serde(flatten)]`, which would hide keys from that check.
//! - `http`, `log`, `trace`, `shutdown` and `reload` belong to the process; all else is the service's.

mod environment;
mod error;
mod secrets;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use ::config::{Config, File, Map, Value, ValueKind};
use serde::de::DeserializeOwned;

pub use error::ConfigError;

use crate::settings::ProcessSettings;
use environment::Environment;
use secrets::Secrets;

/// The sections that the process takes for itself.
const OURS: [&str; 5] = ["http", "log", "trace", "shutdown", "reload"];

/// Where a configuration comes from, the strongest last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) file: Option<&'a Path>,
    pub(crate) secrets: Option<&'a Path>,
    pub(crate) variables: &'a BTreeMap<String, String>,
}

/// Reads a service's own sections from a file and a directory of secrets, if any, and from variables given as a map: what
/// tests and tools use.
///
/// # Errors
/// When one of them can't be read or parsed, or a key is unknown, missing or of the wrong type.
pub fn read<C: DeserializeOwned>(
    file: Option<&Path>,
    secrets: Option<&Path>,
    variables: &BTreeMap<String, String>,
) -> Result<C, ConfigError> {
    load(Sources { file, secrets, variables }, |_| Ok(())).map(|(_, service)| service)
}

/// Reads a service's own sections from TOML: for tests.
///
/// # Errors
/// As [`read`].
pub fn from_toml<C: DeserializeOwned>(text: &str) -> Result<C, ConfigError> {
    let source = File::from_str(text, ::config::FileFormat::Toml);
    split(Config::builder().add_source(source), |_| Ok(())).map(|(_, service)| service)
}

/// The process's sections and the service's, if these go together.
pub(crate) fn load<C: DeserializeOwned>(
    Sources { file, secrets, variables }: Sources<'_>,
    check: impl FnOnce(&C) -> Result<(), ConfigError>,
) -> Result<(ProcessSettings, C), ConfigError> {
    let mut builder = Config::builder();
    if let Some(file) = file {
        builder = builder.add_source(File::from(file));
    }
    if let Some(directory) = secrets {
        builder = builder.add_source(Secrets::new(directory));
    }
    split(builder.add_source(Environment::new(variables)), check)
}

/// The variables of the process's environment.
pub fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn split<C: DeserializeOwned>(
    builder: ::config::ConfigBuilder<::config::builder::DefaultState>,
    check: impl FnOnce(&C) -> Result<(), ConfigError>,
) -> Result<(ProcessSettings, C), ConfigError> {
    let built = builder.build()?;
    let ValueKind::Table(mut theirs) = built.cache.kind else {
        return Err(ConfigError::new("the configuration must be a table of sections"));
    };
    let ours = OURS.iter().filter_map(|section| theirs.remove_entry(*section)).collect();
    let process = tree::read(Value::new(None, ValueKind::Table(ours)))?;
    let theirs = Value::new(None, ValueKind::Table(theirs));
    let service = tree::read(theirs.clone()).map_err(|error: ConfigError| error.also_known(&OURS))?;
    check(&service).map_err(|error| {
        let origin = tree::origin(&theirs, error.key());
        error.sourced(origin.as_deref())
    })?;
    Ok((process, service))
}

/// Puts a value at a path, making tables on the way.
fn insert(table: &mut Map<String, Value>, path: &[&str], leaf: Value, origin: &String) {
    let Some((section, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.insert((*section).to_owned(), leaf);
        return;
    }
    let empty = || Value::new(Some(origin), ValueKind::Table(Map::new()));
    let entry = table.entry((*section).to_owned()).or_insert_with(empty);
    if !matches!(entry.kind, ValueKind::Table(_)) {
        *entry = empty();
    }
    if let ValueKind::Table(inner) = &mut entry.kind {
        insert(inner, rest, leaf, origin);
    }
}

#[cfg(test)]
mod tests;
