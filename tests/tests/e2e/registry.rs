//! The registry, saved and brought back.

use harness::{Kind, Receiver, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_was_wiped_comes_back_from_its_export_with_every_secret() {
    let mut world = World::start("restored").await;
    let key = world.account("acme").await;
    let receiver = Receiver::start().await;
    let extra = json!({"headers": {"X-Own": "a secret of theirs"}});
    let hook = world.hook("acme", &receiver, &["click"], extra).await;
    world.clicks("acme", 3).await;
    receiver.until_accepted(3).await;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.jsonl").display().to_string();
    let exported = world.says(&["registry", "export", &file, "--json"]).await;
    let count = exported.last()["records"].as_u64().unwrap();
    assert!(
        exported.code == Some(0) && count >= 4,
        "an account, its key, a webhook, the operator's key: {exported:?}"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains(hook.secret.trim_start_matches("whsec_")) && !text.contains(&key));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let refused = world.says(&["registry", "import", &file]).await;
    assert!(refused.code == Some(1) && refused.err.contains("nothing was written"), "{refused:?}");
    let merged = world.says(&["registry", "import", &file, "--merge", "--json"]).await;
    assert_eq!(merged.last(), json!({"did": "wrote", "records": 0}), "it lacks nothing: {merged:?}");

    world.settled().await;
    for service in world.services.drain(..) {
        service.stop().await;
    }
    world.remake(&world.topics.spec(&world.topics.webhooks).unwrap()).await;
    assert_eq!(world.read(&world.topics.webhooks).await.len(), 0);
    let would = world.says(&["registry", "import", &file, "--dry-run", "--json"]).await;
    assert_eq!(would.last(), json!({"did": "would write", "records": count}), "{would:?}");
    let written = world.says(&["registry", "import", &file, "--json"]).await;
    assert_eq!(written.last(), json!({"did": "wrote", "records": count}), "{written:?}");

    for kind in Kind::ALL {
        world.add(kind).await;
    }
    // The key is known again, and what is signed and sent is what it was.
    let seen = world.console_as(&key, reqwest::Method::GET, &format!("/v1/webhooks/{}", hook.id), None).await;
    assert_eq!(seen.status(), 200);
    world.clicks("acme", 2).await;
    receiver.until_accepted(5).await;
    let calls = receiver.calls();
    assert!(calls.iter().all(|call| call.verifies(&hook.secret)));
    assert!(calls.iter().all(|call| call.header("x-own") == "a secret of theirs"));
    // And it can be written to.
    world.account("bolt").await;
    world.close().await;
}
