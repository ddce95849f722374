//! One at a time, in the order of Kafka's choosing.

use std::time::Duration;

use stream::Turn;
use tokio::time::timeout;

use crate::support::{Installation, within};

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_has_the_turn_and_keeps_it_until_it_is_let_go() {
    let here = Installation::with_registry("turn").await;
    let topic = here.registry_topic();
    let group = format!("{topic}.turn");
    let line_up = |name| Turn::line_up(&here.kafka, &topic, &group, name).unwrap();

    let first = line_up("first");
    within(20, "the first has it", first.held()).await.unwrap();
    let second = line_up("second");
    assert!(timeout(Duration::from_secs(3), second.held()).await.is_err(), "the second waits");
    let line = within(20, "the line is known", second.line()).await;
    assert!(line.iter().any(|name| name.starts_with("first at ")), "{line:?}");
    within(1, "the first was not disturbed", first.held()).await.unwrap();

    within(20, "the first lets it go", first.end()).await;
    within(20, "the second has it", second.held()).await.unwrap();
    second.end().await;
}
