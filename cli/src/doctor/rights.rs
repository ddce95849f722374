//! What this Kafka user may do. Reading is tried, where it disturbs nobody; writing is not: nothing can be written and be gone
//! again, and a client has no other way to ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use serde::Deserialize;
use stream::{MayRead, may_read};

use super::finding::Finding;
use super::{Round, ServiceName};

/// What each service's user needs: the chart makes Strimzi's users of it.
const RIGHTS: &str = include_str!("../../../helm/postbode/files/rights.json");

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rights {
    /// Topics that it looks at, without the prefix; `*` at the end means all that begin so.
    describe: Vec<String>,
    read: Vec<String>,
    write: Vec<String>,
}

impl Rights {
    /// Whether the service looks at a topic, named without its prefix.
    pub(super) fn looks_at(&self, topic: &str) -> bool {
        any_covers(&self.describe, topic)
    }
}

/// Reads at the end of each topic.
pub(super) async fn look(round: &Round<'_>) -> Vec<Finding> {
    let Ok(topics) = round.context.topics() else { return Vec::new() };
    let prefix = &round.context.topic_settings.prefix;
    let needed = round.service.map(rights_of);
    let wanted = topics.specs().into_iter().filter(|spec| {
        let name = spec.name.strip_prefix(prefix.as_str()).unwrap_or(&spec.name);
        needed.as_ref().is_none_or(|needed| any_covers(&needed.read, name))
    });
    let names: Vec<Arc<str>> = wanted.map(|spec| spec.name).collect();
    let asked =
        join_all(names.iter().map(|name| may_read(&round.context.kafka, Arc::clone(name), round.patience)));
    let told: Vec<_> = names.iter().cloned().zip(asked.await).collect();
    vec![reading(&told, round.service), writing(needed.as_ref(), prefix)]
}

fn reading(told: &[(Arc<str>, MayRead)], service: Option<ServiceName>) -> Finding {
    let name = "rights to read";
    let those = |is: fn(&MayRead) -> bool| -> Vec<&str> {
        told.iter().filter(|(_, may)| is(may)).map(|(topic, _)| &**topic).collect()
    };
    let refused = those(|may| *may == MayRead::No);
    let unclear = those(|may| matches!(may, MayRead::Unclear(_)));
    let look = "give its Kafka user what docs/operations/install.md lists under Rights";
    match (refused.is_empty(), service) {
        (false, Some(service)) => {
            let seen = format!("{} may not read {}", service.name(), refused.join(", "));
            Finding::failed(name, seen, look)
        }
        (false, None) => Finding::warning(
            name,
            format!("this user may not read {}", refused.join(", ")),
            format!(
                "none of the services reads all topics: --service NAME looks at what one needs. Else {look}"
            ),
        ),
        (true, _) if !unclear.is_empty() => {
            let first = unclear.first().copied().unwrap_or_default();
            let seen = format!("of {} topics it is not clear, {first} among them", unclear.len());
            Finding::unchecked(name, seen).or_else("look at what is said of the topics first")
        }
        (true, _) => Finding::ok(name, format!("{} topics may be read", told.len())),
    }
}

fn writing(needed: Option<&Rights>, prefix: &str) -> Finding {
    let topics = needed.map(|rights| {
        let named: Vec<_> = rights.write.iter().map(|rule| format!("{prefix}{rule}")).collect();
        format!(" (needed: {})", named.join(", "))
    });
    let seen = format!("what is written stays, so it is not tried{}", topics.unwrap_or_default());
    let todo = "kafka-acls.sh --bootstrap-server … --list --topic NAME. What a service is refused, its /health/ready says \
                as kafka.access: --health http://HOST:9090";
    Finding::unchecked("rights to write", seen).or_else(todo)
}

/// What a service needs.
pub(super) fn rights_of(service: ServiceName) -> Rights {
    let mut all: BTreeMap<String, Rights> = serde_json::from_str(RIGHTS).unwrap_or_default();
    all.remove(service.name()).unwrap_or_default()
}

fn any_covers(rules: &[String], topic: &str) -> bool {
    rules.iter().any(|rule| covers(rule, topic))
}

/// Whether a rule, with or without `*` at its end, is about a topic.
fn covers(rule: &str, topic: &str) -> bool {
    rule.strip_suffix('*').map_or(rule == topic, |beginning| topic.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn each_service_has_its_rights_in_the_charts_table() {
        for service in ServiceName::value_variants() {
            assert!(!rights_of(*service).read.is_empty(), "{service:?}");
        }
        assert_eq!(rights_of(ServiceName::Retry).read, ["retry.*"]);
        let ingest = rights_of(ServiceName::Ingest);
        assert!(ingest.looks_at("events") && !ingest.looks_at("deliveries"));
        assert!(
            covers("retry.*", "retry.5s") && !covers("retry.*", "events") && !covers("events", "events2")
        );
    }

    #[test]
    fn a_refusal_is_a_failure_for_who_needs_it_and_a_remark_for_others() {
        let told = |may| vec![(Arc::from("p.events"), MayRead::Yes), (Arc::from("p.audit"), may)];
        let verdict = |may, service| reading(&told(may), service).verdict;
        assert_eq!(verdict(MayRead::Yes, None), Verdict::Ok);
        assert_eq!(verdict(MayRead::No, None), Verdict::Warning);
        assert_eq!(verdict(MayRead::No, Some(ServiceName::Console)), Verdict::Failed);
        assert_eq!(verdict(MayRead::Unclear("away".into()), None), Verdict::Unchecked);
        let seen = reading(&told(MayRead::No), Some(ServiceName::Console)).seen;
        assert_eq!(seen, "console may not read p.audit");
    }

    #[test]
    fn what_is_written_is_named_though_it_is_not_tried() {
        let finding = writing(Some(&rights_of(ServiceName::Ingest)), "p.");
        assert!(finding.verdict == Verdict::Unchecked && finding.seen.contains("p.events"), "{finding:?}");
    }
}
