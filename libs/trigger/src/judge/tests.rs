use domain::Callers;

use super::*;

const AT: Timestamp = Timestamp::from_millis(1_769_860_800_000);

fn event(kind: &str) -> Event {
    Event { id: "e1".into(), source: "/smtp".into(), kind: kind.into(), account: "acme".into() }
}

fn judged(trigger: &Trigger, kind: &str, data: &str) -> Verdict {
    let event = event(kind);
    let mut matcher = Matcher::default();
    matcher.on(Occurrence { event: &event, time: Some(AT), data: data.as_bytes() }).judge(trigger)
}

fn filter(source: &str) -> Trigger {
    Trigger { filter: Some(source.into()), ..Trigger::default() }
}

fn filtered(source: &str, data: &str) -> Verdict {
    judged(&filter(source), "click", data)
}

fn failed(source: &str, data: &str) -> String {
    match filtered(source, data) {
        Verdict::Failure(why) => why,
        other @ (Verdict::Match | Verdict::Mismatch(_)) => panic!("{source}: {other:?}"),
    }
}

const CLICK: &str = r#"{"id":"m1","recipient":"anna@example.com","code":550,"score":9.5,"big":18446744073709551615,
    "tags":["newsletter","batch-1"],"fields":{"city":"Ł\u00f3dź","n":null,"yes":true},"mime":"a\r\nb"}"#;

#[test]
fn a_filter_sees_the_event_and_its_data() {
    for source in [
        "type == 'click' && account == 'acme' && source == '/smtp'",
        "data.recipient.endsWith('@example.com') && data.recipient.contains('@') && data.id != 'm2'",
        "data.code >= 500 && data.code < 600.5 && data.score > 9 && data.big > 1u",
        "'newsletter' in data.tags && !('other' in data.tags) && size(data.tags) == 2 && data.tags[1] == 'batch-1'",
        "data.tags.exists(tag, tag.startsWith('batch-')) && data.tags.all(t, t != '')",
        "data.tags.filter(t, t == 'newsletter').size() == 1 && data.fields.exists(name, name == 'city')",
        "data.fields.city == 'Łódź' && data.fields.n == null && data.fields.yes && data.mime == 'a\\r\\nb'",
        "has(data.fields.city) && !has(data.fields.town) && !has(data.gone)",
        "has(data.gone) ? data.gone == 1 : true",
        "time == timestamp('2026-01-31T12:00:00Z') && time.getHours('Europe/Amsterdam') == 13",
        "time - duration('1h') < time && type(data.code) == int && int('5') == 5 && string(data.code) == '550'",
        "data == data && data.tags + data.tags != data.tags",
    ] {
        assert_eq!(filtered(source, CLICK), Verdict::Match, "{source}");
    }
    assert_eq!(filtered("data.code == 250", CLICK), Verdict::Mismatch(Mismatch::Filter));
}

#[test]
fn a_filter_that_fails_or_is_no_boolean_is_no_match_and_says_why() {
    for (source, part) in [
        ("data.town == 'a'", "there is no member 'town': ask with has(…) first"),
        ("data.fields.n.deep == 1", "cannot"),
        ("data[data.recipient] == 1", "there is no member asked for"),
        ("data.big + 1u > 1u", "grows too large"),
        ("data.recipient > 5", "> cannot be used on"),
        ("data.code.contains('5')", "contains cannot be used on int and string"),
        ("data.tags[7] == 'a'", "past the end"),
        ("int(data.recipient) == 1", "int cannot make sense of its argument"),
        ("timestamp(data.recipient) > time", "timestamp cannot make sense"),
        ("1 / (data.code - 550) == 1", "divides by zero"),
        ("data.recipient", "the result is no boolean but string"),
        ("data.tags", "the result is no boolean but list"),
        ("null", "the result is no boolean but null"),
    ] {
        let why = failed(source, CLICK);
        assert!(why.contains(part) && !why.contains("anna"), "{source}: {why}");
    }
    assert_eq!(filtered("data.town == 'a' || true", CLICK), Verdict::Match, "as CEL has it");
}

#[test]
fn data_that_cannot_be_read_is_no_match() {
    assert!(failed("true", "[1]").contains("no object"));
    assert!(failed("true", "{\"a\":").contains("cannot be read"));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(failed("true", &deep).contains("cannot be read"));
    assert_eq!(
        judged(&Trigger::default(), "click", "{\"a\":"),
        Verdict::Match,
        "it is not read without need"
    );
}

#[test]
fn long_lists_and_large_events_are_bounded() {
    let list = |n: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(n - 1));
    assert_eq!(filtered("data.a.all(x, x == 1)", &list(1_000)), Verdict::Match);
    assert!(failed("data.a.all(x, x == 1)", &list(200_000)).contains("too long"));
    assert_eq!(
        filtered("data.a.size() == 200000", &list(200_000)),
        Verdict::Match,
        "without a loop it is fine"
    );
    let compared = ["data == data"; 60].join(" && ");
    assert!(failed(&compared, &list(200_000)).contains("too long"), "each value takes its time");
    let mime = format!("{{\"mime\":\"{}end\",\"tags\":[\"end\"]}}", "x".repeat(1_000_000));
    assert_eq!(filtered("data.tags.exists(t, data.mime.endsWith(t))", &mime), Verdict::Match);
}

#[test]
fn an_event_is_read_once_and_equal_filters_run_once_for_it() {
    let event = event("click");
    let mut matcher = Matcher::default();
    for (data, expected) in
        [("{\"a\":1}", Verdict::Match), ("{\"a\":2}", Verdict::Mismatch(Mismatch::Filter))]
    {
        let mut judge = matcher.on(Occurrence { event: &event, time: None, data: data.as_bytes() });
        assert!(judge.scene.is_none());
        assert_eq!(judge.judge(&Trigger::default()), Verdict::Match);
        assert!(judge.scene.is_none(), "nobody asked for the data");
        assert_eq!(judge.judge(&filter("data.a == 1")), expected);
        let read = judge.read;
        for _ in 0..3 {
            assert_eq!(judge.judge(&filter("data.a == 1")), expected);
        }
        assert_eq!(judge.read, read, "run once");
        judge.judge(&filter("data.a == 3"));
        assert!(judge.read > read);
    }
}

#[test]
fn all_filters_of_an_event_together_are_bounded() {
    let event = event("bounce");
    let data = format!("{{\"mime\":\"{}\"}}", "x".repeat(1024 * 1024));
    let mut matcher = Matcher::default();
    let mut judge = matcher.on(Occurrence { event: &event, time: None, data: data.as_bytes() });
    judge.read = MAX_EVENT_BYTES_READ - 1024 * 1024 - 100;
    assert_eq!(
        judge.judge(&filter("size(data.mime) > 0 || false")),
        Verdict::Failure("the account's filters together take too long for this event".to_owned())
    );
    assert_eq!(judge.judge(&Trigger::default()), Verdict::Match);
}

#[test]
fn a_filter_of_another_version_that_does_not_compile_is_no_match() {
    assert!(failed("data.x.newFunction()", "{}").starts_with("the filter calls newFunction"));
}

#[test]
fn profile_conditions_are_met_by_the_profile_the_caller_and_the_changed_fields() {
    let names = |all: &[&str]| all.iter().map(|it| (*it).into()).collect();
    let open = Trigger::default;
    let update = r#"{"parameters":{"email":"a@b.c","city":null},"profile":1,"collection":"12","database":7,"caller":"ms"}"#;
    let bare = r#"{"parameters":[],"profile":1,"database":"8"}"#;
    for (trigger, on_update, on_bare) in [
        (Trigger { database: Some("7".into()), ..open() }, None, Some(Mismatch::Database)),
        (Trigger { database: Some("8".into()), ..open() }, Some(Mismatch::Database), None),
        (Trigger { collection: Some("12".into()), ..open() }, None, Some(Mismatch::Collection)),
        (Trigger { callers: Some(Callers::Only(names(&["ms"]))), ..open() }, None, Some(Mismatch::Caller)),
        (Trigger { callers: Some(Callers::Except(names(&["ms"]))), ..open() }, Some(Mismatch::Caller), None),
        (Trigger { fields: names(&["email", "name"]), ..open() }, None, Some(Mismatch::Fields)),
        (Trigger { fields: names(&["city"]), ..open() }, None, Some(Mismatch::Fields)),
        (Trigger { fields: names(&["name"]), ..open() }, Some(Mismatch::Fields), Some(Mismatch::Fields)),
        (
            Trigger { database: Some("7".into()), filter: Some("data.profile == 2".into()), ..open() },
            Some(Mismatch::Filter),
            Some(Mismatch::Database),
        ),
    ] {
        for (data, expected) in [(update, on_update), (bare, on_bare)] {
            let expected = expected.map_or(Verdict::Match, Verdict::Mismatch);
            assert_eq!(judged(&trigger, "update", data), expected, "{trigger:?} {data}");
        }
    }
}
