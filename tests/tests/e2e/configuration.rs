//! What a service refuses before it does anything.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use harness::{Broker, Kind, binary};

const SECRET: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn run(kind: Kind, arguments: &[&str], environment: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(binary(&format!("postbode-{}", kind.name())));
    let output = command.args(arguments).env_clear().envs(environment.iter().copied()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8_lossy(&said).into_owned())
}

/// What each service cannot do without.
fn least(kind: Kind) -> Vec<(&'static str, &'static str)> {
    let secrets = ("POSTBODE__SEAL__KEYS", "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    match kind {
        Kind::Console => {
            vec![secrets, ("POSTBODE__CONSOLE__OPERATOR_KEY", harness::OPERATOR_KEY)]
        }
        Kind::Delivery => vec![secrets],
        Kind::Ingest | Kind::Fanout | Kind::Retry => Vec::new(),
    }
}

#[test]
fn every_service_refuses_an_unknown_key_and_names_it_and_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postbode.toml");
    std::fs::write(&file, "[topics]\nprefixx = \"oops.\"\n").unwrap();
    let file = file.to_str().unwrap();
    // It may be shown relative to where the service runs.
    let shown = format!("{}/postbode.toml", folder.path().file_name().unwrap().to_str().unwrap());
    for kind in Kind::ALL {
        for arguments in [&["--check-config"][..], &[]] {
            let mut environment = least(kind);
            environment.push(("POSTBODE__TOPICS__PREFIXX", "oops."));
            let (output, said) = run(kind, arguments, &environment);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains("topics.prefixx") && said.contains("POSTBODE__TOPICS__PREFIXX"), "{said}");

            let arguments = [arguments, &["--config", file]].concat();
            let (output, said) = run(kind, &arguments, &least(kind));
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains("topics.prefixx") && said.contains(&shown), "{said}");
        }
    }
}

#[test]
fn a_configuration_that_will_do_is_said_to_and_shows_no_secret() {
    for kind in Kind::ALL {
        let (output, said) = run(kind, &["--check-config"], &least(kind));
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(!said.contains(SECRET) && !said.contains(harness::OPERATOR_KEY), "{said}");
    }
}

#[test]
fn a_service_without_its_topics_does_not_start_and_names_the_command() {
    let servers = Broker::shared().bootstrap_servers;
    let prefix = format!("nowhere-{}.", uuid::Uuid::now_v7().simple());
    let folder = tempfile::tempdir().unwrap();
    let history = format!("sqlite:{}", folder.path().join("history.db").display());
    for kind in Kind::ALL {
        let mut environment: BTreeMap<_, _> = least(kind).into_iter().collect();
        environment.insert("POSTBODE__KAFKA__BOOTSTRAP_SERVERS", &servers);
        environment.insert("POSTBODE__TOPICS__PREFIX", &prefix);
        environment.insert("POSTBODE__HTTP__LISTEN", "127.0.0.1:0");
        if matches!(kind, Kind::Ingest | Kind::Console) {
            environment.insert("POSTBODE__API__LISTEN", "127.0.0.1:0");
        }
        if kind == Kind::Console {
            environment.insert("POSTBODE__HISTORY__URL", &history);
        }
        let environment: Vec<_> = environment.into_iter().collect();
        let (output, said) = run(kind, &[], &environment);
        assert_eq!(output.status.code(), Some(1), "{} {said}", kind.name());
        assert!(said.contains("postbode topics create"), "{} {said}", kind.name());
    }
}
