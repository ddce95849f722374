//! Configuration: one file, then the environment; every error names the key and where it came from.
//!
//! - The file is TOML or YAML, by its ending.
//! - `POSTBODE__SECTION__KEY=value` overrides it: double underscores nest, names are lower-cased, an empty value counts as
//!   unset, and where a list is wanted the value is split at commas. A dot stays a dot:
//!   `POSTBODE__KAFKA__PROPERTIES__security.protocol=SSL`.
//! - Unknown keys are errors, whether or not a section says `deny_unknown_fields`. Sections must not use
//!   `#[serde(flatten)]`, which would hide keys from that check.
//! - `http`, `log`, `trace` and `shutdown` belong to the process; all else is the service's.

mod environment;
mod error;
mod tree;

use std::collections::BTreeMap;
use std::path::Path;

use ::config::{Config, File, Value, ValueKind};
use serde::de::DeserializeOwned;

pub use error::ConfigError;

use crate::settings::ProcessSettings;
use environment::Environment;

/// The sections that the process takes for itself.
const OURS: [&str; 4] = ["http", "log", "trace", "shutdown"];

/// Reads a service's own sections from a file, if any, and from variables given as a map: what tests and tools use.
///
/// # Errors
/// When the file can't be read or parsed, or a key is unknown, missing or of the wrong type.
pub fn read<C: DeserializeOwned>(
    file: Option<&Path>,
    variables: &BTreeMap<String, String>,
) -> Result<C, ConfigError> {
    load(file, variables).map(|(_, service)| service)
}

/// Reads a service's own sections from TOML: for tests.
///
/// # Errors
/// As [`read`].
pub fn from_toml<C: DeserializeOwned>(text: &str) -> Result<C, ConfigError> {
    let source = File::from_str(text, ::config::FileFormat::Toml);
    split(Config::builder().add_source(source)).map(|(_, service)| service)
}

/// The process's sections and the service's.
pub(crate) fn load<C: DeserializeOwned>(
    file: Option<&Path>,
    variables: &BTreeMap<String, String>,
) -> Result<(ProcessSettings, C), ConfigError> {
    let mut builder = Config::builder();
    if let Some(file) = file {
        builder = builder.add_source(File::from(file));
    }
    split(builder.add_source(Environment::new(variables)))
}

/// The variables of the process's environment.
pub fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn split<C: DeserializeOwned>(
    builder: ::config::ConfigBuilder<::config::builder::DefaultState>,
) -> Result<(ProcessSettings, C), ConfigError> {
    let built = builder.build()?;
    let ValueKind::Table(mut theirs) = built.cache.kind else {
        return Err(ConfigError::new("the configuration must be a table of sections"));
    };
    let ours = OURS.iter().filter_map(|section| theirs.remove_entry(*section)).collect();
    let process = tree::read(Value::new(None, ValueKind::Table(ours)))?;
    let service = tree::read(Value::new(None, ValueKind::Table(theirs)))
        .map_err(|error: ConfigError| error.also_known(&OURS))?;
    Ok((process, service))
}

#[cfg(test)]
mod tests;
