//! Standard Webhooks' own libraries.

use std::fmt::Write as _;

use harness::{Call, Language};

use super::Live;

/// The languages, and how the program around the library of each is run.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("node", &["node", "verify.mjs"]),
    ("python", &["python3", "verify.py"]),
    ("go", &["./verify"]),
    ("java", &["java", "-XX:TieredStopAtLevel=1", "-cp", ".:lib/*", "Verify"]),
];

/// The headers a line each, an empty line, the body.
fn written(call: &Call) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in &call.headers {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    [text.as_bytes(), b"\n", &call.body].concat()
}

async fn believes(language: &Language, program: &[&str], call: &Call, secret: &str) -> bool {
    match &*language.run(program, &[("WEBHOOK_SECRET", secret)], &written(call)).await {
        "yes\n" => true,
        "no\n" => false,
        other => panic!("{program:?}: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_webhooks_own_libraries_believe_our_deliveries_and_refuse_every_forgery() {
    let live = Live::start("libraries").await;
    let secret = &live.hook.secret;
    for (name, program) in LIBRARIES {
        let Some(language) = Language::prepare(name).await else { continue };
        for (how, call) in live.genuine() {
            assert!(believes(&language, program, &call, secret).await, "{name}: {how}");
        }
        for (what, call) in live.forged() {
            assert!(!believes(&language, program, &call, secret).await, "{name}: {what}");
        }
    }
    for (how, call) in live.genuine() {
        assert!(call.verifies(secret), "rust: {how}");
    }
    for (what, call) in live.forged() {
        assert!(!call.verifies(secret), "rust: {what}");
    }
    live.world.close().await;
}
