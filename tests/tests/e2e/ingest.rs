//! What ingest takes, in every form, and how it refuses.

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use harness::{Kind, World, WorldOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use wire::names;

/// Ingest needs no more than the console to know keys by.
async fn world(story: &str) -> World {
    let services = Some(vec![Kind::Console, Kind::Ingest]);
    World::with(story, WorldOptions { services, ..WorldOptions::default() }).await
}

fn click(id: &str) -> Value {
    let mut click: Value = serde_json::from_str(&wire::catalogue::sample("click", 1)).unwrap();
    click["id"] = json!(id);
    click
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_arrives_with_its_bytes_and_its_message_for_a_key() {
    let world = world("forms").await;
    let key = format!("Bearer {}", world.account("acme").await);
    let auth = ("authorization", key.as_str());
    let data = click("m1").to_string();
    let structured =
        json!({"specversion": "1.0", "id": "s1", "source": "/s", "type": "click", "data": click("m1")});

    let one = world.post_events("", &[auth, ("content-type", "application/json")], data.clone()).await;
    assert_eq!(one.status(), 202);
    let two = format!("[{data}, {data}]");
    let answer: Value =
        world.post_events("", &[auth, ("content-type", "application/json")], two).await.json().await.unwrap();
    assert_eq!((answer["accepted"].as_u64(), answer["ids"].as_array().map(Vec::len)), (Some(2), Some(2)));
    let lines = format!("{data}\n\n{data}\n");
    assert_eq!(
        world.post_events("", &[auth, ("content-type", "application/x-ndjson")], lines).await.status(),
        202
    );
    let binary = [
        auth,
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "b1"),
        ("ce-source", "/b"),
        ("ce-type", "click"),
    ];
    assert_eq!(world.post_events("", &binary, data.clone()).await.status(), 202);
    let event = [auth, ("content-type", "application/cloudevents+json")];
    assert_eq!(world.post_events("", &event, structured.to_string()).await.status(), 202);
    let batch = [auth, ("content-type", "application/cloudevents-batch+json")];
    assert_eq!(world.post_events("", &batch, json!([structured]).to_string()).await.status(), 202);

    let records = world.until_written(&world.topics.events, 8).await;
    assert_eq!(records.len(), 8);
    for record in &records {
        assert_eq!(record.headers.text(names::CE_ACCOUNT), Some("acme"));
        assert_eq!(record.headers.text(names::CE_TYPE), Some("click"));
        assert_eq!(record.key.as_deref(), Some(&b"m1"[..]), "one message's events keep their order");
    }
    let whole = records.iter().filter(|record| record.value.as_deref() == Some(data.as_bytes())).count();
    assert!(whole >= 5, "byte for byte: {whole}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_bodies_arrive_as_they_were_before() {
    let world = world("compressed").await;
    let key = format!("Bearer {}", world.account("acme").await);
    let data = click("m1").to_string();
    let (mut gzip, mut zstd) = (Vec::new(), Vec::new());
    GzipEncoder::new(data.as_bytes()).read_to_end(&mut gzip).await.unwrap();
    ZstdEncoder::new(data.as_bytes()).read_to_end(&mut zstd).await.unwrap();
    let post = |encoding: &'static str, body: Vec<u8>| {
        let (world, key) = (&world, key.as_str());
        let json_type = ("content-type", "application/json");
        async move {
            let headers = [("authorization", key), json_type, ("content-encoding", encoding)];
            world.post_events("", &headers, body).await.status()
        }
    };
    assert_eq!(post("gzip", gzip.clone()).await, 202);
    assert_eq!(post("zstd", zstd).await, 202);
    gzip.truncate(gzip.len() / 2);
    assert!(post("gzip", gzip).await.is_client_error(), "half a body is none");
    let records = world.until_written(&world.topics.events, 2).await;
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.value.as_deref() == Some(data.as_bytes())));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_gives_the_same_ids_again() {
    let world = world("idempotent").await;
    let key = format!("Bearer {}", world.account("acme").await);
    let headers =
        [("authorization", key.as_str()), ("content-type", "application/json"), ("idempotency-key", "k-1")];
    let body = json!([click("m1"), click("m2")]).to_string();
    let first: Value = world.post_events("", &headers, body.clone()).await.json().await.unwrap();
    let second: Value = world.post_events("", &headers, body).await.json().await.unwrap();
    assert_eq!(first["ids"], second["ids"]);
    assert_ne!(first["ids"][0], first["ids"][1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_by_index_and_field_and_nothing_of_the_batch_is_taken() {
    let world = world("refused").await;
    let key = format!("Bearer {}", world.account("acme").await);
    let auth = ("authorization", key.as_str());
    let json_type = ("content-type", "application/json");
    let bad = json!([click("m1"), {"type": "Click!", "id": "m2"}, 7]).to_string();
    let refused = world.post_events("", &[auth, json_type], bad).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = refused.json().await.unwrap();
    let indices: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["index"].as_u64().unwrap()).collect();
    assert!(indices.contains(&1) && indices.contains(&2) && !indices.contains(&0), "{problem}");

    let body = click("m1").to_string();
    for (headers, status) in [
        (vec![("authorization", "Bearer pbk_nobody"), json_type], 401),
        (vec![("authorization", "Basic eDp5"), json_type], 401),
        (vec![auth, ("content-type", "text/csv")], 415),
        (vec![auth, json_type, ("content-encoding", "br")], 415),
    ] {
        let answer = world.post_events("", &headers, body.clone()).await;
        assert_eq!(answer.status(), status, "{headers:?}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(answer.json::<Value>().await.unwrap()["code"].is_string());
    }
    world.account("bolt").await;
    let foreign = world.post_events("?account=bolt", &[auth, json_type], body.clone()).await;
    assert_eq!(foreign.status(), 403);
    let scopes = json!({"name": "reader", "scopes": ["webhooks:read"]});
    let reader = world.console(Method::POST, "/v1/accounts/acme/keys", Some(scopes)).await;
    let reader: Value = reader.json().await.unwrap();
    let reader = format!("Bearer {}", reader["secret"].as_str().unwrap());
    assert_eq!(world.post_events("", &[("authorization", &reader), json_type], body).await.status(), 403);
    assert!(world.read(&world.topics.events).await.is_empty(), "nothing was written");
    world.close().await;
}
