//! Calls that look genuine and are not.

use domain::Clock as _;
use harness::Call;
use standardwebhooks::Webhook;

/// A call that nobody must take, and what is wrong with it.
pub(super) type Forgery = (&'static str, Call);

/// All of them, made from a genuine call, its webhook's secret, and another webhook's call.
pub(super) fn all(call: &Call, others: &Call, secret: &str) -> Vec<Forgery> {
    let signature = call.header("webhook-signature");
    let mac = signature.strip_prefix("v1,").expect("one signature of version 1");
    let signed = |entry: String| with(call, "webhook-signature", &entry);
    let now = process::SystemClock.now().as_secs();
    vec![
        ("another body", Call { body: "{}".into(), ..call.clone() }),
        (
            "a body that is a blank longer",
            Call { body: [&call.body[..], b" "].concat().into(), ..call.clone() },
        ),
        ("no body", Call { body: Default::default(), ..call.clone() }),
        ("another id", with(call, "webhook-id", "dlv_other")),
        ("another webhook's call: swapped id, another secret", others.clone()),
        ("another webhook's call under the right id", with(others, "webhook-id", &call.id())),
        ("another time", with(call, "webhook-timestamp", &(seconds(call) + 1).to_string())),
        ("an old one, signed as it should be", signed_at(call, secret, now - 600)),
        ("one from the future, signed as it should be", signed_at(call, secret, now + 600)),
        ("no time at all", with(call, "webhook-timestamp", "soon")),
        ("the right signature under version 0", signed(format!("v0,{mac}"))),
        ("the right signature as an asymmetric one", signed(format!("v1a,{mac}"))),
        ("a broken asymmetric signature", signed("v1a,////".to_owned())),
        ("the right signature without a version", signed(mac.to_owned())),
        ("the beginning of the right signature", signed(format!("v1,{}", &mac[..mac.len() / 2]))),
        ("an empty signature", signed("v1,".to_owned())),
        ("no signature", without(call, "webhook-signature")),
        ("no id", without(call, "webhook-id")),
        ("no time", without(call, "webhook-timestamp")),
    ]
}

/// With another value of a header.
pub(super) fn with(call: &Call, name: &'static str, value: &str) -> Call {
    let mut call = call.clone();
    call.headers.insert(name, value.parse().expect("visible ASCII"));
    call
}

fn without(call: &Call, name: &str) -> Call {
    let mut call = call.clone();
    call.headers.remove(name);
    call
}

fn seconds(call: &Call) -> i64 {
    call.header("webhook-timestamp").parse().expect("seconds")
}

fn signed_at(call: &Call, secret: &str, at: i64) -> Call {
    let signer = Webhook::new(secret).expect("a secret");
    let signature = signer.sign(&call.id(), at, &call.body).expect("text");
    with(&with(call, "webhook-timestamp", &at.to_string()), "webhook-signature", &signature)
}
