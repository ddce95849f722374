//! How many streams may be open: of one account, and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::AccountId;

use crate::problem::Refusal;
use crate::telemetry::Telemetry;

/// Counts the open streams.
#[derive(Debug)]
pub(super) struct Door {
    per_account: usize,
    in_all: usize,
    open: Mutex<HashMap<AccountId, usize>>,
}

/// One open stream. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    door: Arc<Door>,
    account: AccountId,
    telemetry: Telemetry,
}

impl Door {
    pub(super) fn new(per_account: usize, in_all: usize) -> Self {
        Self { per_account, in_all, open: Mutex::default() }
    }

    /// Lets one more in.
    ///
    /// # Errors
    /// When the account, or all of them together, have as many as they may.
    pub(super) fn enter(
        self: &Arc<Self>,
        account: &AccountId,
        telemetry: &Telemetry,
    ) -> Result<Pass, Refusal> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(account).is_some_and(|count| *count >= self.per_account) {
            return Err(Refusal::TooManyStreams(self.per_account));
        }
        if open.values().sum::<usize>() >= self.in_all {
            return Err(Refusal::NoRoom(self.in_all));
        }
        *open.entry(account.clone()).or_default() += 1;
        telemetry.stream_opened();
        Ok(Pass { door: Arc::clone(self), account: account.clone(), telemetry: telemetry.clone() })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut open = self.door.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
        }
        open.retain(|_, count| *count > 0);
        self.telemetry.stream_closed();
    }
}

#[cfg(test)]
mod tests {
    use process::Metrics;

    use super::*;

    #[test]
    fn an_account_and_all_together_have_so_many_until_one_leaves() {
        let telemetry = Telemetry::new(&Metrics::new());
        let door = Arc::new(Door::new(2, 3));
        let enter = |account: &str| door.enter(&account.into(), &telemetry);
        let (first, _second, other) = (enter("acme").unwrap(), enter("acme").unwrap(), enter("bolt"));
        assert_eq!(enter("acme").err(), Some(Refusal::TooManyStreams(2)));
        assert_eq!(enter("bolt").err(), Some(Refusal::NoRoom(3)));
        drop(first);
        let _third = enter("acme").unwrap();
        drop(other);
        assert_eq!(enter("acme").err(), Some(Refusal::TooManyStreams(2)));
        assert!(enter("bolt").is_ok());
    }
}
