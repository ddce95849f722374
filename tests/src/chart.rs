//! What the Helm chart makes of values, as it was rendered and read by somebody: `helm/tests/golden`.

use std::collections::{BTreeMap, BTreeSet};

const MINIMAL: &str = include_str!("../../helm/tests/golden/minimal.yaml");
/// Its values ask for OAUTHBEARER, and for authorities of one's own.
const TOKENS: &str = include_str!("../../helm/tests/golden/tokens.yaml");

/// How the chart configures a service's Kafka client where users sign in with tokens.
pub(crate) struct Rendered {
    /// Client settings that are variables, with their values.
    pub(crate) properties: BTreeMap<String, String>,
    /// Client settings that are files of secrets.
    pub(crate) secrets: BTreeSet<String>,
}

/// Reads that of a service, `ingest`, from its Deployment.
pub(crate) fn with_tokens(service: &str) -> Rendered {
    let deployment = object(TOKENS, &format!("{service}.yaml"), "Deployment");
    let lines: Vec<_> = deployment.lines().map(str::trim).collect();
    let properties = lines.windows(2).filter_map(|pair| {
        let name = pair[0].strip_prefix("- name: POSTBODE__KAFKA__PROPERTIES__")?;
        let value = pair[1].strip_prefix("value: ").unwrap_or_else(|| panic!("{name} has no value"));
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    });
    let secrets = lines.iter().filter_map(|line| line.strip_prefix("path: kafka.properties."));
    Rendered { properties: properties.collect(), secrets: secrets.map(str::to_owned).collect() }
}

/// The variables of the pod that `helm test` runs, and the files of secrets that it has.
pub fn test_pod() -> (BTreeMap<String, String>, BTreeSet<String>) {
    let pod = object(MINIMAL, "tests/event.yaml", "Pod");
    let variables = pod.lines().filter_map(|line| {
        let (name, value) =
            line.trim().strip_prefix("- {name: ")?.strip_suffix('}')?.split_once(", value: ")?;
        Some((name.to_owned(), value.trim_matches('"').to_owned()))
    });
    let files = pod.lines().filter_map(|line| line.trim().strip_suffix('}')?.split_once(", path: "));
    (variables.collect(), files.map(|(_, file)| file.to_owned()).collect())
}

/// One object of a template.
fn object(rendered: &'static str, template: &str, kind: &str) -> &'static str {
    let (source, kind_is) =
        (format!("# Source: postbode/templates/{template}\n"), format!("\nkind: {kind}\n"));
    let mut objects = rendered.split("\n---\n").filter(|text| text.contains(&source));
    let found = objects.find(|text| text.contains(&kind_is));
    found.unwrap_or_else(|| panic!("the chart makes no {kind} of {template}"))
}
