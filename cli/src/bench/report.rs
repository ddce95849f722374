//! What a run found: medians and spreads, why figures are missing, what was busy, and the targets.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::finding::Finding;
use super::plan::Measure;
use super::targets::{self, Verdict};
use super::usage::OTHERS;
use crate::output::{style, table};

/// Everything, as it comes in.
#[derive(Debug, Default)]
pub(super) struct Report {
    figures: BTreeMap<String, Vec<f64>>,
    reasons: BTreeMap<String, String>,
    cores: BTreeMap<String, Vec<BTreeMap<String, f64>>>,
    notes: Vec<String>,
    failures: Vec<String>,
}

/// About the run itself.
#[derive(Debug)]
pub(super) struct Circumstances {
    /// The machine's cores.
    pub(super) cores: usize,
    /// What is written beside the figures: versions, sizes, the machine.
    pub(super) facts: Value,
    /// How long it took.
    pub(super) seconds: f64,
}

impl Report {
    /// Adds what a measurement found, or why it found nothing.
    pub(super) fn add(&mut self, measure: Measure, found: anyhow::Result<Finding>) {
        let finding = found.unwrap_or_else(|error| {
            let failure = format!("{} failed: {error:#}", measure.name());
            let missing = measure.figures().iter().map(|name| ((*name).to_owned(), failure.clone()));
            let finding = Finding { missing: missing.collect(), ..Finding::default() };
            self.failures.push(failure);
            finding
        });
        for (name, value) in finding.values {
            self.figures.entry(name).or_default().push(value);
        }
        self.reasons.extend(finding.missing);
        for (name, cores) in finding.cores {
            self.cores.entry(name).or_default().push(cores);
        }
        self.notes.extend(finding.notes);
    }

    /// A measurement that is left out.
    pub(super) fn skip(&mut self, measure: Measure, reason: &str) {
        for name in measure.figures() {
            self.reasons.entry((*name).to_owned()).or_insert_with(|| reason.to_owned());
        }
    }

    /// Something to know.
    pub(super) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Measurements that failed.
    pub(super) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// One object: medians by their names, null where there is none, and beside them everything else.
    pub(super) fn json(&self, run: &Circumstances) -> Value {
        let medians = self.medians();
        let mut figures = Map::new();
        for name in self.reasons.keys() {
            put(&mut figures, name, Value::Null);
        }
        for (name, value) in &medians {
            put(&mut figures, name, json!(rounded(*value)));
        }
        let spread = |values: &Vec<f64>| json!(sorted(values).into_iter().map(rounded).collect::<Vec<_>>());
        let runs: BTreeMap<_, _> = self.figures.iter().map(|(name, all)| (name, spread(all))).collect();
        let missing: BTreeMap<_, _> =
            self.reasons.iter().filter(|(name, _)| !medians.contains_key(*name)).collect();
        let busy: BTreeMap<_, _> =
            self.cores.iter().map(|(name, all)| (name, busy(all, run.cores))).collect();
        figures.insert("runs".into(), json!(runs));
        figures.insert("missing".into(), json!(missing));
        figures.insert("busy".into(), json!(busy));
        figures.insert("targets".into(), json!(targets::judge(&medians)));
        figures.insert("notes".into(), json!(self.notes));
        figures.insert("failures".into(), json!(self.failures));
        figures.insert("run".into(), run.facts.clone());
        figures.insert("seconds".into(), json!(rounded(run.seconds)));
        Value::Object(figures)
    }

    /// The same for people.
    pub(super) fn text(&self, run: &Circumstances) -> String {
        let medians = self.medians();
        let rows: Vec<_> = self.figures.iter().map(|(name, all)| row(name, all)).collect();
        let verdicts: Vec<_> = targets::judge(&medians).into_iter().map(verdict_row).collect();
        let busy: Vec<_> = self.cores.iter().map(|(name, all)| busy_row(name, all, run.cores)).collect();
        let mut parts = vec![
            table(["FIGURE", "MEDIAN", "LEAST", "MOST", "RUNS"], &rows),
            table(["TARGET", "FIGURE", "TO BE", "MET"], &verdicts),
            table(["WHILE MEASURING", "BOTTLENECK", "CORES"], &busy),
        ];
        let missing = self.reasons.iter().filter(|(name, _)| !medians.contains_key(*name));
        parts.push(missing.map(|(name, why)| format!("no {name}: {why}\n")).collect());
        parts.push(self.notes.iter().map(|note| format!("note: {note}\n")).collect());
        parts.push(format!("took {:.0} s", run.seconds));
        parts.retain(|part| !part.trim().is_empty());
        parts.join("\n\n")
    }

    fn medians(&self) -> BTreeMap<String, f64> {
        self.figures.iter().map(|(name, values)| (name.clone(), median(values))).collect()
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let all = sorted(values);
    match all.len() {
        0 => 0.0,
        n if n % 2 == 1 => all[n / 2],
        n => f64::midpoint(all[n / 2 - 1], all[n / 2]),
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut all = values.to_vec();
    all.sort_by(f64::total_cmp);
    all
}

/// Three digits are all that a benchmark can tell.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value.round() } else { (value * 1000.0).round() / 1000.0 }
}

/// Puts a value under a dotted name.
fn put(object: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(object.insert(name.to_owned(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The mean over the runs.
fn mean(all: &[BTreeMap<String, f64>]) -> BTreeMap<String, f64> {
    let mut sum: BTreeMap<String, f64> = BTreeMap::new();
    for (name, cores) in all.iter().flatten() {
        *sum.entry(name.clone()).or_default() += cores / all.len() as f64;
    }
    sum
}

/// What held a figure down: the receiver's one thread, the machine, or neither.
fn bottleneck(cores: &BTreeMap<String, f64>, machine: usize) -> String {
    let of = |name: &str| cores.get(name).copied().unwrap_or(0.0);
    let (all, own) = (cores.values().sum::<f64>(), of("receiver") + of("generator"));
    if of("receiver") >= 0.9 {
        return "the receiver: the figure is about the benchmark".to_owned();
    }
    if of(OTHERS) >= 0.1 * machine as f64 {
        return format!(
            "other processes, which use {:.1} cores: the figure is not to be trusted",
            of(OTHERS)
        );
    }
    if all >= 0.85 * machine as f64 {
        return format!("this machine's cores, {:.0} % of them the benchmark's own", own / all * 100.0);
    }
    "none: cores are free".to_owned()
}

fn busy(all: &[BTreeMap<String, f64>], machine: usize) -> Value {
    let cores = mean(all);
    let bottleneck = bottleneck(&cores, machine);
    let cores: BTreeMap<_, _> = cores.into_iter().map(|(name, cores)| (name, rounded(cores))).collect();
    json!({ "bottleneck": bottleneck, "cores": cores })
}

fn busy_row(name: &str, all: &[BTreeMap<String, f64>], machine: usize) -> [String; 3] {
    let cores = mean(all);
    let shares: Vec<_> = cores.iter().map(|(name, cores)| format!("{name} {cores:.2}")).collect();
    [name.to_owned(), bottleneck(&cores, machine), shares.join(", ")]
}

fn row(name: &str, values: &[f64]) -> [String; 5] {
    let all = sorted(values);
    let shown = |value: Option<&f64>| value.map(|value| rounded(*value).to_string()).unwrap_or_default();
    let median = rounded(median(values)).to_string();
    [name.to_owned(), median, shown(all.first()), shown(all.last()), all.len().to_string()]
}

fn verdict_row(verdict: Verdict) -> [String; 4] {
    let met = match verdict.met {
        Some(true) => style::good("met"),
        Some(false) => style::bad("not met"),
        None => style::dim("no figure"),
    };
    let value = verdict.value.map(|value| rounded(value).to_string()).unwrap_or_default();
    [verdict.figure, value, verdict.target, met]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Circumstances {
        Circumstances { cores: 2, facts: json!({"repeat": 3}), seconds: 12.0 }
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0]), median(&[])), (2.0, 2.5, 0.0));
    }

    #[test]
    fn figures_are_nested_by_their_names_and_missing_ones_are_null_with_a_reason() {
        let mut report = Report::default();
        for rate in [100.0, 300.0, 200.0] {
            report.add(Measure::Raw, Ok(Finding::of("raw_post_per_s", rate)));
        }
        report.add(Measure::Delivery, Ok(Finding::of("delivery_per_s", 150.0)));
        report.add(Measure::Latency, Ok(Finding::of("latency_ms.at_1000.p50", 9.87654)));
        report.add(Measure::Ingest, Err(anyhow::anyhow!("no Kafka")));
        report.skip(Measure::Scaling, "not asked for");
        let json = report.json(&run());
        assert_eq!(
            (&json["raw_post_per_s"], &json["runs"]["raw_post_per_s"][2]),
            (&json!(200.0), &json!(300.0))
        );
        assert_eq!(json["latency_ms"]["at_1000"]["p50"], 9.877);
        assert_eq!((&json["ingest_per_s"], &json["scaling"]), (&Value::Null, &Value::Null));
        assert_eq!(json["missing"]["ingest_per_s"], "ingest failed: no Kafka");
        assert_eq!(json["missing"]["scaling"], "not asked for");
        assert_eq!((&json["targets"][0]["value"], &json["targets"][0]["met"]), (&json!(0.75), &json!(true)));
        assert_eq!((&json["run"]["repeat"], &json["seconds"]), (&json!(3), &json!(12.0)));
        assert_eq!(report.failures().len(), 1);
        assert!(report.text(&run()).contains("no ingest_per_s: ingest failed: no Kafka"));
    }

    #[test]
    fn a_figure_that_was_found_once_is_not_missing() {
        let mut report = Report::default();
        report.add(Measure::Raw, Err(anyhow::anyhow!("hiccup")));
        report.add(Measure::Raw, Ok(Finding::of("raw_post_per_s", 1.0)));
        let json = report.json(&run());
        assert_eq!((&json["raw_post_per_s"], json["missing"].as_object().unwrap().len()), (&json!(1.0), 0));
    }

    #[test]
    fn the_bottleneck_is_named() {
        let cores =
            |all: &[(&str, f64)]| all.iter().map(|(name, cores)| ((*name).to_owned(), *cores)).collect();
        assert!(bottleneck(&cores(&[("receiver", 0.95)]), 2).starts_with("the receiver"));
        let full = cores(&[("delivery", 1.2), ("receiver", 0.6), ("kafka", 0.1)]);
        assert_eq!(bottleneck(&full, 2), "this machine's cores, 32 % of them the benchmark's own");
        assert_eq!(bottleneck(&cores(&[("delivery", 0.3)]), 2), "none: cores are free");
        assert!(bottleneck(&cores(&[("delivery", 1.0), ("others", 0.5)]), 2).starts_with("other processes"));
    }
}
