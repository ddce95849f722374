//! The two kinds of dead letters.

use std::sync::Arc;

use clap::ValueEnum;
use wire::topics::Topics;

/// A dead-letter topic, as the command line calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LetterTopic {
    /// Events that cannot be understood.
    Events,
    /// Deliveries that failed for good.
    Deliveries,
}

impl LetterTopic {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Events, Self::Deliveries];

    /// Its name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
        }
    }

    /// The topic that the dead letters lie in.
    pub(crate) fn dead(self, topics: &Topics) -> &Arc<str> {
        match self {
            Self::Events => &topics.dead_events,
            Self::Deliveries => &topics.dead_deliveries,
        }
    }

    /// The topic where they begin anew.
    pub(crate) fn alive(self, topics: &Topics) -> &Arc<str> {
        match self {
            Self::Events => &topics.events,
            Self::Deliveries => &topics.deliveries,
        }
    }
}
