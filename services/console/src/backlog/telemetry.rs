//! What the look at the pipeline tells.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use domain::Timestamp;
use process::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Unit;
use stream::{Lag, Overdue, Problem, Severity};

/// The metrics, whose labels are groups and topics: as many as the configuration names.
#[derive(Clone, Debug)]
pub(super) struct Telemetry {
    records: Family<Place, Gauge>,
    due: Family<Place, Gauge>,
    oldest: Family<Place, Gauge<f64, AtomicU64>>,
    problems: Family<How, Gauge>,
    looked_at: Gauge<f64, AtomicU64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Place {
    group: String,
    topic: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct How {
    severity: &'static str,
}

const SEVERITIES: [Severity; 4] = [Severity::Note, Severity::Warning, Severity::Unsafe, Severity::Missing];

impl Telemetry {
    /// Registers the metrics.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let it = Self {
            records: Family::default(),
            due: Family::default(),
            oldest: Family::default(),
            problems: Family::default(),
            looked_at: Gauge::default(),
        };
        let help = "Records that a service has not committed, by its group and topic; in a tier most are not due yet";
        metrics.register("backlog_records", help, it.records.clone());
        let help = "Records that a service has not committed and could do now: in a tier, those written as long ago as it holds them";
        metrics.register("backlog_due", help, it.due.clone());
        let help = "How much of its topic's retention the oldest record has waited that is not committed: \
                    it may be deleted at 1";
        let ratio = Unit::Other("ratio".to_owned());
        metrics.register_with_unit("oldest_unconsumed", help, ratio, it.oldest.clone());
        let help = "Settings of topics that are not as they must be, by how bad that is; postbode topics check names them";
        metrics.register("topic_problems", help, it.problems.clone());
        let help = "When backlogs and topics were looked at closely for the last time, since the epoch";
        metrics.register_with_unit("backlog_looked_at", help, Unit::Seconds, it.looked_at.clone());
        it
    }

    /// So much waits.
    pub(super) fn waits(&self, group: &str, lag: &Lag) {
        self.records.get_or_create(&place(group, &lag.topic)).set(number(lag.records));
    }

    /// So much is due, and waits for so long.
    pub(super) fn overdue(&self, group: &str, overdue: &Overdue, retention: Option<Duration>) {
        let place = place(group, &overdue.topic);
        self.due.get_or_create(&place).set(number(overdue.due));
        self.oldest.get_or_create(&place).set(used(overdue.oldest, retention));
    }

    /// Topics are like that.
    pub(super) fn topics(&self, problems: &[Problem]) {
        for severity in SEVERITIES {
            let count = problems.iter().filter(|problem| problem.severity == severity).count();
            let gauge = self.problems.get_or_create(&How { severity: severity.name() });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Everything was looked at.
    pub(super) fn looked(&self, now: Timestamp) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit the 53 bits")]
        self.looked_at.set(now.as_millis() as f64 / 1e3);
    }
}

fn place(group: &str, topic: &str) -> Place {
    Place { group: group.to_owned(), topic: topic.to_owned() }
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Which part of its retention a record has waited; nothing where it is kept for ever.
fn used(age: Duration, retention: Option<Duration>) -> f64 {
    let retention = retention.filter(|retention| !retention.is_zero());
    retention.map_or(0.0, |retention| age.as_secs_f64() / retention.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_by_group_and_topic_and_its_age_by_its_retention() {
        let metrics = Metrics::new();
        let telemetry = Telemetry::new(&metrics);
        let hour = Duration::from_secs(3600);
        let overdue = |topic: &str, hours| Overdue { topic: topic.into(), due: 3, oldest: hours * hour };
        telemetry.overdue("g", &overdue("events", 6), Some(8 * hour));
        telemetry.overdue("g", &overdue("for-ever", 6), None);
        telemetry.waits("g", &Lag { topic: "events".into(), partitions: 2, records: 9 });
        let problem = |severity| Problem {
            topic: "events".into(),
            severity,
            sentence: "It is not.".to_owned(),
            command: "true".to_owned(),
        };
        telemetry.topics(&[problem(Severity::Unsafe), problem(Severity::Unsafe), problem(Severity::Note)]);
        let text = metrics.encode().unwrap();
        for line in [
            "postbode_backlog_records{group=\"g\",topic=\"events\"} 9\n",
            "postbode_backlog_due{group=\"g\",topic=\"events\"} 3\n",
            "postbode_oldest_unconsumed_ratio{group=\"g\",topic=\"events\"} 0.75\n",
            "postbode_oldest_unconsumed_ratio{group=\"g\",topic=\"for-ever\"} 0.0\n",
            "postbode_topic_problems{severity=\"unsafe\"} 2\n",
            "postbode_topic_problems{severity=\"missing\"} 0\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        telemetry.topics(&[]);
        assert!(metrics.encode().unwrap().contains("{severity=\"unsafe\"} 0\n"), "it is mended");
    }
}
