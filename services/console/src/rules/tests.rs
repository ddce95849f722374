use super::*;

mod access_and_accounts;
mod key_rules;
mod proof_rules;
mod trigger_rules;
mod ways_rules;
mod webhook_rules;

use crate::problem::Refusal;

/// The fields that a refusal names.
fn fields_of<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Vec<String> {
    match result {
        Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect(),
        other => panic!("not refused for its fields: {other:?}"),
    }
}
