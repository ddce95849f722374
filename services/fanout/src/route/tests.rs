//! Events in, deliveries and dead letters out; no broker.

use bytes::Bytes;
use domain::{Change, Offset, Partition, Registry, Trigger, Webhook};
use wire::topics::TopicSettings;

use super::*;

fn router() -> Router {
    let topics = Topics::new(&TopicSettings { event_max_bytes: 100, ..TopicSettings::default() }).unwrap();
    Router::new(topics, "postbode.fanout".to_owned(), Telemetry::default())
}

/// A registry as the console writes it.
fn registry(webhooks: &[(&str, &str, &[&str])]) -> Registry {
    let mut registry = Registry::default();
    for (offset, (id, account, types)) in webhooks.iter().enumerate() {
        let webhook = domain::fixtures::webhook(id, account, types);
        registry.apply(Offset(i64::try_from(offset).unwrap()), Change::Webhook(Box::new(webhook)));
    }
    registry
}

fn record(headers: &[(&'static str, &'static str)], value: &'static str) -> Record {
    Record {
        topic: "postbode.events".into(),
        partition: Partition(2),
        offset: Offset(9),
        timestamp: Timestamp::from_millis(1_706_702_400_000),
        key: Some(Bytes::from_static(b"m1")),
        value: Some(Bytes::from_static(value.as_bytes())),
        headers: headers.iter().map(|(n, v)| ((*n).into(), Bytes::from_static(v.as_bytes()))).collect(),
    }
}

const CLICK: [(&str, &str); 5] = [
    ("ce_id", "e1"),
    ("ce_source", "/smtp"),
    ("ce_type", "click"),
    ("ce_account", "acme"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
];

fn routed(registry: &Registry, record: &Record) -> Vec<OutRecord> {
    routed_by(&mut router(), registry, record)
}

fn routed_by(router: &mut Router, registry: &Registry, record: &Record) -> Vec<OutRecord> {
    let wanted =
        |account: &AccountId, kind: &EventType| registry.routes(account, kind).cloned().collect::<Vec<_>>();
    router.route(Timestamp::from_millis(1_706_702_400_500), wanted, record)
}

#[test]
fn an_event_becomes_one_delivery_per_match_with_its_bytes_unchanged() {
    let registry = registry(&[
        ("wh_click", "acme", &["click"]),
        ("wh_open", "acme", &["open"]),
        ("wh_all", "acme", &[]),
        ("wh_other", "bolt", &["click"]),
    ]);
    let mut outs = routed(&registry, &record(&CLICK, r#"{ "id":"m1" }"#));
    outs.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<_> = outs.iter().map(|out| out.key.clone().unwrap()).collect();
    assert_eq!(keys, [&b"wh_all"[..], b"wh_click"]);
    for out in &outs {
        assert_eq!(&*out.topic, "postbode.deliveries");
        assert_eq!(out.value.as_deref(), Some(&br#"{ "id":"m1" }"#[..]));
        let delivery = wire::Delivery::read(&out.headers).unwrap();
        assert_eq!(delivery.origin.unwrap().to_string(), "2-9");
        assert_eq!(out.headers.text("traceparent"), Some(CLICK[4].1));
    }
    assert_eq!(outs[0].headers.text(names::REGISTRY), Some("2"));
}

fn keys(outs: &[OutRecord]) -> Vec<String> {
    let mut keys: Vec<_> =
        outs.iter().map(|out| String::from_utf8(out.key.clone().unwrap().to_vec()).unwrap()).collect();
    keys.sort();
    keys
}

#[test]
fn conditions_decide_who_gets_an_event_and_a_failing_filter_is_told_once() {
    let mut registry = Registry::default();
    let filter = |source: &str| Trigger { filter: Some(source.into()), ..Trigger::default() };
    for (offset, (id, trigger)) in (0..).zip([
        ("wh_true", filter("data.id == 'm1' && time < timestamp('2025-01-01T00:00:00Z')")),
        ("wh_false", filter("data.id == 'm2'")),
        ("wh_broken", filter("data.town == 'Delft'")),
        ("wh_database", Trigger { database: Some("7".into()), ..Trigger::default() }),
        ("wh_open", Trigger::default()),
    ]) {
        let webhook = Webhook { trigger, ..domain::fixtures::webhook(id, "acme", &["click"]) };
        registry.apply(Offset(offset), Change::Webhook(Box::new(webhook)));
    }
    let mut router = router();
    for _ in 0..3 {
        let outs = routed_by(&mut router, &registry, &record(&CLICK, r#"{"id":"m1"}"#));
        assert_eq!(keys(&outs), ["wh_open", "wh_true"]);
    }
    assert_eq!(keys(&router.found), ["filter/wh_broken"]);
    let found = &router.found[0];
    let value = found.value.as_deref();
    let (change, _) = wire::registry::decode(found.key.as_deref().unwrap(), value).unwrap();
    registry.apply(Offset(9), change.unwrap());
    let failure = registry.filter_failure(&"wh_broken".into()).unwrap();
    assert_eq!(failure.why, "there is no member 'town': ask with has(…) first");
    let database = routed_by(&mut router, &registry, &record(&CLICK, r#"{"database":7}"#));
    assert_eq!(keys(&database), ["wh_database", "wh_open"]);
}

#[test]
fn a_rerun_names_every_delivery_the_same() {
    let registry = registry(&[("wh_1", "acme", &[])]);
    let event = record(&CLICK, "{}");
    assert_eq!(routed(&registry, &event), routed(&registry, &event));
}

#[test]
fn an_event_of_another_account_reaches_nobody() {
    assert_eq!(routed(&registry(&[("wh_1", "bolt", &[])]), &record(&CLICK, "{}")), []);
}

#[test]
fn poison_becomes_a_dead_letter_with_its_key_bytes_and_reason() {
    let outs = routed(&registry(&[]), &record(&CLICK, "{poison"));
    let (death, from) = dead_letter::read(&outs[0].headers).unwrap();
    assert_eq!((&*outs[0].topic, death.reason), ("postbode.dead-letters.events", DeathReason::Malformed));
    assert_eq!((from.partition, from.offset), (Partition(2), Offset(9)));
    assert_eq!(outs[0].value.as_deref(), Some(&b"{poison"[..]));
    assert_eq!(outs[0].key.as_deref(), Some(&b"m1"[..]));
}

#[test]
fn what_is_too_large_for_its_topic_gives_up_first_its_delivery_then_its_value() {
    let (router, event) = (router(), record(&CLICK, "{}"));
    let delivery = routed(&registry(&[("wh_1", "acme", &[])]), &event).remove(0);
    let letter = router.shrink(&event, &delivery).unwrap();
    assert_eq!(dead_letter::read(&letter.headers).unwrap().0.reason, DeathReason::TooLarge);
    let smaller = router.shrink(&event, &letter).unwrap();
    assert_eq!((smaller.value.as_ref(), smaller.headers.text(names::VALUE_OMITTED)), (None, Some("true")));
    let bare = router.shrink(&event, &smaller).unwrap();
    assert!(bare.key.is_none() && bare.headers.get("ce_id").is_none());
    assert!(dead_letter::read(&bare.headers).is_some());
    assert_eq!(router.shrink(&event, &bare), None);
}
