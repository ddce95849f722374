//! The sections of the configuration that every service has, and types for the services' own.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use wire::HumanDuration;

use crate::http::ManagementSettings;

/// The sections that the process takes for itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProcessSettings {
    pub(crate) http: ManagementSettings,
    pub(crate) log: LogSettings,
    pub(crate) trace: TraceSettings,
    pub(crate) shutdown: ShutdownSettings,
    pub(crate) reload: ReloadSettings,
}

impl ProcessSettings {
    /// The sections that differ. All of them are read once.
    pub(crate) fn changed(&self, other: &Self) -> Vec<&'static str> {
        let sections = [
            ("http", self.http != other.http),
            ("log", self.log != other.log),
            ("trace", self.trace != other.trace),
            ("shutdown", self.shutdown != other.shutdown),
            ("reload", self.reload != other.reload),
        ];
        sections.into_iter().filter_map(|(section, differs)| differs.then_some(section)).collect()
    }
}

/// Section `log`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// How lines look.
    pub format: LogFormat,
    /// `tracing-subscriber`'s filter: `info`, `info,delivery=debug`, …
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people on a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// Section `trace`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceSettings {
    /// Where spans go: an OTLP/gRPC collector, `http://host:4317`. None: no spans are made.
    pub endpoint: Option<String>,
    /// The share of traces that begin here which is kept, 0 to 1; those begun elsewhere keep their own decision.
    pub sample_ratio: f64,
}

/// Section `shutdown`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownSettings {
    /// How long the soft stop may take.
    pub drain: HumanDuration,
}

/// Section `reload`: when the configuration is read anew.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReloadSettings {
    /// Directories with files that settings name, besides the one with secrets: when something changes there, too.
    pub watch: Vec<PathBuf>,
    /// How often they are looked at.
    pub every: HumanDuration,
    /// How long a change waits at most, by lot: so that not all processes take it at once.
    pub spread: HumanDuration,
}

impl ReloadSettings {
    /// Whether the settings can work.
    ///
    /// # Errors
    /// A text that names the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.every.0.is_zero() {
            Err("reload.every: must be more than nothing".to_owned())
        } else {
            Ok(())
        }
    }
}

impl Default for ReloadSettings {
    fn default() -> Self {
        Self {
            watch: Vec::new(),
            every: HumanDuration(Duration::from_secs(10)),
            spread: HumanDuration(Duration::from_secs(30)),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info".to_owned() }
    }
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { endpoint: None, sample_ratio: 1.0 }
    }
}

impl Default for ShutdownSettings {
    fn default() -> Self {
        Self { drain: HumanDuration(Duration::from_secs(25)) }
    }
}

/// A text that no log, error or debug output shows.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself: for use, not for show.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_only_to_those_who_ask_for_it() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(format!("{secret} {secret:?}"), "(redacted) Secret(redacted)");
        assert_eq!(secret.expose(), "hunter2");
    }
}
