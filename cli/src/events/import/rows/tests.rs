use serde_json::{Value, json};

use super::super::identities::Identities;
use super::super::reader::event;
use super::super::text::LONGEST;
use super::*;

/// The events of a file as ingest gets them, and what could not be read.
fn events(text: &str, kind: Option<Kind>) -> (Vec<Value>, Vec<(u64, String)>) {
    let mut identities = Identities::new("/log", None);
    let (mut events, mut unreadable) = (Vec::new(), Vec::new());
    for row in read(text.as_bytes(), kind) {
        match row.and_then(|row| event(row, &mut identities)) {
            Ok(event) => events.push(serde_json::from_str(&event).unwrap()),
            Err(Unreadable { line, why }) => unreadable.push((line, why)),
        }
    }
    (events, unreadable)
}

const CSV: &str = concat!(
    "m1,2026-11-24 09:00:00,\"User-Agent: Thing/1\nReferer: https://r.example/\",192.0.2.4,https://a.example/?a=1&b=2,",
    "https://b.example/,one;two,a@b.example,Delft,Netherlands,NL,ZH,12\n",
);
const JSON: &str = r#"[
{"id":"m1","time":"2026-11-24 09:00:00","headers":"User-Agent: Thing/1\nReferer: https://r.example/","ip":"192.0.2.4",
 "url":"https://a.example/?a=1&b=2","destination":"https://b.example/","tags":"one;two","recipient":"a@b.example",
 "city":"Delft","countryname":"Netherlands","countrycode":"NL","regioncode":"ZH","templateid":"12"}
]"#;
const XML: &str = "<?xml version=\"1.0\"?>\n<records>\n<record><id>m1</id><time>2026-11-24 09:00:00</time>\
    <headers>User-Agent: Thing/1\nReferer: https://r.example/</headers><ip>192.0.2.4</ip>\
    <url>https://a.example/?a=1&amp;b=2</url><destination><![CDATA[https://b.example/]]></destination>\
    <tags>one;two</tags><recipient>a&#64;b.example</recipient><city>Delft</city><countryname>Netherlands</countryname>\
    <countrycode>NL</countrycode><regioncode>ZH</regioncode><templateid>12</templateid></record>\n</records>";

#[test]
fn a_click_is_the_same_event_from_csv_json_and_xml() {
    let (from_csv, unreadable) = events(CSV, Some(Kind::Clicks));
    assert_eq!(unreadable, []);
    let event = &from_csv[0];
    assert_eq!((&event["type"], &event["time"]), (&json!("click"), &json!("2026-11-24T09:00:00.000Z")));
    assert_eq!(
        event["data"],
        json!({"id": "m1", "timestamp": "2026-11-24 09:00:00", "time": 1_795_510_800, "useragent": "Thing/1",
            "referer": "https://r.example/", "ip": "192.0.2.4", "original": "https://a.example/?a=1&b=2",
            "destination": "https://b.example/", "tags": ["one", "two"], "recipient": "a@b.example", "city": "Delft",
            "countryname": "Netherlands", "countrycode": "NL", "regioncode": "ZH", "templateid": "12"})
    );
    for other in [JSON, XML] {
        assert_eq!(events(other, Some(Kind::Clicks)), (from_csv.clone(), vec![]));
    }
}

#[test]
fn every_kind_becomes_its_type_and_a_header_line_is_no_record() {
    for (name, kind) in [
        ("deliveries", "delivery"),
        ("failures", "failure"),
        ("bounces", "bounce"),
        ("responses", "response"),
        ("clicks", "click"),
        ("opens", "open"),
        ("abuses", "abuse"),
        ("attempts", "attempt"),
    ] {
        let log = Kind::named(name).unwrap();
        assert_eq!(Kind::of_file(std::path::Path::new(&format!("/x/{name}.2026-11-24.log"))), Some(log));
        let header = log.columns().join(",");
        let value = |column: &&str| match *column {
            "time" => "1795510800".to_owned(),
            "properties" => "\"{\"\"a\"\":1}\"".to_owned(),
            other => format!("v-{other}"),
        };
        let row = log.columns().iter().map(value).collect::<Vec<_>>().join(",");
        let (events, unreadable) = events(&format!("{header}\n{row}\n"), Some(log));
        assert_eq!((events.len(), unreadable), (1, vec![]), "{name}");
        assert_eq!((&events[0]["type"], &events[0]["data"]["id"]), (&json!(kind), &json!("v-id")));
        assert_eq!(events[0]["data"]["timestamp"], "2026-11-24 09:00:00");
    }
    let failure = "m1,2026-11-24 09:00:00,e@x.example,a@b.example,1,192.0.2.1,192.0.2.2,failed,550,5.1.1,no such user,rcptto,,";
    let (events, _) = events(failure, Some(Kind::Failures));
    let data = &events[0]["data"];
    assert_eq!(
        (&data["action"], &data["extended"], &data["state"]),
        (&json!("failed"), &json!("5.1.1"), &json!("rcptto"))
    );
    assert!(data.get("tags").is_none(), "what is empty is left out");
}

#[test]
fn what_the_rest_api_answers_says_itself_what_it_is() {
    let text = r#"[{"event":"open","data":{"id":"m1","time":1795510800}},{"event":"prayer","data":{}}]"#;
    let (events, unreadable) = events(text, None);
    assert_eq!(events[0]["type"], "open");
    assert_eq!(unreadable, [(1, "'prayer' is no event of a log".to_owned())]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_keeps_nothing_else() {
    let csv = "m1,2026-11-24 09:00:00,e,r,t,\nm2,yesterday,e,r,t,\n,2026-11-24 09:00:00,e,r,t,\nm4,,e,r,t,,too,many\nm5,2026-11-24 09:00:01,e,r,,\n";
    let (good, unreadable) = events(csv, Some(Kind::Abuses));
    assert_eq!(good.iter().map(|it| &it["data"]["id"]).collect::<Vec<_>>(), ["m1", "m5"]);
    let lines: Vec<_> =
        unreadable.iter().map(|(line, why)| (*line, why.split(':').next().unwrap())).collect();
    assert_eq!(lines, [(2, "time"), (3, "id"), (4, "has 8 columns, and abuses has 6")]);

    let json = "[\n{\"id\":\"m1\"},\n{\"id\":\"m2\",,},\n{\"id\":\"m3\"}\n]";
    let (good, unreadable) = events(json, Some(Kind::Abuses));
    assert_eq!(good.iter().map(|it| &it["data"]["id"]).collect::<Vec<_>>(), ["m1", "m3"]);
    assert_eq!((unreadable.len(), unreadable[0].0), (1, 3));

    let (good, unreadable) =
        events("<records>\n<record><id>m1</id></record>\n<record><id>m2</wrong>", Some(Kind::Abuses));
    assert_eq!((good.len(), unreadable[0].0), (1, 3));
    let (good, unreadable) = events("m1,2026-11-24 09:00:00", None);
    assert!(good.is_empty() && unreadable[0].1.contains("--kind"));
}

#[test]
fn the_same_record_twice_is_two_events_and_again_the_same_two() {
    let line = "m1,2026-11-24 09:00:00,e,r,t,\n";
    let twice = events(&line.repeat(2), Some(Kind::Abuses)).0;
    assert_ne!(twice[0]["id"], twice[1]["id"]);
    assert_eq!(events(&line.repeat(2), Some(Kind::Abuses)).0, twice);
    assert_eq!(
        events(line, Some(Kind::Abuses)).0[0],
        twice[0],
        "and the first of a shorter file is the first"
    );
}

#[test]
fn a_record_of_any_log_is_named_as_ever() {
    let (event, _) = events(CSV, Some(Kind::Clicks));
    assert_eq!(event[0]["id"], "log-1e224a3fec42fbed8aaed0c86787c45b");
}

/// What is larger than a piece, in every form, and a broken record in the midst of it.
#[test]
fn a_long_file_is_read_like_a_short_one() {
    let count = 20_000;
    let broken = count / 2;
    let csv = |n: usize| match n == broken {
        true => "m,yesterday,e,r,,\n".to_owned(),
        false => format!("m{n},2026-11-24 09:00:00,e@x.example,a@b.example,one;two,\n"),
    };
    let json = |n: usize| match n == broken {
        true => "{\"id\":\"m\",,},\n".to_owned(),
        false => format!("{{\"id\":\"m{n}\",\"recipient\":\"a@b.example\",\"tags\":\"one;two\"}},\n"),
    };
    let xml = |n: usize| match n == broken {
        true => "<record><time>yesterday</time></record>\n".to_owned(),
        false => {
            format!("<record><id>m{n}</id><recipient>a@b.example</recipient><tags>one;two</tags></record>\n")
        }
    };
    let all = |of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<String>();
    for (text, first_line) in [
        (all(&csv), 1),
        (format!("[\n{}]", all(&json)), 2),
        (all(&json), 1),
        (format!("<records>\n{}</records>", all(&xml)), 2),
    ] {
        let (good, unreadable) = events(&text, Some(Kind::Abuses));
        assert_eq!((good.len(), unreadable.len()), (count - 1, 1), "{unreadable:?}");
        assert_eq!(unreadable[0].0, (first_line + broken) as u64);
        assert_eq!(good.last().unwrap()["data"]["id"], format!("m{}", count - 1));
    }
}

#[test]
fn what_never_ends_is_given_up_with_its_line() {
    let endless = "x".repeat(LONGEST + LONGEST / 2);
    let csv = format!("m1,2026-11-24 09:00:00,e,r,,\nm2,\"{endless}");
    let (good, unreadable) = events(&csv, Some(Kind::Abuses));
    assert_eq!((good.len(), unreadable.len()), (1, 1));
    assert!(unreadable[0].1.contains("16 MiB"), "{unreadable:?}");
    let json = format!("{{\"id\":\"m1\"}}\n{{\"id\":\"{endless}\"}}\n{{\"id\":\"m3\"}}\n");
    let (good, unreadable) = events(&json, Some(Kind::Abuses));
    assert_eq!((good.len(), unreadable.len(), unreadable[0].0), (2, 1, 2), "JSON goes on behind it");
    let xml = format!("<records>\n<record><id>m1</id></record>\n<record><id>{endless}");
    let (good, unreadable) = events(&xml, Some(Kind::Abuses));
    assert_eq!((good.len(), unreadable.len(), unreadable[0].0), (1, 1, 3));
}
