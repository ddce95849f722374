//! What narrows the types of events that a webhook wants. Whether an event fits is not decided here: that takes reading
//! its data, which is `postbode-trigger`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Conditions beside the type: an event must meet all that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trigger {
    /// A CEL expression that must be true.
    pub filter: Option<Arc<str>>,
    /// Only profiles of this database.
    pub database: Option<Arc<str>>,
    /// Only subprofiles of this collection.
    pub collection: Option<Arc<str>>,
    /// Which applications' changes count: guards people against being told of their own.
    pub callers: Option<Callers>,
    /// Only changes of one of these fields; none means any.
    pub fields: BTreeSet<Arc<str>>,
}

/// Applications that change profiles, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Only these; a change that names no application is left out.
    Only(BTreeSet<Arc<str>>),
    /// All but these; a change that names no application counts.
    Except(BTreeSet<Arc<str>>),
}

impl Trigger {
    /// Whether every event fits, so that nobody need read its data.
    pub fn is_open(&self) -> bool {
        self.filter.is_none() && !self.is_about_profiles()
    }

    /// Whether there is a condition beside the filter.
    pub fn is_about_profiles(&self) -> bool {
        let Self { filter: _, database, collection, callers, fields } = self;
        database.is_some() || collection.is_some() || callers.is_some() || !fields.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_condition_closes_a_trigger() {
        assert!(Trigger::default().is_open());
        for closed in [
            Trigger { filter: Some("true".into()), ..Trigger::default() },
            Trigger { database: Some("7".into()), ..Trigger::default() },
            Trigger { collection: Some("12".into()), ..Trigger::default() },
            Trigger { callers: Some(Callers::Except(BTreeSet::new())), ..Trigger::default() },
            Trigger { fields: ["email".into()].into(), ..Trigger::default() },
        ] {
            assert!(!closed.is_open(), "{closed:?}");
        }
    }
}
