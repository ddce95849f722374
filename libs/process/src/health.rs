//! Whether the process should get work (ready) and whether it should be restarted (live).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The checks of one process, by name. Clones share them.
#[derive(Clone, Default)]
pub struct Health(Arc<Checks>);

#[derive(Default)]
struct Checks {
    ready: Mutex<BTreeMap<&'static str, Box<Probe>>>,
    live: Mutex<BTreeMap<&'static str, Box<Probe>>>,
}

type Probe = dyn Fn() -> Result<(), String> + Send + Sync;

/// One readiness check: starts failing, and is what it was last told. Clones share it.
#[derive(Clone, Debug)]
pub struct Check(Arc<Mutex<Result<(), String>>>);

/// What each check says, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(BTreeMap<&'static str, Result<(), String>>);

impl Health {
    /// No checks: live, and not ready before there is one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a readiness check, which fails until told otherwise. A second one of the same name takes the first's place.
    pub fn ready(&self, name: &'static str) -> Check {
        let check = Check(Arc::new(Mutex::new(Err("starting".to_owned()))));
        let told = check.clone();
        self.ready_when(name, move || told.state());
        check
    }

    /// Adds a readiness probe, asked at each request: quick, and not over the network.
    pub fn ready_when(
        &self,
        name: &'static str,
        probe: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        locked(&self.0.ready).insert(name, Box::new(probe));
    }

    /// Adds a liveness probe, asked at each request: quick, and about this process only, never about Kafka or the network.
    pub fn live(&self, name: &'static str, probe: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        locked(&self.0.live).insert(name, Box::new(probe));
    }

    /// What the readiness checks and probes say now. While there is none the process has not come to its service yet:
    /// whoever asks then must not take it for ready.
    pub fn readiness(&self) -> Report {
        let checks = locked(&self.0.ready);
        if checks.is_empty() {
            return Report::default().with("service", Err("starting".to_owned()));
        }
        Report(checks.iter().map(|(name, probe)| (*name, probe())).collect())
    }

    /// What the liveness probes say now.
    pub fn liveness(&self) -> Report {
        Report(locked(&self.0.live).iter().map(|(name, probe)| (*name, probe())).collect())
    }
}

impl Check {
    /// All is well.
    pub fn pass(&self) {
        *locked(&self.0) = Ok(());
    }

    /// Something is missing; `why` is for people.
    pub fn fail(&self, why: impl Into<String>) {
        *locked(&self.0) = Err(why.into());
    }

    /// Passes or fails.
    pub fn set(&self, state: Result<(), String>) {
        *locked(&self.0) = state;
    }

    /// What it was last told.
    pub fn state(&self) -> Result<(), String> {
        locked(&self.0).clone()
    }
}

impl Report {
    /// Whether every check passes.
    pub fn passes(&self) -> bool {
        self.0.values().all(Result::is_ok)
    }

    /// Adds a check's state.
    #[must_use]
    pub fn with(mut self, name: &'static str, state: Result<(), String>) -> Self {
        self.0.insert(name, state);
        self
    }

    /// Each check's name and state.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Result<(), String>)> {
        self.0.iter().map(|(name, state)| (*name, state))
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("ready", &self.readiness()).field("live", &self.liveness()).finish()
    }
}

/// A panic elsewhere leaves whole values behind these locks, so a poisoned one is still good.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_fails_until_it_is_told_to_pass() {
        let health = Health::new();
        assert_eq!(health.readiness(), Report::default().with("service", Err("starting".into())));
        let registry = health.ready("registry");
        assert!(!health.readiness().passes());
        registry.pass();
        assert!(health.readiness().passes());
        registry.fail("away");
        assert_eq!(health.readiness(), Report::default().with("registry", Err("away".into())));
    }

    #[test]
    fn readiness_may_be_asked_for_too() {
        let health = Health::new();
        health.ready_when("group", || Err("not joined".to_owned()));
        assert_eq!(health.readiness(), Report::default().with("group", Err("not joined".to_owned())));
    }

    #[test]
    fn a_probe_is_asked_each_time() {
        let health = Health::new();
        let state = Arc::new(Mutex::new(Ok(())));
        let seen = state.clone();
        health.live("poll", move || locked(&seen).clone());
        assert!(health.liveness().passes());
        *locked(&state) = Err("last poll 40 s ago".to_owned());
        assert_eq!(health.liveness().iter().next(), Some(("poll", &Err("last poll 40 s ago".to_owned()))));
    }
}
