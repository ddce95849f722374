//! What is wrong with a configuration.

use std::fmt;

use serde::de;

/// What is said of a key that no section has.
pub(super) const UNKNOWN: &str = "unknown key";

/// What is wrong, with which key, and where that key was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    origin: Option<String>,
    what: String,
    known: Vec<&'static str>,
}

impl ConfigError {
    /// A value that is of the right type and will not do all the same. Returned from a service's `run`, it ends the process
    /// with the exit code of a configuration error.
    pub fn invalid(key: &str, what: impl fmt::Display) -> Self {
        Self::new(what).within(key)
    }

    pub(super) fn new(what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), ..Self::default() }
    }

    /// The key in dots, `kafka.bootstrap_servers`; empty when it is about no key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The file, file of secrets or environment variable that gave the key, if one did.
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The error one level further out.
    pub(super) fn within(mut self, segment: &str) -> Self {
        self.key = match (segment, self.key.as_str()) {
            (_, "") => segment.to_owned(),
            (_, inner) if inner.starts_with('[') => format!("{segment}{inner}"),
            (_, inner) => format!("{segment}.{inner}"),
        };
        self
    }

    /// Names the source, unless one further in is named already.
    pub(super) fn sourced(mut self, origin: Option<&str>) -> Self {
        self.origin = self.origin.or_else(|| origin.map(str::to_owned));
        self
    }

    /// Without what it tells of the value, which is nobody's to read.
    pub(super) fn untold(mut self) -> Self {
        if self.what != UNKNOWN {
            "is not what this setting takes (its value is not shown)".clone_into(&mut self.what);
        }
        self
    }

    /// Adds keys that are known at the root beside those that the error lists.
    pub(super) fn also_known(mut self, more: &[&'static str]) -> Self {
        if !self.known.is_empty() && !self.key.contains('.') {
            self.known.extend(more);
        }
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        if !self.known.is_empty() {
            write!(f, " (known here: {})", self.known.join(", "))?;
        }
        match &self.origin {
            Some(origin) => write!(f, ", in {origin}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl de::Error for ConfigError {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self::new(what)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { key: field.to_owned(), what: UNKNOWN.to_owned(), known: expected.to_vec(), origin: None }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").within(field)
    }
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        Self::new(error)
    }
}
