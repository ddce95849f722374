//! What narrows a webhook's types, in version 1. Left out as a whole where nothing does.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Callers, Trigger};
use serde::{Deserialize, Serialize};

/// A program that does not know a condition would send what must not be sent, so unknown ones are refused here.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerV1 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    collection: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    callers: Option<CallersV1>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    fields: BTreeSet<Arc<str>>,
}

/// `{"only": [...]}` or `{"except": [...]}`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum CallersV1 {
    Only(BTreeSet<Arc<str>>),
    Except(BTreeSet<Arc<str>>),
}

impl TriggerV1 {
    pub(super) fn of(trigger: &Trigger) -> Option<Self> {
        let Trigger { filter, database, collection, callers, fields } = trigger.clone();
        let callers = callers.map(|callers| match callers {
            Callers::Only(names) => CallersV1::Only(names),
            Callers::Except(names) => CallersV1::Except(names),
        });
        (!trigger.is_open()).then_some(Self { filter, database, collection, callers, fields })
    }

    pub(super) fn read(self) -> Trigger {
        let Self { filter, database, collection, callers, fields } = self;
        let callers = callers.map(|callers| match callers {
            CallersV1::Only(names) => Callers::Only(names),
            CallersV1::Except(names) => Callers::Except(names),
        });
        Trigger { filter, database, collection, callers, fields }
    }
}
