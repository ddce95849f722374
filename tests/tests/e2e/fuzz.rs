//! The API, asked for whatever its document allows, and for much that it forbids.

use harness::{Kind, Language, OPERATOR_KEY, Receiver, World, WorldOptions};
use serde_json::json;

/// What is asked of every answer. Of a change that is refused by the registry's state, or of a filter that does not compile,
/// no document can say so beforehand: whether valid requests are accepted is not among it.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth";

/// How much is asked. A machine that is busy is slow to make up requests, and to answer them: that is no fault.
const OPTIONS: &str = "--phases examples,coverage,fuzzing --max-examples 30 --seed 1 --workers 2 --request-timeout 60 \
                       --suppress-health-check all --exclude-operation-id streamEvents --no-color --continue-on-failure";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_of_the_api_is_answered_as_its_document_says_and_never_by_a_failure() {
    let Some(schemathesis) = Language::prepare("schemathesis").await else { return };
    // All calls to strangers go through here: none leaves the machine.
    let stranger = Receiver::start().await;
    let environment = vec![
        ("POSTBODE__OUTBOUND__PROXY", stranger.url("")),
        ("POSTBODE__CONSOLE__WRITE_TIMEOUT", "60s".to_owned()),
        ("POSTBODE__CONSOLE__RATE_PER_SECOND", "100000".to_owned()),
        ("POSTBODE__CONSOLE__RATE_BURST", "100000".to_owned()),
    ];
    let world = World::with("fuzz", WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let hook = world.hook("acme", &stranger, &["click"], json!({})).await;
    let proven = world.hook("acme", &stranger, &["bounce"], json!({})).await;
    let clicks = world.clicks("acme", 10).await;
    stranger.until_accepted(10).await;
    let (api, key) = (world.service(Kind::Console).api(), format!("Authorization: Bearer {OPERATOR_KEY}"));
    let document = format!("{api}/v1/openapi.json");
    let mut command = vec!["python3", "-m", "schemathesis.cli", "run", &document, "--header", &key];
    command.extend(["--checks", CHECKS].into_iter().chain(OPTIONS.split(' ')));
    let delivery = hook.delivery(&clicks[0]);
    let there = [("HOOK", &*hook.id), ("PROVEN", &*proven.id), ("DELIVERY", delivery.as_str())];
    let said = schemathesis.run(&command, &there, b"").await;
    println!("{said}");
    world.close().await;
}
