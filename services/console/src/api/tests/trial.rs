//! Test calls.

use standardwebhooks::Webhook as Verifier;

use super::*;

#[tokio::test]
async fn before_the_url_is_verified_a_test_shows_the_request_and_sends_nothing() {
    let world = Fake::new(registry());
    let path = format!("/v1/webhooks/{}/test", created(&world).await.id());
    let shown = call(&world, ACME, "POST", &path, Value::Null).await.expect(200);
    assert_eq!((&shown.body["sent"], &shown.body["passed"]), (&json!(false), &json!(false)));
    assert!(shown.text("detail").contains("verify the URL first"), "{}", shown.text);
    assert_eq!(shown.body["request"]["url"], "https://a.example/dir/hook.php");
    assert!(shown.body["request"]["body"].as_str().unwrap().contains("\"type\":\"click\""), "{}", shown.text);
    assert!(world.posted().is_none());
}

#[tokio::test]
async fn a_test_is_signed_like_a_real_call_says_so_and_hides_the_customers_headers() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    let secret =
        call(&world, ACME, "GET", &format!("{path}/secret"), Value::Null).await.expect(200).text("secret");
    world.serve(|_| answered(200, "thanks"));
    let asked = json!({"type": "open", "data": {"id": "m1", "recipient": "<script>"}});
    let tried = call(&world, ACME, "POST", &format!("{path}/test"), asked).await.expect(200);
    assert_eq!((&tried.body["sent"], &tried.body["passed"]), (&json!(true), &json!(true)), "{}", tried.text);
    assert_eq!(tried.body["response"], json!({"status": 200, "headers": [], "body": "thanks"}));
    assert_eq!(tried.body["verdict"]["matches"], true);

    let posted = world.posted().unwrap();
    let text = |name: &str| posted.headers[name].to_str().unwrap();
    assert_eq!((text("postbode-test"), text("x-key")), ("true", "geheim"));
    let expected = Verifier::new(&secret).unwrap();
    let seconds = text("webhook-timestamp").parse().unwrap();
    let expected = expected.sign(text("webhook-id"), seconds, &posted.body).unwrap();
    assert_eq!(text("webhook-signature"), expected);
    assert!(!tried.text.contains("geheim") && tried.text.contains("x-key"), "{}", tried.text);
}

#[tokio::test]
async fn a_failed_test_says_what_the_endpoint_answered() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    world.serve(|_| answered(503, "down for <b>maintenance</b>"));
    let tried = call(&world, ACME, "POST", &format!("{path}/test"), Value::Null).await.expect(200);
    assert_eq!((&tried.body["passed"], &tried.body["outcome"]), (&json!(false), &json!("server-error")));
    assert_eq!(tried.body["response"]["body"], "down for <b>maintenance</b>");
    world.serve(|_| exchange(domain::Outcome::ConnectFailed("refused".into()), ""));
    let tried = call(&world, ACME, "POST", &format!("{path}/test"), Value::Null).await.expect(200);
    assert!(
        tried.body.get("response").is_none() && tried.text("detail").contains("refused"),
        "{}",
        tried.text
    );
}

#[tokio::test]
async fn a_test_that_no_real_event_could_be_is_sent_and_says_so() {
    let world = Fake::new(registry());
    let path = verified(&world).await;
    let tried =
        call(&world, ACME, "POST", &format!("{path}/test"), json!({"type": "bounce"})).await.expect(200);
    assert_eq!(tried.body["verdict"]["matches"], false);
    assert_eq!(tried.body["verdict"]["reason"], "type");
    call(&world, ACME, "POST", &format!("{path}/test"), json!({"type": "no type"})).await.expect(422);
    call(&world, READER, "POST", &format!("{path}/test"), Value::Null).await.expect(403);
    call(&world, BOLT, "POST", &format!("{path}/test"), Value::Null).await.expect(404);
}
