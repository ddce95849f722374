//! What is done so that alerts fire: the cheapest real cause of each.

mod console;
mod kafka;
mod processes;
mod receivers;
mod topics;

use std::collections::BTreeSet;

use futures::future::BoxFuture;

use crate::rules::Rules;
use crate::stage::Stage;

/// Something that is done in a running installation.
pub(crate) type Act = for<'s> fn(&'s mut Stage) -> BoxFuture<'s, ()>;

/// A fault, the alerts that are about it, and how it is mended.
pub(crate) struct Cause {
    pub(crate) alerts: &'static [&'static str],
    /// What it may set off besides.
    pub(crate) may: &'static [&'static str],
    pub(crate) what: &'static str,
    /// What has to be there before; it is no fault yet.
    pub(crate) prepare: Act,
    pub(crate) act: Act,
    pub(crate) mend: Act,
}

/// The causes of some alerts, or of all. There is one for every alert, and none for one that there is not.
pub(crate) fn chosen(rules: &Rules, only: &[String]) -> Result<Vec<Cause>, String> {
    let causes = all();
    let known: BTreeSet<&str> = rules.all.iter().map(|rule| &*rule.name).collect();
    let mut caused = BTreeSet::new();
    for alert in causes.iter().flat_map(|cause| cause.alerts) {
        if !known.contains(alert) || !caused.insert(*alert) {
            return Err(format!("{alert} has two causes, or is no alert of rules.yaml"));
        }
    }
    if let Some(alert) = known.difference(&caused).next() {
        return Err(format!("nothing makes {alert} fire: it needs a cause in tests/src/alerts/causes"));
    }
    if let Some(unknown) = only.iter().find(|name| !known.contains(name.as_str())) {
        return Err(format!("there is no alert {unknown}; --list names them"));
    }
    let wanted = |cause: &Cause| cause.alerts.iter().any(|alert| only.iter().any(|name| name == alert));
    Ok(causes.into_iter().filter(|cause| only.is_empty() || wanted(cause)).collect())
}

/// In the order in which they are caused. What takes long to go out stands early, and calls fail before many succeed.
fn all() -> Vec<Cause> {
    let parts = [
        receivers::failing(),
        topics::all(),
        processes::all(),
        kafka::all(),
        console::all(),
        receivers::late(),
    ];
    parts.into_iter().flatten().collect()
}

/// For what is done at once.
fn at_once<'s>(stage: &'s mut Stage, act: impl FnOnce(&'s mut Stage)) -> BoxFuture<'s, ()> {
    act(stage);
    Box::pin(std::future::ready(()))
}

/// For a cause that needs nothing before, or that is over by itself.
fn nothing(_: &mut Stage) -> BoxFuture<'_, ()> {
    Box::pin(std::future::ready(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_has_a_cause_and_one_without_is_an_error() {
        let mut rules = Rules::read(60).unwrap();
        assert!(chosen(&rules, &[]).is_ok(), "{:?}", chosen(&rules, &[]).err());
        assert_eq!(chosen(&rules, &["PostbodePollStuck".to_owned()]).unwrap().len(), 1);
        assert!(chosen(&rules, &["PostbodeNoSuch".to_owned()]).is_err());
        let new = crate::rules::Rule { name: "PostbodeNew".to_owned(), is_critical: true };
        rules.all.push(new);
        let error = chosen(&rules, &[]).err().unwrap();
        assert!(error.contains("nothing makes PostbodeNew fire"), "{error}");
    }
}
