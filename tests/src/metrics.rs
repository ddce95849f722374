//! What services tell at `/metrics`, as a table for people.

use std::collections::{BTreeMap, BTreeSet};

/// One metric, by the name under which Prometheus keeps it; a histogram by what its three names begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metric {
    kind: String,
    unit: String,
    help: String,
    labels: BTreeSet<String>,
    services: BTreeSet<String>,
}

/// All metrics of some services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(BTreeMap<String, Metric>);

impl Table {
    /// Adds what a service answered: OpenMetrics text.
    pub fn add(&mut self, service: &str, text: &str) {
        let mut found: BTreeMap<&str, Metric> = BTreeMap::new();
        for line in text.lines().filter(|line| *line != "# EOF") {
            let Some(rest) = line.strip_prefix("# ") else {
                let (name, labels) = sample(line);
                // The longest: one metric's name may begin another's.
                let metric = found.iter_mut().rfind(|(base, metric)| is_of(name, base, &metric.kind));
                let (_, metric) = metric.unwrap_or_else(|| panic!("{name} has no type"));
                metric.labels.extend(labels);
                continue;
            };
            let mut words = rest.splitn(3, ' ');
            let (Some(what), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
                panic!("no OpenMetrics: {line}")
            };
            let metric = found.entry(name).or_default();
            match what {
                "HELP" => metric.help = value.to_owned(),
                "TYPE" => metric.kind = value.to_owned(),
                "UNIT" => metric.unit = value.to_owned(),
                other => panic!("{other}: {line}"),
            }
        }
        for (base, metric) in found {
            let known = self.0.entry(format!("{base}{}", suffix(&metric.kind))).or_default();
            known.services.insert(service.to_owned());
            known.labels.extend(metric.labels);
            (known.kind, known.unit, known.help) = (metric.kind, metric.unit, metric.help);
        }
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let rows = self.0.iter().map(|(name, metric)| {
            let Metric { kind, unit, help, labels, services } = metric;
            let list = |them: &BTreeSet<String>| them.iter().cloned().collect::<Vec<_>>().join(", ");
            format!("| `{name}` | {kind} | {unit} | {} | {} | {help} |\n", list(labels), list(services))
        });
        let head = "| Metric | Type | Unit | Labels | From | Meaning |\n|---|---|---|---|---|---|\n";
        head.chars().chain(rows.collect::<String>().chars()).collect()
    }
}

/// What a counter's and an information's samples are called beyond their metric.
fn suffix(kind: &str) -> &'static str {
    match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    }
}

fn is_of(sample: &str, base: &str, kind: &str) -> bool {
    let Some(rest) = sample.strip_prefix(base) else { return false };
    match kind {
        "histogram" => ["_bucket", "_sum", "_count"].contains(&rest),
        kind => rest == suffix(kind),
    }
}

/// A sample's name and the names of its labels, but for a bucket's bound and what its example says.
fn sample(line: &str) -> (&str, Vec<String>) {
    let line = line.split(" # ").next().unwrap_or_default();
    let Some((name, rest)) = line.split_once('{') else {
        return (line.split_once(' ').map_or(line, |(name, _)| name), Vec::new());
    };
    // Every second piece is a value: those that we have hold no quotes.
    let names = rest.split('"').step_by(2).filter_map(|piece| piece.strip_suffix('='));
    let names = names.map(|name| name.trim_start_matches(',').to_owned()).filter(|name| name != "le");
    (name, names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_of_several_services_is_one_row_with_its_labels() {
        let text = "# HELP p_events Events seen.\n# TYPE p_events counter\np_events_total{reason=\"a=b, c\",topic=\"t\"} 1\n\
                    # HELP p_wait_seconds Waits.\n# TYPE p_wait_seconds histogram\n# UNIT p_wait_seconds seconds\n\
                    p_wait_seconds_sum 0.1\np_wait_seconds_count 1\np_wait_seconds_bucket{le=\"+Inf\"} 1 # {trace_id=\"a\"} 0.1\n# EOF\n";
        let mut table = Table::default();
        table.add("one", text);
        table.add("two", text);
        assert_eq!(
            table.markdown().lines().skip(2).collect::<Vec<_>>(),
            [
                "| `p_events_total` | counter |  | reason, topic | one, two | Events seen. |",
                "| `p_wait_seconds` | histogram | seconds |  | one, two | Waits. |",
            ]
        );
    }
}
