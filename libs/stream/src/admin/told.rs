//! What is told of topics.

use std::fmt;
use std::sync::Arc;

/// What became of a topic that was to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicReport {
    /// Its full name.
    pub topic: Arc<str>,
    /// Whether it was made now; otherwise it was there, whatever its settings.
    pub created: bool,
}

/// Something about a topic that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The topic's full name.
    pub topic: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// Which setting, what it is, what it must be and why: one sentence.
    pub sentence: String,
    /// The command that puts it right.
    pub command: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Fine on a laptop.
    Note,
    /// Records can be lost when something else fails too.
    Warning,
    /// Records will be lost, or refused: services do not start.
    Unsafe,
    /// There is no such topic: services do not start.
    Missing,
}

/// Why topics could not be made or looked at.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdminError {
    /// Kafka cannot be reached, or does not answer in time.
    #[error("Kafka at {servers} does not answer: {why}")]
    Unreachable {
        /// Where it was looked for.
        servers: Arc<str>,
        /// What the client says.
        why: String,
    },
    /// The cluster refused to make a topic.
    #[error("could not create topic {topic}: {why}")]
    Create {
        /// Its name.
        topic: String,
        /// What the cluster says.
        why: String,
    },
    /// The cluster refused to describe a topic.
    #[error("could not look at topic {topic}: {why}")]
    Describe {
        /// Its name.
        topic: String,
        /// What the cluster says.
        why: String,
    },
    /// Topics that a service cannot start on.
    #[error("{0}")]
    Unfit(#[from] Unfit),
}

/// Topics are missing or unsafe; each line says which, why, and what to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub Vec<Problem>);

impl std::error::Error for Unfit {}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Run: {}", self.sentence, self.command)
    }
}

impl Severity {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Unsafe => "unsafe",
            Self::Missing => "missing",
        }
    }

    /// Whether services refuse to start on it.
    pub const fn is_fatal(self) -> bool {
        match self {
            Self::Note | Self::Warning => false,
            Self::Unsafe | Self::Missing => true,
        }
    }
}
