//! What traces show, as a collector gets them.

use harness::{Answer, Collector, Receiver, Seen, World, WorldOptions};
use serde_json::json;

const PRODUCER: &str = "0af7651916cd43dd8448eb211c80319c";

async fn traced(story: &str) -> (World, Collector) {
    let collector = Collector::start().await;
    let environment = vec![("POSTBODE__TRACE__ENDPOINT", collector.endpoint.clone())];
    let world = World::with(story, WorldOptions { environment, ..WorldOptions::default() }).await;
    world.account("acme").await;
    (world, collector)
}

/// Sends an event as part of the producer's trace.
async fn send(world: &World) {
    let parent = format!("00-{PRODUCER}-b7ad6b7169203331-01");
    let headers = [("content-type", "application/json"), ("traceparent", &*parent)];
    let body = wire::catalogue::sample("click", 1);
    assert_eq!(world.post_events("?account=acme", &headers, body).await.status(), 202);
}

fn is_post(span: &Seen) -> bool {
    span.service == "postbode-delivery"
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_shows_an_event_from_its_producer_to_each_receiver() {
    let (world, collector) = traced("traced").await;
    let receivers = [Receiver::start().await, Receiver::start().await];
    for receiver in &receivers {
        world.hook("acme", receiver, &[], json!({})).await;
    }
    send(&world).await;
    for receiver in &receivers {
        receiver.until_accepted(1).await;
    }
    let spans = collector.until(5, |span| span.trace == PRODUCER).await;
    let one = |name: &str| spans.iter().find(|span| span.name.starts_with(name)).unwrap();
    let (request, written, routed) = (one("POST /v1/events"), one("send "), one("process "));
    assert_eq!((request.service.as_str(), request.parent.as_str()), ("postbode-ingest", "b7ad6b7169203331"));
    assert_eq!(request.get("http.response.status_code"), "202");
    assert_eq!(written.name, format!("send {}", world.topics.events));
    assert_eq!((&written.parent, &routed.parent), (&request.id, &written.id));
    assert_eq!(
        (routed.get("messaging.destination.name"), routed.get("postbode.deliveries")),
        (&*world.topics.events, "2")
    );
    let posts: Vec<_> = spans.iter().filter(|span| is_post(span)).collect();
    assert_eq!(posts.len(), 2);
    for (post, receiver) in posts.iter().zip(&receivers) {
        assert_eq!((&post.parent, post.get("http.response.status_code")), (&routed.id, "204"));
        assert!(!post.failed && post.links.is_empty());
        let ports: Vec<_> = posts.iter().map(|post| post.get("server.port").to_owned()).collect();
        assert!(ports.contains(&receiver.address.port().to_string()));
        let ids: Vec<_> = posts.iter().map(|post| post.id.as_str()).collect();
        let told = receiver.calls()[0].header("traceparent").to_owned();
        assert!(
            ids.iter().any(|id| told == format!("00-{PRODUCER}-{id}-01")),
            "the receiver goes on: {told}"
        );
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_and_a_batch_have_traces_of_their_own_with_links_to_where_they_come_from() {
    let (world, collector) = traced("linked").await;
    let flaky = Receiver::scripted(|_, before| Answer::status(if before == 0 { 503 } else { 204 })).await;
    world.hook("acme", &flaky, &["click"], json!({})).await;
    send(&world).await;
    flaky.until_accepted(1).await;
    let first = collector.until(1, |span| span.trace == PRODUCER && is_post(span)).await.remove(0);
    assert!(first.failed && first.get("error.type") == "server-error");
    let again = collector.until(1, |span| is_post(span) && span.trace != PRODUCER).await.remove(0);
    assert_eq!((again.parent.as_str(), again.get("http.request.resend_count")), ("", "1"));
    let routed = collector.until(1, |span| span.name.starts_with("process ")).await.remove(0);
    assert_eq!(again.links, [(PRODUCER.to_owned(), routed.id)]);

    let gathered = Receiver::start().await;
    let batch = json!({"batch": {"max_events": 2, "max_wait_ms": 2000}});
    let hook = world.hook("acme", &gathered, &["open"], batch).await;
    world.stop_books(&hook);
    world.events("acme", "open", 2).await;
    gathered.until_called(1).await;
    let both = collector.until(1, |span| is_post(span) && span.links.len() == 2).await.remove(0);
    assert_eq!((both.parent.as_str(), both.get("messaging.batch.message_count")), ("", "2"));
    world.close().await;
}
