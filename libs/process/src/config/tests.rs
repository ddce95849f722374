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

fn load_all(
    file: Option<&Path>,
    secrets: Option<&Path>,
    variables: &BTreeMap<String, String>,
) -> Result<(ProcessSettings, Settings), ConfigError> {
    load(Sources { file, secrets, variables }, |_| Ok(()))
}

fn error(toml: &str, environment: &[(&str, &str)]) -> String {
    let (_folder, path) = file("given.toml", toml);
    load_all(Some(&path), None, &variables(environment)).unwrap_err().to_string()
}

/// A directory of secrets.
fn secrets(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What is said of a directory of secrets, and the directory's place.
fn secrets_error(files: &[(&str, &str)]) -> (String, String) {
    let folder = secrets(files);
    let error = load_all(None, Some(folder.path()), &BTreeMap::new()).unwrap_err();
    (error.to_string(), folder.path().display().to_string())
}

#[test]
fn nothing_given_means_the_defaults() {
    let (process, service) = load_all(None, None, &BTreeMap::new()).unwrap();
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
    let (process, service) = load_all(Some(&path), None, &environment).unwrap();
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
fn a_secret_wins_over_the_file_and_the_environment_over_both() {
    let (_folder, path) = file(
        "a.toml",
        "[kafka]\nbootstrap_servers = 'a:1'\npassword = 'file'\nproperties = { 'sasl.username' = 'file', 'sasl.mechanism' = 'PLAIN' }\n",
    );
    let secrets = secrets(&[
        ("kafka.bootstrap_servers", "b:2\n"),
        ("kafka.password", "secret\r\n"),
        ("kafka.properties.sasl.username", "secret"),
        ("kafka.properties.sasl.password", "two\nlines\n"),
        ("limits.ports", "80, 443\n"),
        ("limits.share", "\n"),
        ("..data", "hidden"),
        (".limits.on", "hidden"),
    ]);
    std::fs::create_dir(secrets.path().join("..2026")).unwrap();
    let environment = variables(&[("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", "c:3")]);
    let (_, settings) = load_all(Some(&path), Some(secrets.path()), &environment).unwrap();
    assert_eq!(settings.kafka.bootstrap_servers, "c:3");
    assert_eq!(settings.kafka.password, Some(Secret::new("secret")));
    let properties =
        [("sasl.username", "secret"), ("sasl.mechanism", "PLAIN"), ("sasl.password", "two\nlines")];
    assert_eq!(settings.kafka.properties, variables(&properties));
    assert_eq!((settings.limits.ports.as_slice(), settings.limits.share), ([80, 443].as_slice(), 0.5));
}

#[test]
fn what_is_wrong_with_a_secret_is_said_with_its_file_and_without_its_text() {
    for (name, key) in [
        ("limits.ports", "limits.ports[1]"),
        ("limits.wait", "limits.wait"),
        ("limits.on", "limits.on"),
        ("http.listen", "http.listen"),
        ("log.format", "log.format"),
        ("limits", "limits"),
    ] {
        let (text, place) = secrets_error(&[(name, "80,geheim")]);
        let expected = format!(
            "{key}: is not what this setting takes (its value is not shown), in secrets file {place}/{name}"
        );
        assert_eq!(text, expected);
    }
    let (text, place) = secrets_error(&[("limits.prots", "geheim")]);
    assert_eq!(text, format!("limits.prots: unknown key, in secrets file {place}/limits.prots"));
    let (text, place) = secrets_error(&[("tls.crt", "geheim")]);
    assert!(
        text.starts_with("tls: unknown key (known here: ") && text.ends_with(&format!("{place}/tls.crt")),
        "{text}"
    );
}

#[test]
fn secrets_that_cannot_be_read_are_named() {
    let nowhere = load_all(None, Some(Path::new("/nowhere/secrets")), &BTreeMap::new()).unwrap_err();
    assert!(nowhere.to_string().starts_with("secrets directory /nowhere/secrets: "), "{nowhere}");
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("kafka.password");
    std::fs::write(&binary, b"geheim\xff").unwrap();
    let error = load_all(None, Some(folder.path()), &BTreeMap::new()).unwrap_err().to_string();
    assert_eq!(error, format!("secrets file {}: is not UTF-8", binary.display()));
    std::fs::write(&binary, vec![b'x'; 2 * 1024 * 1024]).unwrap();
    let error = load_all(None, Some(folder.path()), &BTreeMap::new()).unwrap_err().to_string();
    assert!(error.ends_with("kafka.password: is larger than 1048576 bytes"), "{error}");
}

#[test]
fn settings_that_do_not_go_together_are_named_with_their_source() {
    let secrets = secrets(&[("kafka.properties.sasl.password", "short"), ("kafka.bootstrap_servers", "a:1")]);
    let said = |key: &'static str| {
        let sources = Sources { file: None, secrets: Some(secrets.path()), variables: &BTreeMap::new() };
        load(sources, |_: &Settings| Err(ConfigError::invalid(key, "will not do"))).unwrap_err().to_string()
    };
    let place = secrets.path().display();
    for key in ["kafka.properties.sasl.password", "kafka.bootstrap_servers"] {
        assert_eq!(said(key), format!("{key}: will not do, in secrets file {place}/{key}"));
    }
    assert_eq!(said("limits.ports"), "limits.ports: will not do");
}

#[test]
fn lists_numbers_and_durations_are_read_from_texts() {
    let environment = variables(&[
        ("POSTBODE__LIMITS__PORTS", "80, 443,"),
        ("POSTBODE__LIMITS__WAIT", "500ms"),
        ("POSTBODE__LIMITS__SHARE", "0.25"),
    ]);
    let limits = read::<Settings>(None, None, &environment).unwrap().limits;
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
    let settings = read::<Settings>(Some(&path), None, &BTreeMap::new()).unwrap();
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
        text.starts_with(
            "kafak: unknown key (known here: kafka, limits, http, log, trace, shutdown, reload), in "
        ),
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
        read::<Settings>(Some(Path::new("/nowhere/a.toml")), None, &BTreeMap::new()).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/a.toml"), "{missing}");
    let broken = error("[kafka\n", &[]);
    assert!(broken.contains("given.toml"), "{broken}");
}

#[test]
fn tests_give_toml_as_text() {
    let settings = from_toml::<Settings>("[limits]\non = true").unwrap();
    assert!(settings.limits.on);
}
