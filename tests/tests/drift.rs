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

/// Every metric of docs/metrics.md, by the names of its samples.
fn told() -> BTreeSet<String> {
    let page = read("docs/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `postbode_")?.split_once("` | "));
    let samples = rows.flat_map(|(name, rest)| {
        let suffixes = if rest.starts_with("histogram") { &["_bucket", "_sum", "_count"][..] } else { &[""] };
        suffixes.iter().map(move |suffix| format!("postbode_{name}{suffix}"))
    });
    samples.collect()
}

/// The metrics that a file names.
fn asked(file: &str) -> BTreeSet<String> {
    let text = read(file);
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("postbode_")).map(str::to_owned).collect()
}

/// The files of a folder of the repository, by name.
fn files(folder: &str) -> Vec<String> {
    let listed = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = listed.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn rules_runbooks_dashboards_and_scaling_ask_only_for_metrics_that_are_told() {
    let told = told();
    assert!(told.len() > 60, "docs/metrics.md says little: {told:?}");
    let mut asking = files("docs/runbooks");
    asking.extend(files("helm/postbode/files/dashboards"));
    asking.extend(
        ["helm/postbode/files/rules.yaml", "helm/postbode/templates/_scaling.tpl"].map(str::to_owned),
    );
    asking.extend(files("helm/tests/rules"));
    for file in asking {
        for name in asked(&file) {
            assert!(told.contains(&name), "{file} asks for {name}, which docs/metrics.md does not know");
        }
    }
}

/// A histogram is called by its name there, and asked for by one of its three.
#[test]
fn documents_call_metrics_as_the_table_does() {
    let mut known = told();
    known.extend(told().iter().filter_map(|name| name.strip_suffix("_bucket")).map(str::to_owned));
    let pages = ["docs", "docs/operations"].into_iter().flat_map(files);
    for page in pages.filter(|file| file.ends_with(".md") && file != "docs/metrics.md") {
        for name in asked(&page) {
            assert!(known.contains(&name), "{page} names {name}, which docs/metrics.md does not know");
        }
    }
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let rules = read("helm/postbode/files/rules.yaml");
    let named = |prefix: &str| -> BTreeSet<String> {
        rules.lines().filter_map(|line| line.trim().strip_prefix(prefix)).map(str::to_owned).collect()
    };
    let alerts = named("- alert: ");
    let linked = named("runbook_url: docs/runbooks/");
    let files: BTreeSet<String> = files("docs/runbooks")
        .iter()
        .filter_map(|file| file.strip_prefix("docs/runbooks/")?.strip_suffix(".md"))
        .filter(|name| *name != "README")
        .map(str::to_owned)
        .collect();
    assert_eq!(files, alerts);
    assert_eq!(linked, alerts.iter().map(|alert| format!("{alert}.md")).collect());
    let index = read("docs/runbooks/README.md");
    for alert in &alerts {
        assert!(index.contains(&format!("[{alert}]({alert}.md)")), "{alert} is not in the list");
        let page = read(&format!("docs/runbooks/{alert}.md"));
        let parts = ["## Look\n", "## Do\n", "## Do not\n", "## When it goes out\n"];
        let top = ["- **What happens**: ", "- **At stake**: ", "- **First**: "];
        let places: Vec<_> =
            top.into_iter().chain(parts).map(|part| page.find(&format!("\n{part}"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{alert}: {places:?}");
    }
}

#[test]
fn every_panel_of_a_dashboard_says_what_it_shows_and_in_which_unit() {
    for file in files("helm/postbode/files/dashboards") {
        let board: serde_json::Value =
            serde_json::from_str(&read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let uid = board["uid"].as_str().unwrap_or_default();
        assert_eq!(file, format!("helm/postbode/files/dashboards/{uid}.json"));
        let panels = board["panels"].as_array().map(Vec::as_slice).unwrap_or_default();
        let asking: Vec<_> = panels.iter().filter(|panel| panel["targets"].is_array()).collect();
        assert!(asking.len() > 5, "{file} shows little");
        for panel in asking {
            let title = &panel["title"];
            assert!(panel["description"].as_str().is_some_and(|text| !text.is_empty()), "{file}: {title}");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{file}: {title}");
        }
    }
}

#[test]
fn prometheus_and_grafana_of_the_compose_file_get_the_charts_own_rules_and_dashboards() {
    let compose = read("docker-compose.yml");
    for file in
        ["helm/postbode/files/rules.yaml", "helm/postbode/files/dashboards", "compose/grafana/dashboards.yml"]
    {
        assert!(compose.contains(&format!("- ./{file}:")) && root().join(file).exists(), "{file}");
    }
    assert!(read("compose/prometheus.yml").contains("rule_files: [/etc/prometheus/rules.yaml]"));
    assert!(read("compose/grafana/dashboards.yml").contains("path: /var/lib/grafana/dashboards"));
}
