//! First calls: who answers, and what may be read.

use std::time::Duration;

use stream::{MayRead, VisitError, may_read, visit};

use crate::support::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_says_where_its_nodes_are_and_a_closed_port_says_that_it_is_closed() {
    let here = Installation::bare("visit");
    let first = here.kafka.bootstrap_servers.split(',').next().unwrap();
    let seen = visit(&here.kafka, first, Duration::from_secs(20)).await.unwrap();
    assert!(seen.nodes.iter().any(|node| node.address == first), "{seen:?}");

    // One that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let why = visit(&here.kafka, &closed, Duration::from_secs(1)).await.unwrap_err();
    let VisitError::Unanswered(why) = why else { panic!("{why:?}") };
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_there_may_be_read_and_one_that_is_not_is_unclear() {
    let here = Installation::with_registry("reading").await;
    let patience = Duration::from_secs(20);
    assert_eq!(may_read(&here.kafka, here.registry_topic(), patience).await, MayRead::Yes);
    let MayRead::Unclear(why) = may_read(&here.kafka, here.topics.events.clone(), patience).await else {
        panic!("there is no such topic")
    };
    assert!(why.contains("there is no topic"), "{why}");
}
