use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::{
    Account, ApiKey, Batching, Callers, CustomHeader, DisabledReason, FilterFailure, Format, Health, Limits,
    PendingUrl, Revision, Scope, Sealed, Secrets, State, Timestamp, Trigger, Types, Verification, Webhook,
};
use proptest::prelude::*;

use super::*;

const KEY_TEXT: &str = "pbk_fixture";

fn full_webhook() -> Webhook {
    Webhook {
        id: "wh_1".into(),
        account: "acme".into(),
        name: "Orders".to_owned(),
        url: "https://acme.example/hook".into(),
        pending: Some(PendingUrl { url: "https://acme.example/new".into(), token: "t2".into() }),
        types: Types::Only(["click", "open"].into_iter().map(Into::into).collect()),
        trigger: Trigger::default(),
        format: Format::CloudEvents,
        secrets: Secrets {
            current: Sealed { key: "k2".into(), text: "bmV3".into() },
            previous: Some((
                Sealed { key: "k1".into(), text: "b2xk".into() },
                Timestamp::from_millis(1_767_312_000_000),
            )),
        },
        platform_signature: false,
        headers: vec![CustomHeader {
            name: "Authorization".to_owned(),
            value: Sealed { key: "k2".into(), text: "aGVhZGVy".into() },
        }],
        limits: Limits {
            concurrency: 7,
            per_second: NonZeroU32::new(50),
            timeout: Duration::from_millis(20_500),
        },
        batch: Some(Batching { max_events: 50, max_bytes: 65_536, max_wait: Duration::from_millis(1_500) }),
        state: State::Disabled(DisabledReason::Gone),
        verification: Verification {
            token: "t1".into(),
            verified_at: Some(Timestamp::from_millis(1_767_225_601_500)),
        },
        created_at: Timestamp::from_millis(1_767_225_600_000),
        updated_at: Timestamp::from_millis(1_767_225_602_000),
        revision: Revision(12),
    }
}

fn plain_webhook() -> Webhook {
    Webhook {
        pending: None,
        types: Types::All,
        format: Format::Json,
        secrets: Secrets { current: Sealed { key: "k1".into(), text: "c2VjcmV0".into() }, previous: None },
        headers: Vec::new(),
        limits: Limits::default(),
        batch: None,
        state: State::Unverified,
        verification: Verification { token: "t1".into(), verified_at: None },
        updated_at: Timestamp::from_millis(1_767_225_600_000),
        revision: Revision(1),
        ..full_webhook()
    }
}

fn narrowed_webhook() -> Webhook {
    Webhook {
        types: Types::Only(["create", "update"].into_iter().map(Into::into).collect()),
        trigger: Trigger {
            filter: Some("data.fields.city == \"Delft\"".into()),
            database: Some("7".into()),
            collection: Some("12".into()),
            callers: Some(Callers::Except(BTreeSet::from(["ms".into()]))),
            fields: BTreeSet::from(["email".into(), "city".into()]),
        },
        format: Format::Form,
        ..plain_webhook()
    }
}

fn account() -> Account {
    Account {
        contact: None,
        keep: domain::Keep::default(),
        id: "acme".into(),
        name: "Acme".to_owned(),
        created_at: Timestamp::from_millis(1_767_225_600_000),
        revision: Revision(1),
    }
}

fn account_with_contact() -> Account {
    let contact = domain::Contact { email: "ops@acme.example".into(), language: "nl".into() };
    Account { contact: Some(contact), ..account() }
}

fn account_with_little_kept() -> Account {
    let keep = domain::Keep { details: domain::KeepDetails::Failures, days: std::num::NonZeroU16::new(14) };
    Account { keep, ..account() }
}

fn key() -> ApiKey {
    ApiKey {
        id: "key_1".into(),
        hash: KeyHash::of(KEY_TEXT),
        account: Some("acme".into()),
        name: "Mail server".to_owned(),
        scopes: BTreeSet::from([Scope::EventsWrite, Scope::WebhooksRead]),
        expires_at: Some(Timestamp::from_millis(1_798_761_600_000)),
        created_at: Timestamp::from_millis(1_767_225_600_000),
        revision: Revision(2),
    }
}

fn health() -> Health {
    Health {
        webhook: "wh_1".into(),
        revision: Revision(12),
        failing_since: Some(Timestamp::from_millis(1_767_225_600_000)),
        disabled: Some(DisabledReason::Failing),
    }
}

fn filter_failure() -> FilterFailure {
    FilterFailure {
        webhook: "wh_1".into(),
        revision: Revision(12),
        at: Timestamp::from_millis(1_767_225_600_000),
        why: "there is no member 'town': ask with has(…) first".to_owned(),
    }
}

/// Record files as they were when their version was made: never edited, only added to.
fn fixtures() -> Vec<(Change, &'static str)> {
    vec![
        (
            Change::Webhook(Box::new(full_webhook())),
            include_str!("../../fixtures/registry/v1/webhook-full.json"),
        ),
        (
            Change::Webhook(Box::new(plain_webhook())),
            include_str!("../../fixtures/registry/v1/webhook-plain.json"),
        ),
        (
            Change::Webhook(Box::new(narrowed_webhook())),
            include_str!("../../fixtures/registry/v1/webhook-narrowed.json"),
        ),
        (Change::Account(account()), include_str!("../../fixtures/registry/v1/account.json")),
        (
            Change::Account(account_with_contact()),
            include_str!("../../fixtures/registry/v1/account-contact.json"),
        ),
        (
            Change::Account(account_with_little_kept()),
            include_str!("../../fixtures/registry/v1/account-keep.json"),
        ),
        (Change::Key(key()), include_str!("../../fixtures/registry/v1/key.json")),
        (Change::Health(health()), include_str!("../../fixtures/registry/v1/health.json")),
        (Change::FilterFailure(filter_failure()), include_str!("../../fixtures/registry/v1/filter.json")),
    ]
}

#[test]
fn records_of_every_version_are_read_for_ever() {
    for (change, fixture) in fixtures() {
        let (key, _) = encode(&change, None);
        let (read, write) = decode(key.as_bytes(), Some(fixture.as_bytes())).unwrap();
        assert_eq!(read, Some(change));
        assert_eq!(write, Some(WriteId::new("w-1")));
    }
}

#[test]
fn records_are_written_as_the_fixtures_say() {
    for (change, fixture) in fixtures() {
        let (_, value) = encode(&change, Some(&WriteId::new("w-1")));
        assert_eq!(String::from_utf8(value.unwrap()).unwrap(), fixture.trim_end());
    }
}

#[test]
fn a_key_says_what_its_record_is_about() {
    let hash = KeyHash::of(KEY_TEXT);
    let key = format!("key/{hash}");
    let gone = [
        ("webhook/wh_1", Change::WebhookGone("wh_1".into())),
        ("account/acme", Change::AccountGone("acme".into())),
        (key.as_str(), Change::KeyGone(hash)),
        ("health/wh_1", Change::HealthGone("wh_1".into())),
        ("filter/wh_1", Change::FilterFailureGone("wh_1".into())),
    ];
    for (key, change) in gone {
        assert_eq!(encode(&change, Some(&WriteId::new("w"))), (key.to_owned(), None));
        assert_eq!(decode(key.as_bytes(), None), Ok((Some(change), None)));
    }
}

#[test]
fn an_unknown_kind_of_record_is_passed_over() {
    assert_eq!(decode(b"portal/x", Some(b"{\"v\":9}")), Ok((None, None)));
    assert_eq!(decode(b"portal/x", None), Ok((None, None)));
}

#[test]
fn unknown_members_are_ignored() {
    let value =
        br#"{"v":1,"name":"Acme","created_at":"2026-01-01T00:00:00.000Z","revision":1,"colour":"blue"}"#;
    assert_eq!(decode(b"account/acme", Some(value)), Ok((Some(Change::Account(account())), None)));
}

#[test]
fn an_unknown_version_says_so() {
    let error = decode(b"account/acme", Some(br#"{"v":2,"title":"Acme"}"#)).unwrap_err();
    assert_eq!(error, RegistryError::Version { key: "account/acme".to_owned(), version: 2 });
    assert_eq!(
        error.to_string(),
        "the registry's record account/acme has version 2, and this program knows up to 1: upgrade it"
    );
}

#[test]
fn what_is_broken_is_named() {
    for (key, value, part) in [
        (&b"webhook/"[..], "{}", "key makes no sense"),
        (b"key/abc", "{}", "key/abc"),
        (b"account/\xff", "{}", "key makes no sense"),
        (b"account/acme", "", "record account/acme is broken"),
        (b"account/acme", "[]", "record account/acme is broken"),
        (b"account/acme", r#"{"name":"Acme"}"#, "missing field `v`"),
        (b"account/acme", r#"{"v":1,"name":"Acme"}"#, "missing field `created_at`"),
        (b"health/wh_1", r#"{"v":1,"revision":1,"disabled":"bored"}"#, "unknown reason 'bored'"),
    ] {
        let error = decode(key, Some(value.as_bytes())).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_disabled_webhook_has_a_reason_and_a_known_state() {
    let (key, value) = encode(&Change::Webhook(Box::new(full_webhook())), None);
    let value = String::from_utf8(value.unwrap()).unwrap();
    for (from, to, part) in [
        (r#""disabled_reason":"gone","#, "", "gives no reason"),
        (r#""state":"disabled""#, r#""state":"asleep""#, "unknown state 'asleep'"),
        (r#""format":"cloudevents""#, r#""format":"xml""#, "unknown format 'xml'"),
        (r#"["click","open"]"#, r#""click""#, "types"),
    ] {
        assert!(value.contains(from), "{value}");
        let error = decode(key.as_bytes(), Some(value.replace(from, to).as_bytes())).unwrap_err().to_string();
        assert!(error.contains(part) || part == "types", "{error}");
    }
}

#[test]
fn a_condition_that_is_not_known_is_refused_and_not_passed_over() {
    let (key, value) = encode(&Change::Webhook(Box::new(narrowed_webhook())), None);
    let value = String::from_utf8(value.unwrap()).unwrap().replace("\"database\"", "\"planet\"");
    let error = decode(key.as_bytes(), Some(value.as_bytes())).unwrap_err().to_string();
    assert!(error.contains("unknown field `planet`"), "{error}");
}

#[test]
fn secrets_are_sealed_for_their_place() {
    let record = webhook_key(&"wh_1".into());
    let place = secret_place(&record);
    assert_eq!((place.record, place.field), ("webhook/wh_1", "secret"));
    assert_eq!(header_field("X-Api-Key"), "headers.x-api-key");
}

fn at() -> impl Strategy<Value = Timestamp> {
    (0i64..4_102_444_800_000).prop_map(Timestamp::from_millis)
}

fn sealed() -> impl Strategy<Value = Sealed> {
    ("[a-z0-9]{1,8}", "[A-Za-z0-9+/=]{0,60}")
        .prop_map(|(key, text)| Sealed { key: key.into(), text: text.into() })
}

fn types() -> impl Strategy<Value = Types> {
    prop_oneof![
        Just(Types::All),
        prop::collection::btree_set("[a-z*][a-z0-9._-]{0,20}", 0..5)
            .prop_map(|kinds| Types::Only(kinds.iter().map(|kind| kind.as_str().into()).collect())),
    ]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let names = || prop::collection::btree_set(any::<String>().prop_map(Arc::from), 0..3);
    let text = || prop::option::of(any::<String>().prop_map(Arc::from));
    let callers = prop_oneof![names().prop_map(Callers::Only), names().prop_map(Callers::Except)];
    (text(), text(), text(), prop::option::of(callers), names()).prop_map(
        |(filter, database, collection, callers, fields)| Trigger {
            filter,
            database,
            collection,
            callers,
            fields,
        },
    )
}

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(vec![
        State::Unverified,
        State::Active,
        State::Paused,
        State::Disabled(DisabledReason::Gone),
        State::Disabled(DisabledReason::Failing),
    ])
}

fn limits() -> impl Strategy<Value = Limits> {
    (any::<u32>(), prop::option::of(1u32..), 0u64..100_000).prop_map(|(concurrency, per_second, timeout)| {
        Limits {
            concurrency,
            per_second: per_second.and_then(NonZeroU32::new),
            timeout: Duration::from_millis(timeout),
        }
    })
}

fn webhook() -> impl Strategy<Value = Webhook> {
    let named = (
        any::<String>(),
        (types(), trigger()),
        prop::sample::select(Format::ALL.to_vec()),
        limits(),
        state(),
    );
    let sealed_parts = (
        sealed(),
        prop::option::of((sealed(), at())),
        prop::collection::vec(("[A-Za-z-]{1,20}", sealed()), 0..3),
    );
    let proof =
        (prop::option::of((any::<String>(), any::<String>())), any::<String>(), prop::option::of(at()));
    (named, sealed_parts, proof, at(), at(), any::<u64>()).prop_map(
        |(named, sealed, proof, created, updated, revision)| {
            let (name, (types, trigger), format, limits, state) = named;
            let (current, previous, headers) = sealed;
            let (pending, token, verified_at) = proof;
            Webhook {
                name,
                types,
                trigger,
                format,
                limits,
                state,
                pending: pending.map(|(url, token)| PendingUrl { url: url.into(), token: token.into() }),
                secrets: Secrets { current, previous },
                headers: headers.into_iter().map(|(name, value)| CustomHeader { name, value }).collect(),
                verification: Verification { token: token.into(), verified_at },
                created_at: created,
                updated_at: updated,
                revision: Revision(revision),
                ..full_webhook()
            }
        },
    )
}

proptest! {
    #[test]
    fn any_webhook_is_read_as_it_was_written(webhook in webhook(), write in any::<String>()) {
        let change = Change::Webhook(Box::new(webhook));
        let write = WriteId::new(write);
        let (key, value) = encode(&change, Some(&write));
        prop_assert_eq!(decode(key.as_bytes(), value.as_deref()), Ok((Some(change), Some(write))));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        key in "(webhook|account|key|health|filter|other)?/?.{0,70}",
        value in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(key.as_bytes(), Some(&value));
        let _ = decode(&value, None);
    }
}
