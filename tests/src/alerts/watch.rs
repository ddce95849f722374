//! What Prometheus says all the time: which alerts fire, and which of the dashboards' queries have given something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::panels::{self, Query};
use crate::prometheus::Asked;
use crate::rules::Rules;

/// How often is asked which alerts fire.
const EVERY: Duration = Duration::from_millis(200);
/// How often those queries are asked that have given nothing yet.
const QUERIES_EVERY: Duration = Duration::from_secs(2);

/// Asks Prometheus in the background. It ends when dropped.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    firing: BTreeSet<String>,
    changes: Vec<Change>,
    /// How many faults explain an alert now.
    explained: BTreeMap<String, usize>,
    surprises: Vec<String>,
    /// Queries that have given nothing yet, with why.
    silent: Vec<(Query, String)>,
    queries: usize,
}

struct Change {
    at: Instant,
    alert: String,
    fires: bool,
}

impl Watch {
    /// Begins to ask.
    pub(crate) fn start(prometheus: Asked, rules: &Rules) -> Self {
        let silent: Vec<_> = panels::all().into_iter().map(|query| (query, "nothing".to_owned())).collect();
        let queries = silent.len();
        let seen = Arc::new(Mutex::new(Seen { silent, queries, ..Seen::default() }));
        let critical =
            rules.all.iter().filter(|rule| rule.is_critical).map(|rule| rule.name.clone()).collect();
        let task = tokio::spawn(ask(prometheus, critical, Arc::clone(&seen)));
        Self { seen, task }
    }

    /// Some alerts are somebody's doing from now on.
    pub(crate) fn explain(&self, alerts: &[&str]) {
        let mut seen = self.seen();
        alerts.iter().for_each(|alert| *seen.explained.entry((*alert).to_owned()).or_default() += 1);
    }

    /// They are not any more.
    pub(crate) fn explain_no_more(&self, alerts: &[&str]) {
        let mut seen = self.seen();
        for alert in alerts {
            seen.explained.entry((*alert).to_owned()).and_modify(|count| *count = count.saturating_sub(1));
        }
    }

    /// Whether any of them fires now.
    pub(crate) fn any_fires(&self, alerts: &[&str]) -> bool {
        let seen = self.seen();
        alerts.iter().any(|alert| seen.firing.contains(*alert))
    }

    /// When an alert began to fire for the first time since then.
    pub(crate) fn fired(&self, alert: &str, since: Instant) -> Option<Instant> {
        let seen = self.seen();
        seen.changes.iter().find(|it| it.alert == alert && it.fires && it.at >= since).map(|it| it.at)
    }

    /// When an alert had gone out; none while it fires.
    pub(crate) fn out(&self, alert: &str) -> Option<Instant> {
        let seen = self.seen();
        if seen.firing.contains(alert) {
            return None;
        }
        seen.changes.iter().rfind(|it| it.alert == alert && !it.fires).map(|it| it.at)
    }

    /// What began to fire since then.
    pub(crate) fn fired_since(&self, since: Instant) -> BTreeSet<String> {
        let seen = self.seen();
        let fired = seen.changes.iter().filter(|it| it.fires && it.at >= since);
        fired.map(|it| it.alert.clone()).collect()
    }

    /// What fires now.
    pub(crate) fn firing(&self) -> BTreeSet<String> {
        self.seen().firing.clone()
    }

    /// Critical alerts that no fault explained, each in words.
    pub(crate) fn surprises(&self) -> Vec<String> {
        self.seen().surprises.clone()
    }

    /// Queries that have given nothing yet, in words: with `all` those, too, that tell of trouble only.
    pub(crate) fn silent(&self, all: bool) -> Vec<String> {
        let seen = self.seen();
        let silent = seen.silent.iter().filter(|(query, _)| all || !query.is_of_trouble);
        silent.map(|(query, why)| format!("{} ({why})", query.sentence())).collect()
    }

    /// How many queries there are.
    pub(crate) fn queries(&self) -> usize {
        self.seen().queries
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ask(prometheus: Asked, critical: BTreeSet<String>, seen: Arc<Mutex<Seen>>) {
    let (began, mut queries_at) = (Instant::now(), Instant::now());
    loop {
        if let Ok(firing) = prometheus.firing().await {
            lock(&seen).note(firing.into_iter().collect(), &critical, began);
        }
        if queries_at <= Instant::now() {
            ask_queries(&prometheus, &seen).await;
            queries_at = Instant::now() + QUERIES_EVERY;
        }
        sleep(EVERY).await;
    }
}

async fn ask_queries(prometheus: &Asked, seen: &Mutex<Seen>) {
    let silent = lock(seen).silent.clone();
    let mut still = Vec::new();
    for (query, _) in silent {
        match query.gives(prometheus).await {
            Ok(true) => {}
            Ok(false) => still.push((query, "nothing".to_owned())),
            Err(error) => still.push((query, error)),
        }
    }
    lock(seen).silent = still;
}

impl Seen {
    fn note(&mut self, firing: BTreeSet<String>, critical: &BTreeSet<String>, began: Instant) {
        let at = Instant::now();
        for alert in firing.difference(&self.firing) {
            let explained = self.explained.get(alert).is_some_and(|count| *count > 0);
            if critical.contains(alert) && !explained {
                let after = at.duration_since(began).as_secs();
                self.surprises
                    .push(format!("{alert} fired {after} s after the beginning, and no fault explains it"));
            }
        }
        let changed = firing.symmetric_difference(&self.firing);
        let changes = changed.map(|alert| Change { at, alert: alert.clone(), fires: firing.contains(alert) });
        self.changes.extend(changes);
        self.firing = firing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_critical_alert_that_nothing_explains_is_a_surprise_and_a_warning_is_none() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (critical, now) = (names(&["Loud", "Louder"]), Instant::now());
        let mut seen = Seen::default();
        seen.explained.insert("Louder".to_owned(), 1);
        seen.note(names(&["Loud", "Louder", "Quiet"]), &critical, now);
        seen.note(names(&["Loud"]), &critical, now);
        assert_eq!(seen.surprises.len(), 1, "{:?}", seen.surprises);
        assert!(seen.surprises[0].starts_with("Loud fired"));
        assert_eq!(seen.changes.iter().filter(|change| !change.fires).count(), 2);
    }
}
