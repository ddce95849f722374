//! Log files become events, once.

use harness::{Kind, Receiver, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_imported_once_goes_on_when_it_grew_and_tells_what_it_could_not_read() {
    let world = World::start("import").await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    let hook = world.hook("acme", &receiver, &["abuse"], json!({})).await;
    world.stop_books(&hook);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("abuses.2026-11-24.log");
    let path = file.display().to_string();
    let line = |n: usize| format!("m{n},2026-11-24 09:00:00,e@x.example,a@b.example,one;two,\n");
    let lines = |numbers: std::ops::Range<usize>| numbers.map(line).collect::<String>();
    let ingest = world.service(Kind::Ingest).api();
    let command =
        ["events", "import", &path, "--account", "acme", "--batch", "10", "--ingest-url", &ingest, "--json"];

    std::fs::write(&file, lines(0..25) + "m25,yesterday,e,r,,\n").unwrap();
    let dry = world.says(&[&command[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, &dry.last()["sent"]), (Some(1), &json!(25)), "{dry:?}");
    let first = world.says(&command).await;
    assert_eq!((first.code, &first.last()["sent"]), (Some(1), &json!(25)), "{first:?}");
    let lines_said: Vec<serde_json::Value> =
        first.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines_said[0]["line"], &first.last()["unreadable"]), (&json!(26), &json!(1)), "{first:?}");
    receiver.until_accepted(25).await;
    let call = receiver.calls()[0].json();
    assert_eq!((&call["type"], &call["tags"]), (&json!("abuse"), &json!(["one", "two"])));

    std::fs::write(&file, lines(0..25) + "m25,yesterday,e,r,,\n" + &lines(26..30)).unwrap();
    let grown = world.says(&command).await;
    assert_eq!((&grown.last()["before"], &grown.last()["sent"]), (&json!(25), &json!(4)), "{grown:?}");
    receiver.until_accepted(29).await;

    let again = world.says(&[&command[..], &["--again"]].concat()).await;
    assert_eq!(again.last()["sent"], 29, "{again:?}");
    receiver.until_called(58).await;
    assert_eq!(
        receiver.accepted().len(),
        29,
        "the same events have the same deliveries: a receiver can drop them"
    );
    world.close().await;
}
