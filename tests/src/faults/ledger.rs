//! The ledger of a run: what is owed since its acceptance, what arrived, and what the two say of the promises.

mod findings;
mod stall;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::Event;
use harness::Hook;
use tokio::time::Instant;

/// Written by the producers and the receivers of one run. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    hooks: Vec<(Hook, Role)>,
    /// What is owed, by delivery id.
    owed: BTreeMap<String, Owed>,
    /// What arrived, by `webhook-id`.
    arrived: BTreeMap<String, Arrivals>,
}

/// What a webhook's receiver is there to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes everything at once: whatever holds its calls up is Postbode's doing.
    Healthy,
    /// Refuses some calls the first time.
    Flaky,
    /// The one that the fault is about.
    Ill,
}

/// One accepted event for one webhook.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    /// The event's id.
    pub(crate) event: String,
    /// The webhook's.
    pub(crate) hook: String,
    at: Instant,
}

struct Arrivals {
    body: Bytes,
    altered: bool,
    posts: Vec<Post>,
}

/// One POST.
#[derive(Clone, Copy, Debug)]
struct Post {
    at: Instant,
    taken: bool,
}

impl Ledger {
    /// Keeps account of a webhook from now on.
    pub(crate) fn keep(&self, hook: &Hook, role: Role) {
        self.books().hooks.push((hook.clone(), role));
    }

    /// An event was answered 202, or acknowledged by the brokers.
    pub(crate) fn accepted(&self, event: &Event, at: Instant) {
        let mut books = self.books();
        let wanting: Vec<_> = books.hooks.iter().filter(|(hook, _)| hook.wants(event)).cloned().collect();
        for (hook, _) in wanting {
            let owed = Owed { event: event.id.as_str().to_owned(), hook: hook.id.clone(), at };
            books.owed.insert(hook.delivery(event).to_string(), owed);
        }
    }

    /// A POST reached a receiver, which took it or not.
    pub(crate) fn posted(&self, id: &str, body: &Bytes, at: Instant, taken: bool) {
        let mut books = self.books();
        let new = || Arrivals { body: body.clone(), altered: false, posts: Vec::new() };
        let arrivals = books.arrived.entry(id.to_owned()).or_insert_with(new);
        arrivals.altered |= arrivals.body != *body;
        arrivals.posts.push(Post { at, taken });
    }

    /// What is owed and was taken by nobody yet.
    pub(crate) fn missing(&self) -> BTreeMap<String, Owed> {
        let books = self.books();
        let missing = books.owed.iter().filter(|(id, _)| !books.took(id));
        missing.map(|(id, owed)| (id.clone(), owed.clone())).collect()
    }

    /// What is owed of these events.
    pub(crate) fn owed_of(&self, events: &BTreeSet<String>) -> Vec<String> {
        let books = self.books();
        let of_them = books.owed.iter().filter(|(_, owed)| events.contains(&owed.event));
        of_them.map(|(id, _)| id.clone()).collect()
    }

    /// Owes these no more; how many of them were owed.
    pub(crate) fn forgive(&self, ids: &BTreeSet<String>) -> usize {
        let mut books = self.books();
        ids.iter().filter(|id| books.owed.remove(*id).is_some()).count()
    }

    /// How many deliveries are owed.
    pub(crate) fn owed(&self) -> usize {
        self.books().owed.len()
    }

    /// How many POSTs there were in a span of time.
    pub(crate) fn posts_within(&self, from: Instant, to: Instant) -> usize {
        let books = self.books();
        let posts = books.arrived.values().flat_map(|arrivals| &arrivals.posts);
        posts.filter(|post| from <= post.at && post.at <= to).count()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn took(&self, id: &str) -> bool {
        self.first_taken(id).is_some()
    }

    fn first_taken(&self, id: &str) -> Option<Instant> {
        self.arrived.get(id)?.posts.iter().filter(|post| post.taken).map(|post| post.at).min()
    }
}

#[cfg(test)]
mod tests;
