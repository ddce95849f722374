//! Compiled filters by their source, so that each is compiled once for all the webhooks and revisions that have it.
//!
//! Nobody says when a source is used no more. So there are two halves: what is used moves to the young one; when that is full
//! it becomes the old one, and what the old one held and nobody used meanwhile is forgotten.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Values by source.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    young: HashMap<Arc<str>, T>,
    old: HashMap<Arc<str>, T>,
    half: usize,
}

impl<T> Cache<T> {
    /// Forgets nothing that is among the `half` used last, and holds twice as many at most, or what one turn uses.
    pub(crate) fn new(half: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half }
    }

    /// Between two turns: forgets, if there is too much.
    pub(crate) fn turn(&mut self) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
    }

    /// The value of a source, made if it is not there.
    pub(crate) fn of(&mut self, source: &Arc<str>, make: impl FnOnce() -> T) -> &mut T {
        match self.young.entry(Arc::clone(source)) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(self.old.remove(source).unwrap_or_else(make)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_is_forgotten() {
        let mut cache = Cache::new(2);
        let mut made = Vec::new();
        for source in ["a", "b", "a", "c", "a", "d", "a", "b"] {
            cache.turn();
            cache.of(&source.into(), || made.push(source));
        }
        assert_eq!(made, ["a", "b", "c", "d", "b"], "a was used all the time, b was not");
        assert!(cache.young.len() + cache.old.len() <= 4);
    }
}
