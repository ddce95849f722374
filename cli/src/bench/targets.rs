//! What the figures are to be: ratios within one run where that can be, for those hold on other machines too.

use std::collections::BTreeMap;

use serde::Serialize;

/// A target and how it was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Verdict {
    /// What is judged: a figure, or one over another.
    pub(super) figure: String,
    /// What it is.
    pub(super) value: Option<f64>,
    /// What it is to be.
    pub(super) target: String,
    /// Whether it is; nothing if there is no figure.
    pub(super) met: Option<bool>,
}

struct Target {
    figure: &'static str,
    over: Option<&'static str>,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const RAW: Option<&str> = Some("raw_post_per_s");

const TARGETS: [Target; 14] = [
    target("delivery_per_s", RAW, Bound::AtLeast(0.70)),
    target("end_to_end_batch100_per_s", RAW, Bound::AtLeast(0.30)),
    target("end_to_end_per_s", RAW, Bound::AtLeast(0.20)),
    target("fanout5_deliveries_per_s", None, Bound::AtLeast(26_000.0)),
    target("scaling", None, Bound::AtLeast(3.6)),
    target("batched_events_per_s", None, Bound::AtLeast(150_000.0)),
    target("import_lines_per_s", None, Bound::AtLeast(50_000.0)),
    target("import_rss_mb.growth", None, Bound::AtMost(1.2)),
    target("latency_ms.at_1000.p50", None, Bound::AtMost(10.0)),
    target("latency_ms.at_1000.p99", None, Bound::AtMost(40.0)),
    target("isolation.hanging.ratio", None, Bound::AtMost(1.5)),
    target("route_ns.growth", None, Bound::AtMost(2.0)),
    target("idle_webhook_bytes", None, Bound::AtMost(4096.0)),
    target("rss_mb.waiting.delivery", None, Bound::AtMost(200.0)),
];

const fn target(figure: &'static str, over: Option<&'static str>, bound: Bound) -> Target {
    Target { figure, over, bound }
}

/// Judges the figures of a run.
pub(super) fn judge(figures: &BTreeMap<String, f64>) -> Vec<Verdict> {
    TARGETS.iter().map(|target| target.judge(figures)).collect()
}

impl Target {
    fn judge(&self, figures: &BTreeMap<String, f64>) -> Verdict {
        let figure = figures.get(self.figure).copied();
        let (name, value) = match self.over {
            None => (self.figure.to_owned(), figure),
            Some(over) => {
                let whole = figures.get(over).copied().filter(|whole| *whole > 0.0);
                (format!("{} / {over}", self.figure), figure.zip(whole).map(|(part, whole)| part / whole))
            }
        };
        let (target, met) = match self.bound {
            Bound::AtLeast(bound) => (format!(">= {bound}"), value.map(|value| value >= bound)),
            Bound::AtMost(bound) => (format!("<= {bound}"), value.map(|value| value <= bound)),
        };
        Verdict { figure: name, value, target, met }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(figures: &[(&str, f64)], name: &str) -> Verdict {
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        judge(&figures).into_iter().find(|verdict| verdict.figure == name).unwrap()
    }

    #[test]
    fn the_page_has_a_row_for_every_target() {
        let page = include_str!("../../../docs/benchmarks.md");
        for verdict in judge(&BTreeMap::new()) {
            assert!(page.contains(&format!("| `{}` |", verdict.figure)), "{}", verdict.figure);
        }
    }

    #[test]
    fn a_ratio_is_within_one_run_and_missing_figures_are_not_judged() {
        let name = "delivery_per_s / raw_post_per_s";
        let both = judged(&[("delivery_per_s", 7.0), ("raw_post_per_s", 10.0)], name);
        assert_eq!((both.value, both.met, both.target.as_str()), (Some(0.7), Some(true), ">= 0.7"));
        assert_eq!(judged(&[("delivery_per_s", 7.0)], name).met, None);
        assert_eq!(judged(&[("scaling", 3.5)], "scaling").met, Some(false));
        assert_eq!(judged(&[("route_ns.growth", 2.0)], "route_ns.growth").met, Some(true));
    }
}
