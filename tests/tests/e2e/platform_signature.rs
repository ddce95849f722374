//! The platform signs as well: proven with the key that it publishes.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Clock as _;
use harness::{Call, Receiver, World, WorldOptions};
use hmac::{Hmac, KeyInit as _, Mac as _};
use httpsig::{PlatformKey, Received, Refusal, Ring, SigningSettings, verify};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Who signed a call, as a careful receiver finds out.
fn signer(call: &Call, ring: &Ring) -> Result<String, Refusal> {
    let received = Received { target: &call.path, headers: &call.headers, body: &call.body };
    verify(&received, "x-postbode-id", process::SystemClock.now(), |name| published(ring, name))
}

fn published(ring: &Ring, name: &str) -> Option<Vec<u8>> {
    ring.published().iter().find(|key| key.name == name).map(|key| key.spki.clone())
}

/// Two keys in a directory, the new one active.
fn ring(directory: &Path) -> Ring {
    for name in ["old.postbode.invalid", "new.postbode.invalid"] {
        let key = PlatformKey::generate(name, 2048).unwrap();
        std::fs::write(Ring::file_of(directory, name), key.to_pem().unwrap()).unwrap();
    }
    Ring::activate(directory, "new.postbode.invalid").unwrap();
    let directory = Some(directory.to_owned());
    SigningSettings { directory, ..SigningSettings::default() }.ring().unwrap().unwrap()
}

async fn world(story: &str, keys: &Path) -> World {
    let environment = vec![("POSTBODE__SIGNING__DIRECTORY", keys.display().to_string())];
    World::with(story, WorldOptions { environment, ..WorldOptions::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_asks_for_it_is_signed_by_the_platform_too_in_every_format() {
    let keys = tempfile::tempdir().unwrap();
    let ring = ring(keys.path());
    let world = world("platform-signature", keys.path()).await;
    world.account("acme").await;
    let mut signed = Vec::new();
    for format in ["json", "form", "standard", "cloudevents"] {
        let receiver = Receiver::start().await;
        let settings = json!({"format": format, "platform_signature": true});
        let hook = world.hook("acme", &receiver, &[], settings).await;
        signed.push((hook, receiver));
    }
    let plain = Receiver::start().await;
    world.hook("acme", &plain, &[], json!({})).await;
    world.clicks("acme", 3).await;

    for (hook, receiver) in &signed {
        receiver.until_accepted(3).await;
        for call in receiver.calls() {
            assert_eq!(signer(&call, &ring).as_deref(), Ok("new.postbode.invalid"), "{call:?}");
            assert_eq!(call.header("x-postbode-id"), "environment-acme");
            assert!(call.verifies(&hook.secret), "and the customer's own secret signs as ever");
        }
        let nonces: std::collections::BTreeSet<_> =
            receiver.calls().iter().map(|call| call.header("x-nonce").to_owned()).collect();
        assert_eq!(nonces.len(), receiver.calls().len(), "said once");
    }
    plain.until_accepted(3).await;
    assert!(plain.calls().iter().all(|call| !call.headers.contains_key("signature")));

    let published: Value =
        world.console(Method::GET, "/.well-known/postbode-keys", None).await.json().await.unwrap();
    let names: Vec<_> = published["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!(names, ["new.postbode.invalid", "old.postbode.invalid"], "both, as long as both are there");
    world.close().await;
}

/// With other text in a header.
fn changed(call: &Call, name: &'static str, change: impl FnOnce(&str) -> String) -> Call {
    let mut call = call.clone();
    let value = change(call.header(name)).parse().unwrap();
    call.headers.insert(name, value);
    call
}

fn digest(body: &[u8]) -> String {
    format!("sha-256={}", STANDARD.encode(Sha256::digest(body)))
}

/// The call signed by somebody who has what everybody has: the public key, taken for a shared secret.
fn signed_with_the_public_key(call: &Call, ring: &Ring, algorithm: &str) -> Call {
    let signature = call.header("signature");
    let parameter = |name: &str| {
        signature.split("\",").find_map(|part| part.strip_prefix(name)).unwrap().trim_matches('"').to_owned()
    };
    let names = parameter("headers=");
    let lines = names.split(' ').map(|name| match name {
        "(request-target)" => format!("{name}: post {}", call.path),
        name => format!("{name}: {}", call.header(name)),
    });
    let key = published(ring, "new.postbode.invalid").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(lines.collect::<Vec<_>>().join("\n").as_bytes());
    let mac = STANDARD.encode(mac.finalize().into_bytes());
    changed(call, "signature", |_| {
        format!(
            "keyId=\"new.postbode.invalid\",algorithm=\"{algorithm}\",headers=\"{names}\",signature=\"{mac}\""
        )
    })
}

/// Calls that look signed by the platform and are not, and why each is refused.
fn forged(call: &Call, others: &Call, ring: &Ring) -> Vec<(&'static str, Call, Refusal)> {
    let other_body = Call { body: "{}".into(), ..call.clone() };
    let said = |from: &'static str, to: &'static str| {
        changed(call, "signature", |signature| signature.replacen(from, to, 1))
    };
    let algorithm = |name: &'static str| {
        let signature = |signature: &str| signature.replace("\"rsa-sha256\"", &format!("\"{name}\""));
        (name, changed(call, "signature", signature), Refusal::Algorithm(name.to_owned()))
    };
    let by_public_key = |name: &'static str| {
        (name, signed_with_the_public_key(call, ring, name), Refusal::Algorithm(name.to_owned()))
    };
    vec![
        ("another body", other_body.clone(), Refusal::Digest),
        ("and its digest", changed(&other_body, "digest", |_| digest(b"{}")), Refusal::Signature),
        ("an old date", changed(call, "date", |_| "Sun, 05 Jan 2014 21:31:40 GMT".to_owned()), Refusal::Date),
        (
            "another account",
            changed(call, "x-postbode-id", |_| "environment-b".to_owned()),
            Refusal::Signature,
        ),
        ("another nonce", changed(call, "x-nonce", |_| "again".to_owned()), Refusal::Signature),
        ("another target", Call { path: "/other".to_owned(), ..call.clone() }, Refusal::Signature),
        (
            "another webhook's signature",
            changed(call, "signature", |_| others.header("signature").to_owned()),
            Refusal::Signature,
        ),
        ("another key's name", said("new.postbode", "old.postbode"), Refusal::Signature),
        (
            "nobody's key",
            said("new.postbode", "no.postbode"),
            Refusal::UnknownKey("no.postbode.invalid".to_owned()),
        ),
        ("less covered", said(" digest", ""), Refusal::NotCovered("digest".to_owned())),
        (
            "the public key as a secret",
            signed_with_the_public_key(call, ring, "rsa-sha256"),
            Refusal::Signature,
        ),
        by_public_key("hmac-sha256"),
        by_public_key("hs2019"),
        algorithm("hs2019"),
        algorithm("rsa-sha1"),
        algorithm("none"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_careful_receiver_believes_no_forgery_of_the_platforms_signature_and_no_other_algorithm() {
    let keys = tempfile::tempdir().unwrap();
    let ring = ring(keys.path());
    let world = world("platform-forgery", keys.path()).await;
    world.account("acme").await;
    let mut calls = Vec::new();
    for _ in 0..2 {
        let receiver = Receiver::start().await;
        world.hook("acme", &receiver, &[], json!({"platform_signature": true})).await;
        calls.push(receiver);
    }
    world.clicks("acme", 1).await;
    for receiver in &calls {
        receiver.until_accepted(1).await;
    }
    let (call, others) = (calls[0].calls()[0].clone(), calls[1].calls()[0].clone());
    assert!(signer(&call, &ring).is_ok() && signer(&others, &ring).is_ok());
    for (what, call, why) in forged(&call, &others, &ring) {
        assert_eq!(signer(&call, &ring), Err(why), "{what}");
    }
    world.close().await;
}
