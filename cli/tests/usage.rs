//! The binary as a shell sees it: help for everything, and exit codes.

use std::process::{Command, Output};

fn postbode(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postbode"));
    for name in ["POSTBODE_KEY", "POSTBODE_CONFIG", "KAFKA_BOOTSTRAP_SERVERS", "POSTBODE__CLIENT__KEY"] {
        command.env_remove(name);
    }
    command.args(arguments).output().expect("the binary was built for this test")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_command_explains_itself() {
    let commands = [
        "",
        "demo",
        "topics",
        "topics create",
        "topics check",
        "doctor",
        "registry",
        "registry export",
        "registry import",
        "events",
        "events send",
        "events import",
        "listen",
        "webhooks",
        "webhooks create",
        "webhooks backfill",
        "webhooks filter-test",
        "webhooks rotate-secret",
        "jobs",
        "jobs ls",
        "jobs show",
        "jobs cancel",
        "dlq",
        "dlq ls",
        "dlq show",
        "dlq replay",
        "dlq discard",
        "dlq restore",
        "keys",
        "keys generate",
        "keys dns",
        "keys rotate",
        "bench",
        "completions",
    ];
    for command in commands {
        let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let output = postbode(&words);
        assert!(output.status.success(), "{command}: {}", text(&output));
        assert!(text(&output).contains("Usage: postbode"), "{command}");
    }
}

#[test]
fn misuse_is_exit_code_2_and_names_what_is_wrong() {
    let cases: [(&[&str], &str); 14] = [
        (&["frobnicate"], "frobnicate"),
        (&["dlq", "ls", "--reason", "bored"], "bored"),
        (&["dlq", "ls", "--status", "teapot"], "--status"),
        (&["dlq", "ls", "--since", "1h", "--until", "2h"], "--since"),
        (&["dlq", "replay", "--topic", "events", "--webhook", "wh_1"], "--webhook"),
        (&["dlq", "replay", "--rate", "0"], "--rate"),
        (&["dlq", "replay", "--max", "0"], "--max"),
        (&["dlq", "discard"], "--yes"),
        (&["dlq", "show", "nonsense"], "nonsense"),
        (&["listen", "--secret", "whsec_x"], "--secret"),
        (&["webhooks", "list"], "POSTBODE_KEY"),
        (&["webhooks", "delete", "wh_1", "--key", "k"], "--yes"),
        (&["demo", "--exit"], "--events"),
        (&["bench", "--only", "nonsense"], "nonsense"),
    ];
    for (arguments, named) in cases {
        let output = postbode(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(named), "{arguments:?}: {}", text(&output));
    }
}

#[test]
fn failure_is_exit_code_1_and_says_who_does_not_answer() {
    let output = postbode(&["webhooks", "list", "--key", "k", "--console-url", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("no answer from http://127.0.0.1:1"), "{}", text(&output));
}

#[test]
fn a_wrong_configuration_names_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("postbode.toml");
    std::fs::write(&file, "[kafka]\nbootstrap = 'x'\n").unwrap();
    let output = postbode(&["dlq", "ls", "--config", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("bootstrap"), "{}", text(&output));
}

#[test]
fn a_platforms_key_is_made_published_and_put_in_the_place_of_the_one_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display().to_string();
    let run = |words: &[&str]| {
        let arguments: Vec<_> = ["keys"].iter().chain(words).copied().chain(["-d", &path]).collect();
        let output = postbode(&arguments);
        (output.status.code(), text(&output))
    };
    let (code, said) = run(&["dns"]);
    assert!(code == Some(1) && said.contains("postbode keys generate"), "{said}");
    let (code, said) = run(&["generate", "one.postbode.invalid"]);
    assert!(code == Some(0) && said.contains("one.postbode.invalid. 3600 IN TXT ( \"v=DKIM1;p="), "{said}");
    let (code, said) = run(&["generate", "one.postbode.invalid"]);
    assert!(code == Some(1) && said.contains("is there already"), "{said}");
    assert_eq!(run(&["generate", "two.postbode.invalid"]).0, Some(0));
    let (_, said) = run(&["dns", "--json"]);
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["active"], &lines[1]["active"]), (&true.into(), &false.into()), "a new key waits");

    let (code, said) = run(&["rotate", "two.postbode.invalid"]);
    assert!(code == Some(1) && said.contains("DNS does not publish this key"), "{said}");
    let (code, said) = run(&["rotate", "two.postbode.invalid", "--unchecked"]);
    assert!(code == Some(0) && said.contains("keep the record of one.postbode.invalid"), "{said}");
    let (code, said) = run(&["rotate", "three.postbode.invalid", "--unchecked"]);
    assert!(code == Some(1) && said.contains("there is no such key"), "{said}");
    let mode = std::fs::metadata(directory.path().join("two.postbode.invalid.pem")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let output = postbode(&["completions", shell]);
        assert!(output.status.success() && text(&output).contains("rotate-secret"), "{shell}");
    }
}
