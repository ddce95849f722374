//! The dashboards' queries, asked until each has given something.

use std::path::Path;

use serde_json::Value;

use crate::prometheus::Asked;

/// A query of a panel, or of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// Dashboard and panel.
    pub(crate) place: String,
    what: What,
    /// Whether it tells of trouble only, and so of nothing while all is well.
    pub(crate) is_of_trouble: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Expression(String),
    /// The values of a metric's label: what a variable offers.
    Label {
        metric: String,
        label: String,
    },
}

/// All that the chart's dashboards ask.
pub(crate) fn all() -> Vec<Query> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm/postbode/files/dashboards");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| of(&serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()))
        .collect()
}

fn of(dashboard: &Value) -> Vec<Query> {
    let title = dashboard["title"].as_str().unwrap_or_default();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut queries = Vec::new();
    for variable in list(&dashboard["templating"]["list"]) {
        if let Some(query) = variable["query"]["query"].as_str() {
            let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            let (metric, label) = inner.and_then(|inner| inner.split_once(", ")).unwrap();
            let what = What::Label { metric: metric.to_owned(), label: label.to_owned() };
            let place = format!("{title}, variable {}", variable["name"].as_str().unwrap_or_default());
            queries.push(Query { place, what, is_of_trouble: false });
        }
    }
    let panels = list(&dashboard["panels"]);
    // Rows that are folded hold their panels.
    let folded: Vec<_> = panels.iter().flat_map(|row| list(&row["panels"])).collect();
    for panel in panels.iter().chain(&folded) {
        for target in list(&panel["targets"]) {
            let expression = target["expr"].as_str().unwrap().replace("$instance", ".*");
            let place = format!("{title}, {}", panel["title"].as_str().unwrap_or_default());
            let is_of_trouble = expression.trim_end().ends_with("> 0");
            queries.push(Query { place, what: What::Expression(expression), is_of_trouble });
        }
    }
    queries
}

impl Query {
    /// Whether it gives something now.
    pub(crate) async fn gives(&self, prometheus: &Asked) -> Result<bool, String> {
        match &self.what {
            What::Expression(expression) => prometheus.numbers(expression).await.map(|count| count > 0),
            What::Label { metric, label } => prometheus.values(metric, label).await.map(|count| count > 0),
        }
    }

    /// With what it asks.
    pub(crate) fn sentence(&self) -> String {
        match &self.what {
            What::Expression(expression) => format!("{}: {expression}", self.place),
            What::Label { metric, label } => format!("{}: {label} of {metric}", self.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panels_query_is_found_with_no_variable_left_in_it() {
        let queries = all();
        assert!(queries.len() > 50, "{}", queries.len());
        for query in queries {
            assert!(!query.sentence().contains('$'), "{query:?}");
        }
    }
}
