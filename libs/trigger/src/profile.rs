//! Conditions on profile events: whose profile, who changed it, and what.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::types::{CelInt, CelMap, CelString, CelUInt};
use cel::common::value::Val;
use domain::{Callers, Trigger};

use crate::data::member;
use crate::judge::Mismatch;

/// The first condition that the data does not meet.
pub(crate) fn mismatch(trigger: &Trigger, data: &CelMap<'_>) -> Option<Mismatch> {
    let is = |name: &str, wanted: &Option<Arc<str>>| match wanted {
        None => true,
        Some(wanted) => named(data, name).is_some_and(|id| *id == **wanted),
    };
    if !is("database", &trigger.database) {
        return Some(Mismatch::Database);
    }
    if !is("collection", &trigger.collection) {
        return Some(Mismatch::Collection);
    }
    if !trigger.callers.as_ref().is_none_or(|callers| counts(callers, named(data, "caller"))) {
        return Some(Mismatch::Caller);
    }
    if !trigger.fields.is_empty() && !changed(&trigger.fields, data) {
        return Some(Mismatch::Fields);
    }
    None
}

fn counts(callers: &Callers, caller: Option<Cow<'_, str>>) -> bool {
    match callers {
        Callers::Only(names) => caller.is_some_and(|caller| names.contains(&*caller)),
        Callers::Except(names) => caller.is_none_or(|caller| !names.contains(&*caller)),
    }
}

/// PHP writes an empty map as a list: then nothing was changed.
fn changed(fields: &BTreeSet<Arc<str>>, data: &CelMap<'_>) -> bool {
    let parameters = member(data, "parameters").and_then(|it| it.downcast_ref::<CelMap<'_>>());
    parameters.is_some_and(|parameters| fields.iter().any(|field| member(parameters, field).is_some()))
}

/// What names something, be it a text or a whole number.
fn named<'m>(data: &'m CelMap<'_>, name: &'m str) -> Option<Cow<'m, str>> {
    text(member(data, name)?)
}

fn text<'m>(value: &'m dyn Val) -> Option<Cow<'m, str>> {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return Some(Cow::Borrowed(text.inner()));
    }
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return Some(Cow::Owned(number.inner().to_string()));
    }
    value.downcast_ref::<CelUInt>().map(|number| Cow::Owned(number.inner().to_string()))
}
