//! Conditions on events: what may stand in them, and which types of event they go with.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Callers, EventType, Trigger, Types};
use trigger::Filter;
use wire::api::{self, TriggerPatch};
use wire::catalogue;

use super::fields::{Errors, shown};
use crate::words::sentence;

const MAX_FIELDS: usize = 100;
const MAX_CALLERS: usize = 20;
const MAX_NAME: usize = 100;

/// Checks what is asked for by itself. A filter is compiled here, and nowhere while a change has its turn.
pub fn check(asked: &TriggerPatch, errors: &mut Errors) {
    if let Some(Err(error)) = asked.filter.iter().flatten().next().map(|source| Filter::compile(source)) {
        errors.add("filter", error);
    }
    for (field, id) in [("database", &asked.database), ("collection", &asked.collection)] {
        if let Some(Some(id)) = id {
            name(field, &id.to_string(), errors);
        }
    }
    if let Some(Some(callers)) = &asked.callers {
        let (api::Callers::Only(callers) | api::Callers::Except(callers)) = callers;
        if callers.is_empty() {
            errors.add("callers", sentence!("callers-empty"));
        }
        names("callers", callers, MAX_CALLERS, errors);
    }
    if let Some(Some(fields)) = &asked.fields {
        names("fields", fields, MAX_FIELDS, errors);
    }
}

fn names(field: &str, names: &BTreeSet<String>, limit: usize, errors: &mut Errors) {
    if names.len() > limit {
        errors.add(field, sentence!("names-many", count = names.len(), most = limit));
    }
    names.iter().for_each(|it| name(field, it, errors));
}

fn name(field: &str, name: &str, errors: &mut Errors) {
    if name.is_empty() {
        errors.add(field, sentence!("names-empty-one"));
    } else if name.chars().count() > MAX_NAME {
        errors.add(field, sentence!("names-long-one", most = MAX_NAME, text = shown(name)));
    }
}

/// What is asked for, over what there is.
pub fn over(base: &Trigger, asked: &TriggerPatch) -> Trigger {
    let set = |names: &BTreeSet<String>| names.iter().map(|it| Arc::from(it.as_str())).collect();
    let mut trigger = base.clone();
    if let Some(filter) = &asked.filter {
        trigger.filter = filter.as_deref().map(Arc::from);
    }
    if let Some(database) = &asked.database {
        trigger.database = database.as_ref().map(|it| it.to_string().into());
    }
    if let Some(collection) = &asked.collection {
        trigger.collection = collection.as_ref().map(|it| it.to_string().into());
    }
    if let Some(callers) = &asked.callers {
        trigger.callers = callers.as_ref().map(|callers| match callers {
            api::Callers::Only(names) => Callers::Only(set(names)),
            api::Callers::Except(names) => Callers::Except(set(names)),
        });
    }
    if let Some(fields) = &asked.fields {
        trigger.fields = fields.as_ref().map(set).unwrap_or_default();
    }
    trigger
}

/// Whether the conditions can be met by every type that is wanted: a condition on what a type does not have would keep
/// its events away for ever, and nobody would see why.
pub fn fits(trigger: &Trigger, types: &Types, errors: &mut Errors) {
    for (field, member, set) in [
        ("database", "database", trigger.database.is_some()),
        ("collection", "collection", trigger.collection.is_some()),
        ("callers", "caller", trigger.callers.is_some()),
        ("fields", "parameters", !trigger.fields.is_empty()),
    ] {
        let Some(stranger) = set.then(|| stranger(types, member)).flatten() else { continue };
        let can: Vec<_> =
            catalogue::types().iter().filter(|kind| has(kind, member)).map(|kind| kind.name).collect();
        let can = can.join(", ");
        errors.add(
            field,
            match stranger {
                Stranger::Any => sentence!("condition-all-types", types = can, field = field),
                Stranger::One(kind) => {
                    sentence!("condition-other-type", types = can, kind = kind, field = field)
                }
            },
        );
    }
}

/// What is wanted and lacks a member.
enum Stranger {
    /// Some of all types.
    Any,
    /// This type.
    One(String),
}

fn stranger(types: &Types, member: &str) -> Option<Stranger> {
    match types {
        Types::All => Some(Stranger::Any),
        Types::Only(kinds) => {
            let lacks = |kind: &&EventType| !catalogue::find(kind.as_str()).is_some_and(|it| has(it, member));
            kinds.iter().find(lacks).map(|kind| Stranger::One(shown(kind.as_str())))
        }
    }
}

fn has(kind: &catalogue::EventKind, member: &str) -> bool {
    kind.fields.iter().any(|field| field.name == member)
}
