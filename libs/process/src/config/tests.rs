//! What a configuration may look like, and what is said of one that may not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::*;
use crate::{HttpSettings, HumanDuration, LogFormat, Secret};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    kafka: Kafka,
    limits: Limits,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kafka {
    bootstrap_servers: String,
    password: Option<Secret>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default)]
struct Limits {
    ports: Vec<u16>,
    wait: HumanDuration,
    share: f64,
    on: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ports: vec![80], wait: seconds(1), share: 0.5, on: false }
    }
}

fn seconds(count: u64) -> HumanDuration {
    HumanDuration(Duration::from_secs(count))
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn error(toml: &str, environment: &[(&str, &str)]) -> String {
    let (_folder, path) = file("given.toml", toml);
    load::<Settings>(Some(&path), &variables(environment)).unwrap_err().to_string()
}

#[test]
fn nothing_given_means_the_defaults() {
    let (process, service) = load::<Settings>(None, &BTreeMap::new()).unwrap();
    let http: HttpSettings = process.http.into();
    assert_eq!(http.listen.to_string(), "0.0.0.0:9090");
    assert_eq!(process.shutdown.drain, seconds(25));
    assert_eq!(service, Settings::default());
}

#[test]
fn the_environment_wins_over_the_file_key_by_key() {
    let (_folder, path) = file(
        "a.toml",
        "[kafka]\nbootstrap_servers = 'a:1'\nproperties = { 'security.protocol' = 'SSL' }\n[limits]\nports = [1, 2]\nwait = '2s'\n",
    );
    let environment = variables(&[
        ("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", "b:2"),
        ("POSTBODE__KAFKA__PROPERTIES__ssl.ca.location", "/ca.pem"),
        ("POSTBODE__LOG__FORMAT", "json"),
        ("POSTBODE__HTTP__LISTEN", "127.0.0.1:0"),
        ("POSTBODE__LIMITS__ON", "true"),
        ("POSTBODE__LIMITS__SHARE", ""),
        ("POSTBODE_CONFIG", "not a setting"),
        ("PATH", "/bin"),
    ]);
    let (process, service) = load::<Settings>(Some(&path), &environment).unwrap();
    assert_eq!(service.kafka.bootstrap_servers, "b:2");
    assert_eq!(
        service.kafka.properties,
        variables(&[("security.protocol", "SSL"), ("ssl.ca.location", "/ca.pem")])
    );
    assert_eq!(
        (service.limits.ports.as_slice(), service.limits.on, service.limits.share),
        ([1, 2].as_slice(), true, 0.5)
    );
    assert_eq!(process.log.format, LogFormat::Json);
    let http: HttpSettings = process.http.into();
    assert_eq!(http.listen.to_string(), "127.0.0.1:0");
}

#[test]
fn lists_numbers_and_durations_are_read_from_texts() {
    let environment = variables(&[
        ("POSTBODE__LIMITS__PORTS", "80, 443,"),
        ("POSTBODE__LIMITS__WAIT", "500ms"),
        ("POSTBODE__LIMITS__SHARE", "0.25"),
    ]);
    let limits = read::<Settings>(None, &environment).unwrap().limits;
    assert_eq!(
        limits,
        Limits {
            ports: vec![80, 443],
            wait: HumanDuration(Duration::from_millis(500)),
            share: 0.25,
            on: false
        }
    );
}

#[test]
fn yaml_is_read_too() {
    let (_folder, path) = file("a.yaml", "kafka:\n  bootstrap_servers: a:1\nlimits:\n  ports: [8080]\n");
    let settings = read::<Settings>(Some(&path), &BTreeMap::new()).unwrap();
    assert_eq!(
        (settings.kafka.bootstrap_servers.as_str(), settings.limits.ports.as_slice()),
        ("a:1", [8080].as_slice())
    );
}

#[test]
fn an_unknown_key_is_named_with_its_source_and_its_neighbours() {
    let text = error("[kafka]\nbootstrap_server = 'a:1'\n", &[]);
    assert!(
        text.starts_with("kafka.bootstrap_server: unknown key (known here: bootstrap_servers, "),
        "{text}"
    );
    assert!(text.ends_with("given.toml"), "{text}");
    let text = error("", &[("POSTBODE__LIMITS__PROTS", "1")]);
    assert_eq!(text, "limits.prots: unknown key, in environment variable POSTBODE__LIMITS__PROTS");
    let text = error("[kafak]\na = 1\n", &[]);
    assert!(
        text.starts_with("kafak: unknown key (known here: kafka, limits, http, log, trace, shutdown), in "),
        "{text}"
    );
    let text = error("", &[("POSTBODE__HTTP__LISTNE", "1")]);
    assert!(text.starts_with("http.listne: unknown key (known here: listen, address_file)"), "{text}");
}

#[test]
fn a_wrong_type_is_named_with_its_source() {
    let text = error("", &[("POSTBODE__LIMITS__PORTS", "80,http")]);
    let expected = "limits.ports[1]: invalid type: string \"http\", expected u16, in environment variable POSTBODE__LIMITS__PORTS";
    assert_eq!(text, expected);
    let text = error("[limits]\nwait = 'soon'\n", &[]);
    assert!(
        text.starts_with("limits.wait: 'soon' is not a duration") && text.ends_with("given.toml"),
        "{text}"
    );
    let text = error("log.format = 'xml'", &[]);
    assert!(text.starts_with("log.format: 'xml' is none of auto, json, human, in "), "{text}");
    let text = error("limits = 3", &[]);
    assert!(text.starts_with("limits: invalid type: integer `3`, expected struct Limits, in "), "{text}");
    let text = error("http.listen = 'here'", &[]);
    assert!(text.starts_with("http.listen: invalid socket address"), "{text}");
}

#[test]
fn a_missing_key_is_named() {
    let text = error("[kafka]\npassword = 'x'\n", &[]);
    assert!(text.starts_with("kafka.bootstrap_servers: is missing"), "{text}");
}

#[test]
fn a_missing_or_broken_file_is_named() {
    let missing =
        read::<Settings>(Some(Path::new("/nowhere/a.toml")), &BTreeMap::new()).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/a.toml"), "{missing}");
    let broken = error("[kafka\n", &[]);
    assert!(broken.contains("given.toml"), "{broken}");
}

#[test]
fn tests_give_toml_as_text() {
    let settings = from_toml::<Settings>("[limits]\non = true").unwrap();
    assert!(settings.limits.on);
}
