use std::time::Duration;

use domain::{
    Change, DisabledReason, Format, Health, Registry, Revision, State, Step, Timestamp, Types, Webhook,
};
use serde_json::{Value, json};
use wire::HumanDuration;
use wire::api::RotateSecret;

use super::change::{self, Expected};
use super::draft::{self, Draft};
use super::{edit, fields_of, secrets};
use crate::problem::Refusal;
use crate::testing::*;

const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + 5000);

/// A request with one member replaced.
fn request(member: &str, value: Value) -> Value {
    let mut body = json!({"name": "Orders", "url": "https://a.example/hook", "types": ["click", "open"]});
    body[member] = value;
    body
}

fn prepare(body: Value) -> Result<Draft, Refusal> {
    let new = serde_json::from_value(body).unwrap();
    draft::prepare(&new, "acme".into(), tools(&policy(), &keyring()), &mut counting())
}

fn patched(webhook: &Webhook, patch: Value) -> Result<Webhook, Refusal> {
    let patch = serde_json::from_value(patch).unwrap();
    edit::prepare(&patch, &webhook.id, tools(&policy(), &keyring()), &mut counting())?.apply(webhook)
}

fn with(webhook: Webhook) -> Registry {
    let mut registry = registry();
    apply(&mut registry, Change::Webhook(Box::new(webhook)));
    registry
}

#[test]
fn the_platforms_signature_is_to_be_had_where_the_platform_has_a_key() {
    let draft = prepare(request("platform_signature", true.into())).unwrap();
    assert!(draft.webhook.platform_signature);
    let new = serde_json::from_value(request("platform_signature", true.into())).unwrap();
    let (policy, ring) = (policy(), keyring());
    let keyless = draft::Tools { signs: false, ..tools(&policy, &ring) };
    let refused = draft::prepare(&new, "acme".into(), keyless, &mut counting());
    assert_eq!(fields_of(refused), ["platform_signature"]);
    assert!(!patched(&draft.webhook, json!({"platform_signature": false})).unwrap().platform_signature);
}

#[test]
fn a_new_webhook_is_unverified_and_its_secrets_are_sealed() {
    let draft = prepare(request("headers", json!({"X-Key": "geheim"}))).unwrap();
    let made = &draft.webhook;
    assert_eq!((&made.state, made.verification.verified_at), (&State::Unverified, None));
    assert_eq!(
        (made.format, made.limits, made.revision),
        (Format::Json, domain::Limits::default(), Revision(1))
    );
    assert!(made.id.as_str().starts_with("wh_") && draft.secret.starts_with("whsec_"));
    let shown = secrets::reveal(made, &keyring(), NOW).unwrap();
    assert_eq!((shown.secret, shown.previous), (draft.secret.clone(), None));
    let (_, record) = wire::registry::encode(&Change::Webhook(Box::new(made.clone())), None);
    let record = String::from_utf8(record.unwrap()).unwrap();
    assert!(!record.contains("geheim") && !record.contains(&draft.secret), "{record}");
}

#[test]
fn a_header_opens_at_the_place_where_delivery_looks() {
    let draft = prepare(request("headers", json!({"X-Key": "geheim"}))).unwrap();
    let record = wire::registry::webhook_key(&draft.webhook.id);
    let place = domain::Place { record: &record, field: &wire::registry::header_field("X-Key") };
    assert_eq!(keyring().open(place, &draft.webhook.headers[0].value).unwrap(), b"geheim");
}

#[test]
fn fields_that_will_not_do_are_named() {
    let long = "x".repeat(101);
    let many: serde_json::Map<String, Value> = (0..21).map(|n| (format!("x-{n}"), json!("v"))).collect();
    for (member, value, field) in [
        ("name", json!(""), "name"),
        ("name", json!("  "), "name"),
        ("name", json!(long), "name"),
        ("name", json!("a\nb"), "name"),
        ("url", json!("http://127.0.0.1/"), "url"),
        ("url", json!("ftp://a.example/"), "url"),
        ("url", json!("https://u:p@a.example/"), "url"),
        ("url", json!("https://kafka/"), "url"),
        ("types", json!([]), "types"),
        ("types", json!(["Click"]), "types"),
        ("types", json!(["*"]), "types"),
        ("types", json!("click"), "types"),
        ("format", json!("xml"), "format"),
        ("limits", json!({"concurrency": 0}), "limits.concurrency"),
        ("limits", json!({"concurrency": 1001}), "limits.concurrency"),
        ("limits", json!({"per_second": 0}), "limits.per_second"),
        ("limits", json!({"per_second": 10_001}), "limits.per_second"),
        ("limits", json!({"timeout": "999ms"}), "limits.timeout"),
        ("limits", json!({"timeout": "31s"}), "limits.timeout"),
        ("batch", json!({"max_events": 0}), "batch.max_events"),
        ("batch", json!({"max_events": 1001}), "batch.max_events"),
        ("batch", json!({"max_bytes": 1_048_577}), "batch.max_bytes"),
        ("batch", json!({"max_wait_ms": 60_001}), "batch.max_wait_ms"),
        ("headers", Value::Object(many), "headers"),
        ("headers", json!({"Host": "x"}), "headers.Host"),
        ("headers", json!({"Content-MD5": "x"}), "headers.Content-MD5"),
        ("headers", json!({"User-Agent": "x"}), "headers.User-Agent"),
        ("headers", json!({"webhook-id": "x"}), "headers.webhook-id"),
        ("headers", json!({"Postbode-Test": "x"}), "headers.Postbode-Test"),
        ("headers", json!({"Transfer-Encoding": "x"}), "headers.Transfer-Encoding"),
        ("headers", json!({"Signature": "x"}), "headers.Signature"),
        ("headers", json!({"bad name": "x"}), "headers.bad name"),
        ("headers", json!({"X-A": "a\r\nx-b: c"}), "headers.X-A"),
        ("headers", json!({"X-A": "y".repeat(1025)}), "headers.X-A"),
        ("headers", json!({"X-A": "1", "x-a": "2"}), "headers.x-a"),
    ] {
        assert_eq!(fields_of(prepare(request(member, value.clone()))), [field], "{value}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_no_value_is_shown() {
    let body = json!({"name": "", "url": "x", "types": [], "headers": {"Host": "geheim", "X": "geheim\n"}});
    let refused = prepare(body).unwrap_err();
    assert!(!format!("{refused:?}").contains("geheim"));
    assert_eq!(fields_of::<()>(Err(refused)), ["name", "url", "types", "headers.Host", "headers.X"]);
}

#[test]
fn the_limits_of_limits_are_allowed() {
    for limits in [
        json!({"concurrency": 1, "per_second": 1, "timeout": "1s"}),
        json!({"concurrency": 1000, "per_second": 10_000, "timeout": "30s"}),
        json!({"per_second": null}),
    ] {
        assert!(prepare(request("limits", limits)).is_ok());
    }
    let draft = prepare(request("batch", json!({"max_events": 1000, "max_wait_ms": 60_000}))).unwrap();
    let batching =
        domain::Batching { max_events: 1000, max_wait: domain::Batching::MAX_WAIT, ..Default::default() };
    assert_eq!(draft.webhook.batch, Some(batching));
    let draft = prepare(request("types", json!("*"))).unwrap();
    assert_eq!(draft.webhook.types, Types::All);
}

#[test]
fn a_webhook_of_no_account_is_not_made() {
    let Draft { webhook, .. } = prepare(request("format", json!("standard"))).unwrap();
    assert_eq!(draft::create(&registry(), &webhook).map(|changes| changes.len()), Ok(1));
    assert_eq!(fields_of(draft::create(&Registry::default(), &webhook)), ["account"]);
}

#[test]
fn a_change_touches_only_what_it_names() {
    let before = webhook("wh_1", "acme", State::Active);
    let patch = json!({"name": "New", "types": "*", "format": "cloudevents", "limits": {"per_second": 7}});
    let after = patched(&before, patch).unwrap();
    assert_eq!((after.name.as_str(), &after.types, after.format), ("New", &Types::All, Format::CloudEvents));
    assert_eq!(after.limits.per_second.map(u32::from), Some(7));
    assert_eq!(after.limits.concurrency, before.limits.concurrency);
    assert_eq!((&after.url, &after.secrets), (&before.url, &before.secrets));
    let lifted = patched(&after, json!({"limits": {"per_second": null}})).unwrap();
    assert_eq!(lifted.limits.per_second, None);
    assert_eq!(fields_of(patched(&before, json!({"name": "", "url": "x"}))), ["name", "url"]);
}

#[test]
fn a_form_is_no_batch_whichever_is_asked_for_last() {
    let mut both = request("format", json!("form"));
    assert_eq!(prepare(both.clone()).unwrap().webhook.format, Format::Form);
    both["batch"] = json!({});
    assert_eq!(fields_of(prepare(both)), ["batch"]);
    let plain = webhook("wh_1", "acme", State::Active);
    let batched = patched(&plain, json!({"batch": {}})).unwrap();
    let refused = patched(&batched, json!({"format": "form"})).unwrap_err();
    assert!(refused.detail().contains("set batch to null"), "{refused:?}");
    assert_eq!(fields_of::<()>(Err(refused)), ["format"]);
    let form = patched(&batched, json!({"format": "form", "batch": null})).unwrap();
    assert_eq!((form.format, form.batch), (Format::Form, None));
    assert_eq!(fields_of(patched(&form, json!({"batch": {}}))), ["batch"]);
    assert_eq!(fields_of(patched(&plain, json!({"format": "form", "batch": {}}))), ["batch"]);
}

#[test]
fn headers_are_set_removed_and_kept_by_name() {
    let first =
        patched(&webhook("wh_1", "acme", State::Active), json!({"headers": {"X-A": "1", "X-B": "2"}}))
            .unwrap();
    let second = patched(&first, json!({"headers": {"x-a": "3", "X-C": "4", "X-B": null}})).unwrap();
    let names: Vec<_> = second.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["X-C", "x-a"]);
    let twenty: serde_json::Map<String, Value> = (0..19).map(|n| (format!("y-{n}"), json!("v"))).collect();
    assert_eq!(fields_of(patched(&second, json!({"headers": twenty}))), ["headers"]);
}

#[test]
fn a_verified_url_stays_live_until_the_new_one_is_proven() {
    for state in [State::Active, State::Paused, State::Disabled(DisabledReason::Gone)] {
        let before = webhook("wh_1", "acme", state);
        let after = patched(&before, json!({"url": "https://new.example/"})).unwrap();
        assert_eq!((&after.url, &after.state), (&before.url, &before.state));
        let pending = after.pending.clone().unwrap();
        assert_eq!(&*pending.url, "https://new.example/");
        assert_ne!(pending.token, before.verification.token);
        let again = patched(&after, json!({"url": "https://new.example/"})).unwrap();
        assert_eq!(again.pending, after.pending, "the file at hand stays good");
        let back = patched(&after, json!({"url": &*before.url})).unwrap();
        assert_eq!(back.pending, None);
    }
}

#[test]
fn an_unverified_url_gives_way_with_its_token() {
    let before = webhook("wh_1", "acme", State::Unverified);
    let after = patched(&before, json!({"url": "https://new.example/"})).unwrap();
    assert_eq!((&*after.url, &after.pending), ("https://new.example/", &None));
    assert_ne!(after.verification.token, before.verification.token);
}

fn rename(registry: &Registry, who: &str, expected: Expected, name: &str) -> Result<Vec<Change>, Refusal> {
    change::webhook(registry, &actor(registry, who), &"wh_1".into(), expected, LATER, |webhook| {
        Ok(Webhook { name: name.to_owned(), ..webhook.clone() })
    })
}

#[test]
fn a_change_makes_the_next_revision_and_a_stale_one_none() {
    let registry = with(webhook("wh_1", "acme", State::Active));
    let changes = rename(&registry, ACME, Expected::Is(Revision(1)), "new").unwrap();
    let changed = written(&changes);
    assert_eq!((changed.revision, changed.updated_at, changed.name.as_str()), (Revision(2), LATER, "new"));
    let stale = rename(&registry, ACME, Expected::Is(Revision(7)), "new");
    assert_eq!(stale, Err(Refusal::Stale { present: Revision(1) }));
    assert_eq!(rename(&registry, ACME, Expected::Any, "wh_1"), Ok(vec![]), "nothing changes");
    assert_eq!(rename(&registry, BOLT, Expected::Any, "new"), Err(Refusal::NoSuch("webhook")));
}

#[test]
fn steps_that_make_no_sense_say_what_to_do_instead() {
    for (state, step, hint) in [
        (State::Unverified, Step::Pause, "verify its URL first"),
        (State::Unverified, Step::Enable, "verify its URL first"),
        (State::Disabled(DisabledReason::Gone), Step::Resume, "enable it first"),
        (State::Paused, Step::Enable, "resume it instead"),
    ] {
        let refused = change::step(&webhook("wh_1", "acme", state), step).unwrap_err();
        assert_eq!(refused.code(), "illegal-step");
        assert!(refused.detail().contains(hint), "{}", refused.detail());
    }
    let paused = change::step(&webhook("wh_1", "acme", State::Active), Step::Pause).unwrap();
    assert_eq!(paused.state, State::Paused);
}

#[test]
fn what_delivery_disabled_stays_so_through_changes_and_is_enabled_by_a_person() {
    let mut registry = with(webhook("wh_1", "acme", State::Active));
    let gone = Some(DisabledReason::Gone);
    apply(
        &mut registry,
        Change::Health(Health {
            webhook: "wh_1".into(),
            revision: Revision(1),
            failing_since: None,
            disabled: gone,
        }),
    );
    let changes = rename(&registry, ACME, Expected::Any, "new").unwrap();
    assert_eq!(written(&changes).state, State::Disabled(DisabledReason::Gone));
    let enable = |webhook: &Webhook| change::step(webhook, Step::Enable);
    let who = actor(&registry, ACME);
    let changes = change::webhook(&registry, &who, &"wh_1".into(), Expected::Any, LATER, enable).unwrap();
    apply(&mut registry, Change::Webhook(Box::new(written(&changes).clone())));
    assert_eq!(registry.webhook(&"wh_1".into()).unwrap().webhook.state, State::Active);
}

#[test]
fn a_deleted_webhook_leaves_no_findings_behind() {
    let registry = with(webhook("wh_1", "acme", State::Active));
    let delete =
        |who: &str, expected| change::delete(&registry, &actor(&registry, who), &"wh_1".into(), expected);
    let id = || "wh_1".into();
    let gone = vec![Change::WebhookGone(id()), Change::HealthGone(id()), Change::FilterFailureGone(id())];
    assert_eq!(delete(ACME, Expected::Any), Ok(gone.clone()));
    assert_eq!(delete(OPERATOR, Expected::Is(Revision(1))), Ok(gone));
    assert_eq!(delete(ACME, Expected::Is(Revision(2))), Err(Refusal::Stale { present: Revision(1) }));
    assert_eq!(delete(BOLT, Expected::Any), Err(Refusal::NoSuch("webhook")));
}

#[test]
fn a_rotated_secret_keeps_the_one_before_for_a_while() {
    let made = prepare(request("format", json!("json"))).unwrap();
    let ring = keyring();
    let (new, sealed) =
        secrets::Seals::new(&ring, &made.webhook.id).signing_secret(&mut |bytes| bytes.fill(9));
    let rotated = secrets::rotate(&made.webhook, &sealed, Duration::from_secs(5), NOW);
    let shown = secrets::reveal(&rotated, &ring, NOW).unwrap();
    assert_eq!(shown.secret, new);
    let before = shown.previous.unwrap();
    assert_eq!((before.secret, before.until), (made.secret, LATER));
    assert_eq!(secrets::reveal(&rotated, &ring, LATER).unwrap().previous, None);
    let at_once = secrets::rotate(&made.webhook, &sealed, Duration::ZERO, NOW);
    assert_eq!(at_once.secrets.previous, None);
}

#[test]
fn a_secret_is_kept_for_a_day_unless_said_otherwise_and_a_week_at_most() {
    let keep = |text: &str| {
        let keep = HumanDuration(domain::duration::parse(text).unwrap());
        secrets::keep_for(&RotateSecret { keep_previous_for: Some(keep) })
    };
    assert_eq!(secrets::keep_for(&RotateSecret::default()), Ok(Duration::from_secs(24 * 3600)));
    assert!(keep("0s").is_ok() && keep("7d").is_ok());
    assert_eq!(fields_of(keep("8d")), ["keep_previous_for"]);
}

#[test]
fn a_secret_that_does_not_open_is_said_so() {
    let damaged = webhook("wh_1", "acme", State::Active);
    assert_eq!(secrets::reveal(&damaged, &keyring(), NOW), Err(Refusal::Sealed));
}
