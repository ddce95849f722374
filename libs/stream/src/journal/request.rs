//! A request on its way through the writer, whatever its error's type.

use domain::{Change, Offset, Registry};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Recorded, WriteError};

/// A request as the writer sees it.
pub(super) trait Request: Send {
    /// Decides anew on this registry, and keeps the decision. No changes: there is nothing to write.
    fn decide(&mut self, registry: &Registry) -> &[Change];
    /// Until when it may wait.
    fn deadline(&self) -> Instant;
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Answers with the decision, which stands.
    fn settled(self: Box<Self>, offset: Option<Offset>);
    /// Answers that nothing was written.
    fn failed(self: Box<Self>, failure: Failure);
}

/// Why a request that was not rejected was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    TooLarge(usize),
    Unavailable(String),
    Unknown(String),
}

type Answer<E> = oneshot::Sender<Result<Recorded, WriteError<E>>>;

pub(super) struct Asked<E, F> {
    decide: F,
    decision: Result<Vec<Change>, E>,
    deadline: Instant,
    answer: Answer<E>,
}

impl<E, F> Asked<E, F> {
    pub(super) fn new(decide: F, deadline: Instant, answer: Answer<E>) -> Self {
        Self { decide, decision: Ok(Vec::new()), deadline, answer }
    }
}

impl<E, F> Request for Asked<E, F>
where
    E: Send,
    F: FnMut(&Registry) -> Result<Vec<Change>, E> + Send,
{
    fn decide(&mut self, registry: &Registry) -> &[Change] {
        self.decision = (self.decide)(registry);
        self.decision.as_deref().unwrap_or_default()
    }

    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn settled(self: Box<Self>, offset: Option<Offset>) {
        let Self { decision, answer, .. } = *self;
        // Who went away needs no answer.
        let _ =
            answer.send(decision.map(|changes| Recorded { offset, changes }).map_err(WriteError::Rejected));
    }

    fn failed(self: Box<Self>, failure: Failure) {
        let _ = self.answer.send(Err(match failure {
            Failure::TooLarge(bytes) => WriteError::TooLarge(bytes),
            Failure::Unavailable(why) => WriteError::Unavailable(why),
            Failure::Unknown(why) => WriteError::Unknown(why),
        }));
    }
}
