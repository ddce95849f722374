//! What `helm test` runs, run without Kubernetes.

use std::path::Path;

use harness::{Kind, OPERATOR_KEY, Said, World, WorldOptions, binary, said, test_pod};
use tokio::process::Command;

const SCRIPT: &str = include_str!("../../../helm/postbode/files/test.sh");

/// Runs it as the chart's pod does: with its variables, but for where things are, and its files of secrets, which hold this key.
async fn tested(world: &World, secrets: &Path, key: &str) -> Said {
    let (mut variables, files) = test_pod();
    assert_eq!(files, ["client.key".to_owned()].into());
    std::fs::write(secrets.join("client.key"), key).unwrap();
    for (name, value) in [
        ("POSTBODE_CONSOLE_URL", world.service(Kind::Console).api()),
        ("POSTBODE_INGEST_URL", world.service(Kind::Ingest).api()),
        ("POSTBODE_SECRETS", secrets.display().to_string()),
    ] {
        let before = variables.insert(name.to_owned(), value);
        assert!(before.is_some(), "the pod has no {name}");
    }
    let programs = binary("postbode").parent().unwrap().display().to_string();
    let mut command = Command::new("bash");
    command.args(["-ceu", SCRIPT]).env_clear().envs(variables);
    command.env("PATH", format!("{programs}:/usr/bin:/bin")).env("TMPDIR", secrets);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    said(command.stderr(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_test_sees_its_event_come_by_and_says_why_it_does_not() {
    let services = Some(vec![Kind::Console, Kind::Ingest]);
    let world = World::with("helm-test", WorldOptions { services, ..WorldOptions::default() }).await;
    let secrets = tempfile::tempdir().unwrap();
    // The second time its account is there.
    for _ in 0..2 {
        let seen = tested(&world, secrets.path(), OPERATOR_KEY).await;
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert!(seen.out.contains("\"type\":\"helm-test\""), "{seen:?}");
    }
    let refused = tested(&world, secrets.path(), "pbk_nobody").await;
    assert!(refused.code != Some(0) && refused.err.contains("key"), "{refused:?}");
    world.close().await;
}
