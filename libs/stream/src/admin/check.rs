//! What a topic is, against what it must be.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use wire::topics::TopicSpec;

use super::{Problem, Severity};

pub(super) const MIN_ISR: &str = "min.insync.replicas";
const CLEANUP: &str = "cleanup.policy";
const RETENTION: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";
const MAX_MESSAGE: &str = "max.message.bytes";

/// What a topic is.
#[derive(Clone, Debug, Default)]
pub(super) struct Actual {
    pub(super) partitions: usize,
    /// Copies of the partition that has the fewest.
    pub(super) replication: usize,
    pub(super) config: HashMap<String, String>,
}

/// Everything about a topic that is not as it must be, worst first.
pub(super) fn problems(
    spec: &TopicSpec,
    actual: Option<&Actual>,
    brokers: usize,
    bootstrap_servers: &str,
) -> Vec<Problem> {
    let report = Report { topic: &spec.name, servers: bootstrap_servers };
    let Some(actual) = actual else {
        let sentence = format!(
            "Topic {} does not exist, or this Kafka user has no right to see it (Describe).",
            spec.name
        );
        return vec![report.problem(Severity::Missing, sentence, "postbode topics create".to_owned())];
    };
    let checks = [
        partitions(&report, spec, actual),
        cleanup(&report, spec, actual),
        retention(&report, spec, actual),
        retention_bytes(&report, spec, actual),
        message_size(&report, spec, actual),
        replication(&report, actual, brokers),
        in_sync(&report, actual),
    ];
    let mut problems: Vec<_> = checks.into_iter().flatten().collect();
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    problems
}

struct Report<'a> {
    topic: &'a Arc<str>,
    servers: &'a str,
}

impl Report<'_> {
    fn problem(&self, severity: Severity, sentence: String, command: String) -> Problem {
        Problem { topic: Arc::clone(self.topic), severity, sentence, command }
    }

    /// A setting that is one thing and must be another, which one command changes.
    fn setting(&self, severity: Severity, name: &str, is: &str, must: &str, why: &str, put: &str) -> Problem {
        let sentence = format!("Topic {}: {name} is {is} and must be {must}: {why}.", self.topic);
        let command = format!(
            "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} --add-config {name}={put}",
            self.servers, self.topic
        );
        self.problem(severity, sentence, command)
    }

    fn topics_command(&self, rest: &str) -> String {
        format!("kafka-topics.sh --bootstrap-server {} {rest} --topic {}", self.servers, self.topic)
    }
}

fn partitions(report: &Report<'_>, spec: &TopicSpec, actual: &Actual) -> Option<Problem> {
    let wanted = usize::try_from(spec.partitions).unwrap_or(0);
    let (is, topic) = (actual.partitions, &spec.name);
    if spec.exact_partitions && is != wanted {
        let sentence = format!(
            "Topic {topic}: partitions is {is} and must be {wanted}: readers expect every record in the first ones."
        );
        // Partitions cannot be taken away.
        let command = format!("{}, and then postbode topics create", report.topics_command("--delete"));
        return Some(report.problem(Severity::Unsafe, sentence, command));
    }
    (is < wanted).then(|| {
        let sentence = format!(
            "Topic {topic}: partitions is {is} and the configuration says {wanted}: fewer processes can share the work."
        );
        let command = report.topics_command(&format!("--alter --partitions {wanted}"));
        report.problem(Severity::Note, sentence, command)
    })
}

fn cleanup(report: &Report<'_>, spec: &TopicSpec, actual: &Actual) -> Option<Problem> {
    let wanted = spec.config.get(CLEANUP)?;
    let is = actual.config.get(CLEANUP)?;
    if policies(is) == policies(wanted) {
        return None;
    }
    let why = if spec.min_retention.is_none() {
        "its records must stay until others of the same key replace them"
    } else {
        "records of one key must not replace each other"
    };
    Some(report.setting(Severity::Unsafe, CLEANUP, is, wanted, why, wanted))
}

fn policies(text: &str) -> Vec<&str> {
    let mut policies: Vec<_> = text.split(',').map(str::trim).filter(|policy| !policy.is_empty()).collect();
    policies.sort_unstable();
    policies
}

fn retention(report: &Report<'_>, spec: &TopicSpec, actual: &Actual) -> Option<Problem> {
    let least = spec.min_retention?;
    let is: i64 = number(actual, RETENTION)?;
    // Any negative number means for ever.
    let is = u64::try_from(is).ok()?;
    if Duration::from_millis(is) >= least {
        return None;
    }
    let put = spec.config.get(RETENTION).cloned().unwrap_or_else(|| least.as_millis().to_string());
    let must = format!("at least {} ({})", least.as_millis(), domain::duration::format(least));
    let why = "records would be deleted before their time";
    Some(report.setting(Severity::Unsafe, RETENTION, &is.to_string(), &must, why, &put))
}

/// For how long records are kept; none if that is for ever.
pub(super) fn kept(config: &HashMap<String, String>) -> Option<Duration> {
    let deletes = policies(config.get(CLEANUP)?).contains(&"delete");
    let millis: i64 = config.get(RETENTION)?.parse().ok()?;
    // Any negative number means for ever.
    deletes.then_some(Duration::from_millis(u64::try_from(millis).ok()?))
}

fn retention_bytes(report: &Report<'_>, spec: &TopicSpec, actual: &Actual) -> Option<Problem> {
    spec.min_retention?;
    let is: i64 = number(actual, RETENTION_BYTES)?;
    let why = "records would be deleted by volume before their time";
    (is >= 0).then(|| report.setting(Severity::Unsafe, RETENTION_BYTES, &is.to_string(), "-1", why, "-1"))
}

fn message_size(report: &Report<'_>, spec: &TopicSpec, actual: &Actual) -> Option<Problem> {
    let is: usize = number(actual, MAX_MESSAGE)?;
    if is >= spec.min_message_bytes {
        return None;
    }
    let put = spec.config.get(MAX_MESSAGE).cloned().unwrap_or_else(|| spec.min_message_bytes.to_string());
    let must = format!("at least {}", spec.min_message_bytes);
    let why = "the largest records that are let in would be refused here";
    Some(report.setting(Severity::Unsafe, MAX_MESSAGE, &is.to_string(), &must, why, &put))
}

fn replication(report: &Report<'_>, actual: &Actual, brokers: usize) -> Option<Problem> {
    if actual.replication > 1 {
        return None;
    }
    let topic = report.topic;
    let (severity, sentence) = if brokers > 1 {
        let sentence = format!(
            "Topic {topic}: replication is 1 and should be 3: with {brokers} brokers at hand, one that fails takes its records along."
        );
        (Severity::Warning, sentence)
    } else {
        let sentence = format!(
            "Topic {topic}: replication is 1, and there is one broker: good for development, not for keeping."
        );
        (Severity::Note, sentence)
    };
    let command = format!(
        "kafka-reassign-partitions.sh --bootstrap-server {} with a plan of three replicas each",
        report.servers
    );
    Some(report.problem(severity, sentence, command))
}

fn in_sync(report: &Report<'_>, actual: &Actual) -> Option<Problem> {
    let is: usize = number(actual, MIN_ISR)?;
    let replication = actual.replication;
    if is > replication {
        let must = format!("at most {replication}, the number of copies");
        let why = "nothing can be written";
        let put = replication.saturating_sub(1).max(1).to_string();
        return Some(report.setting(Severity::Unsafe, MIN_ISR, &is.to_string(), &must, why, &put));
    }
    let why = "a record is acknowledged while one broker alone has it";
    (is < 2 && replication > 1)
        .then(|| report.setting(Severity::Warning, MIN_ISR, &is.to_string(), "at least 2", why, "2"))
}

fn number<T: std::str::FromStr>(actual: &Actual, name: &str) -> Option<T> {
    actual.config.get(name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use wire::topics::{TopicSettings, Topics};

    use super::*;

    fn spec(name: &str) -> TopicSpec {
        Topics::new(&TopicSettings::default()).unwrap().spec(name).unwrap()
    }

    /// What the topic is when it was made by its specification on three brokers.
    fn made(spec: &TopicSpec) -> Actual {
        let mut config: HashMap<_, _> =
            spec.config.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        config.insert(MIN_ISR.to_owned(), "2".to_owned());
        config.insert(RETENTION_BYTES.to_owned(), "-1".to_owned());
        config.entry(RETENTION.to_owned()).or_insert_with(|| "604800000".to_owned());
        Actual { partitions: usize::try_from(spec.partitions).unwrap(), replication: 3, config }
    }

    fn found(spec: &TopicSpec, actual: &Actual, brokers: usize) -> Vec<(Severity, String, String)> {
        let problems = problems(spec, Some(actual), brokers, "kafka:9092");
        assert!(problems.iter().all(|problem| problem.sentence.contains(&*spec.name)));
        problems.into_iter().map(|problem| (problem.severity, problem.sentence, problem.command)).collect()
    }

    #[test]
    fn a_topic_as_specified_has_no_problem() {
        for spec in Topics::new(&TopicSettings::default()).unwrap().specs() {
            assert_eq!(found(&spec, &made(&spec), 3), [], "{}", spec.name);
        }
    }

    #[test]
    fn a_missing_topic_names_the_command_that_creates_it() {
        let problems = problems(&spec("postbode.events"), None, 3, "kafka:9092");
        assert_eq!(
            problems[0].to_string(),
            "Topic postbode.events does not exist, or this Kafka user has no right to see it (Describe). Run: postbode topics create"
        );
        assert_eq!(problems[0].severity, Severity::Missing);
    }

    #[test]
    fn each_unsafe_setting_is_named_with_the_line_that_puts_it_right() {
        for (topic, name, value, must) in [
            ("postbode.events", "cleanup.policy", "compact", "must be delete"),
            ("postbode.webhooks", "cleanup.policy", "delete", "must be compact"),
            ("postbode.webhooks", "cleanup.policy", "compact,delete", "must be compact"),
            ("postbode.retry.24h", "retention.ms", "86400000", "must be at least"),
            ("postbode.deliveries", "retention.bytes", "1073741824", "must be -1"),
            ("postbode.events", "max.message.bytes", "1048588", "must be at least 1114112"),
            ("postbode.events", "min.insync.replicas", "4", "must be at most 3"),
        ] {
            let spec = spec(topic);
            let mut actual = made(&spec);
            actual.config.insert(name.to_owned(), value.to_owned());
            let found = found(&spec, &actual, 3);
            let [(severity, sentence, command)] = &found[..] else { panic!("{topic} {name}: {found:?}") };
            assert_eq!(*severity, Severity::Unsafe);
            assert!(sentence.contains(&format!("{name} is {value} and {must}")), "{sentence}");
            assert!(
                command.starts_with("kafka-configs.sh --bootstrap-server kafka:9092 --alter"),
                "{command}"
            );
            assert!(command.contains(&format!("--entity-name {topic} --add-config {name}=")), "{command}");
        }
    }

    #[test]
    fn a_topic_that_deletes_keeps_its_records_for_its_retention_and_others_for_ever() {
        let kept_as = |name: &str, retention: &str| {
            let mut config = made(&spec(name)).config;
            config.insert(RETENTION.to_owned(), retention.to_owned());
            kept(&config)
        };
        assert_eq!(kept_as("postbode.events", "3600000"), Some(Duration::from_secs(3600)));
        assert_eq!(kept_as("postbode.events", "-1"), None);
        assert_eq!(kept_as("postbode.webhooks", "3600000"), None, "compacted");
    }

    #[test]
    fn retention_for_ever_and_more_partitions_are_fine() {
        let spec = spec("postbode.events");
        let mut actual = made(&spec);
        actual.config.insert(RETENTION.to_owned(), "-1".to_owned());
        actual.partitions = 48;
        assert_eq!(found(&spec, &actual, 3), []);
    }

    #[test]
    fn the_registry_has_one_partition_and_no_other_number() {
        let spec = spec("postbode.webhooks");
        let actual = Actual { partitions: 12, ..made(&spec) };
        let found = found(&spec, &actual, 3);
        assert_eq!(found[0].0, Severity::Unsafe);
        assert!(found[0].1.contains("partitions is 12 and must be 1"), "{found:?}");
    }

    #[test]
    fn few_copies_are_a_warning_in_a_cluster_and_a_note_on_a_laptop() {
        let spec = spec("postbode.events");
        let mut actual = made(&spec);
        actual.config.insert(MIN_ISR.to_owned(), "1".to_owned());
        assert_eq!(found(&spec, &actual, 3)[0].0, Severity::Warning);
        let alone = Actual { replication: 1, ..actual };
        assert_eq!(found(&spec, &alone, 3).iter().map(|it| it.0).collect::<Vec<_>>(), [Severity::Warning]);
        assert_eq!(found(&spec, &alone, 1).iter().map(|it| it.0).collect::<Vec<_>>(), [Severity::Note]);
    }
}
