//! What the documents and the compose file say is what the binaries know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const SERVICES: [&str; 5] = ["ingest", "fanout", "delivery", "retry", "console"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a service says of an unknown key: `(known here: a, b)`.
fn known(service: &str, variable: &str) -> BTreeSet<String> {
    let target = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let binary = target.ancestors().nth(2).map(|profile| profile.join(format!("postbode-{service}")));
    let binary = binary.filter(|binary| binary.exists());
    let binary =
        binary.unwrap_or_else(|| panic!("postbode-{service} is missing: run cargo build --workspace --bins"));
    let asked = Command::new(binary).arg("--check-config").env_clear().env(variable, "1").output();
    let said = asked.map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let list = said.split_once("known here: ").and_then(|(_, rest)| rest.split_once(')'));
    let (list, _) = list.unwrap_or_else(|| panic!("{service} took {variable}: {said}"));
    list.split(", ").map(str::to_owned).collect()
}

/// Every `section.key` that some service knows.
fn known_keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for service in SERVICES {
        for section in known(service, "POSTBODE__NOSUCH__KEY") {
            let variable = format!("POSTBODE__{}__NOSUCH", section.to_uppercase());
            keys.extend(known(service, &variable).into_iter().map(|key| format!("{section}.{key}")));
        }
    }
    keys
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_known() {
    let page = read("docs/configuration.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let documented: BTreeSet<String> = rows.map(|(key, _)| key.to_owned()).collect();
    assert_eq!(documented, known_keys());
}

#[test]
fn the_compose_file_sets_only_keys_that_are_known() {
    let keys = known_keys();
    let compose = read("docker-compose.yml");
    let set: BTreeSet<String> = compose
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter_map(|word| word.strip_prefix("POSTBODE__"))
        .map(|name| name.to_lowercase().replace("__", "."))
        .collect();
    assert!(set.contains("kafka.bootstrap_servers"), "{set:?}");
    let unknown: Vec<_> = set.difference(&keys).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn prometheus_looks_at_every_service_of_the_compose_file_where_it_tells_of_itself() {
    let (compose, prometheus) = (read("docker-compose.yml"), read("compose/prometheus.yml"));
    let page = read("docs/configuration.md");
    let listens = page.lines().find_map(|line| line.strip_prefix("| `http.listen` | `0.0.0.0:"));
    let (port, _) = listens.and_then(|rest| rest.split_once('`')).unwrap_or_default();
    let chart = read("helm/postbode/templates/_workload.tpl");
    assert!(!port.is_empty() && chart.contains(&format!("containerPort: {port}")), "{port}");
    for service in SERVICES {
        assert!(compose.contains(&format!("\n  {service}:\n")), "{service} runs");
        assert!(prometheus.contains(&format!("- {service}:{port}\n")), "{service} is looked at");
    }
}
