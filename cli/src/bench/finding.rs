//! What a measurement found.

use std::collections::BTreeMap;

use super::usage::Meter;

/// Figures by their dotted names, reasons for those that there are not, and what was busy meanwhile.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// The figures.
    pub(super) values: Vec<(String, f64)>,
    /// Why there is no figure of that name.
    pub(super) missing: Vec<(String, String)>,
    /// What was measured, and how many cores each process used meanwhile.
    pub(super) cores: Vec<(String, BTreeMap<String, f64>)>,
    /// Anything that the reader of the figures should know.
    pub(super) notes: Vec<String>,
}

impl Finding {
    /// One figure.
    pub(super) fn of(name: &str, value: f64) -> Self {
        Self::default().and(name, value)
    }

    /// One figure more.
    pub(super) fn and(mut self, name: impl Into<String>, value: f64) -> Self {
        self.values.push((name.into(), value));
        self
    }

    /// A figure that there is not.
    pub(super) fn without(mut self, name: &str, reason: impl Into<String>) -> Self {
        self.missing.push((name.to_owned(), reason.into()));
        self
    }

    /// Who was busy while a figure was measured.
    pub(super) fn while_busy(mut self, name: &str, meter: &Meter) -> Self {
        self.cores.push((name.to_owned(), meter.cores()));
        self
    }

    /// Something to know.
    pub(super) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Both.
    pub(super) fn join(mut self, other: Self) -> Self {
        self.values.extend(other.values);
        self.missing.extend(other.missing);
        self.cores.extend(other.cores);
        self.notes.extend(other.notes);
        self
    }
}
