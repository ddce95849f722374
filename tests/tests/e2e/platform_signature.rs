//! The platform signs as well: proven with the key that it publishes.

use domain::Clock as _;
use harness::{Call, Receiver, World, WorldOptions};
use httpsig::{PlatformKey, Received, Ring, SigningSettings, verify};
use reqwest::Method;
use serde_json::{Value, json};

/// Who signed a call, as a careful receiver finds out.
fn signer(call: &Call, ring: &Ring) -> Result<String, httpsig::Refusal> {
    let received = Received { target: &call.path, headers: &call.headers, body: &call.body };
    verify(&received, "x-postbode-id", process::SystemClock.now(), |name| {
        ring.published().iter().find(|key| key.name == name).map(|key| key.spki.clone())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_asks_for_it_is_signed_by_the_platform_too_in_every_format() {
    let keys = tempfile::tempdir().unwrap();
    for name in ["old.postbode.invalid", "new.postbode.invalid"] {
        let key = PlatformKey::generate(name, 2048).unwrap();
        std::fs::write(Ring::file_of(keys.path(), name), key.to_pem().unwrap()).unwrap();
    }
    Ring::activate(keys.path(), "new.postbode.invalid").unwrap();
    let directory = Some(keys.path().to_owned());
    let ring = SigningSettings { directory, ..SigningSettings::default() }.ring().unwrap().unwrap();

    let environment = vec![("POSTBODE__SIGNING__DIRECTORY", keys.path().display().to_string())];
    let world =
        World::with("platform-signature", WorldOptions { environment, ..WorldOptions::default() }).await;
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
