use proptest::prelude::*;

use super::*;

fn refused(source: &str) -> String {
    Filter::compile(source).unwrap_err().to_string()
}

#[test]
fn what_customers_write_compiles() {
    for source in [
        "type == \"click\"",
        "data.recipient.endsWith(\"@example.com\") && \"spring-sale\" in data.tags",
        "has(data.code) && int(data.code) >= 500",
        "data.tags.exists(tag, tag.startsWith(\"batch-\")) || size(data.tags) == 0",
        "!(type in [\"open\", \"click\"])",
        "time.getHours(\"Europe/Amsterdam\") < 9 && time > timestamp(\"2026-01-01T00:00:00Z\")",
        "data[\"fields\"].newsletter == \"yes\" ? true : data.profile % 2 == 0",
        "type(data.profile) == int && account == 'acme' && source == \"/s\" // with a comment",
        "{\"a\": 1}[\"a\"] == 1 && data.list.filter(x, x > 1).size() == 1 && -data.a < 0.5",
        "data.a.exists_one(x, x == 1) && data.b.all(x, x != null)",
    ] {
        assert!(Filter::compile(source).is_ok(), "{source}: {:?}", Filter::compile(source));
    }
}

#[test]
fn what_is_misspelt_is_told_with_its_place_or_its_name() {
    for (source, part) in [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("type ==", "line 1, column"),
        ("type = \"click\"", "line 1, column"),
        ("type == \"click", "line 1, column"),
        ("dta.id == 1", "does not know 'dta': use type, data, account, source, time"),
        (".data.id == 1", "does not know '.data'"),
        ("tag == 'a' && data.tags.exists(tag, tag == 'a')", "does not know 'tag'"),
        ("data.id.match('a')", "calls match"),
        ("optional.of(1).hasValue()", "calls hasValue"),
        ("data.?id == 1", "cannot be understood"),
        ("data.tags.exists('a', true)", "first argument is no name"),
        ("data.tags.exists(tag)", "calls exists"),
        ("has(data)", "asks has(…)"),
        ("Thing{a: 1} == 1", "makes a structure"),
    ] {
        let message = refused(source);
        assert!(message.contains(part), "{source}: {message}");
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    }
}

#[test]
fn what_could_cost_too_much_is_refused() {
    let sum = |n: usize| format!("data.a{} == 1", " + 1".repeat(n));
    assert!(Filter::compile(&sum(10)).is_ok());
    for (source, part) in [
        (sum(11), "has 11 additions"),
        (format!("data.a == \"{}\"", "x".repeat(2048)), "has 2060 bytes: 2048 are allowed"),
        ("data.mime.matches(\"(a+)+$\")".to_owned(), "there are no regular expressions"),
        ("data.tags.map(t, data) == []".to_owned(), "use list.exists(element, …) instead"),
        ("data.a.all(x, data.b.all(y, x == y))".to_owned(), "a loop inside another"),
        ("data.a.filter(x, true).exists(y, true)".to_owned(), "a loop inside another"),
        ("(data.a + data.a).exists(x, true)".to_owned(), "inside a loop"),
        ("data.a.exists(x, x + \"a\" == \"b\")".to_owned(), "inside a loop"),
    ] {
        let message = refused(&source);
        assert!(message.contains(part), "{source:.60}: {message}");
    }
    let longest = format!("data.a == \"{}\"", "x".repeat(2048 - 12));
    assert!(longest.len() == 2048 && Filter::compile(&longest).is_ok());
}

#[test]
fn whatever_is_nested_deeply_is_refused_and_not_a_stack_overflow() {
    for source in [
        "(".repeat(2000),
        "[".repeat(2000),
        "{1:".repeat(600),
        format!("{}true{}", "(".repeat(1000), ")".repeat(1000)),
        format!("{}data{}", "size(".repeat(330), ")".repeat(330)),
        format!("data{}", ".a".repeat(1000)),
        format!("data{}", "[0]".repeat(600)),
        format!("data{}", ".size()".repeat(280)),
        format!("data{}", "==data".repeat(300)),
        format!("data{}", "-data".repeat(300)),
        format!("{}true", "true?true:".repeat(200)),
        format!("{}true", "true&&(".repeat(200)),
    ] {
        assert!(Filter::compile(&source).is_err(), "{source:.60}");
    }
    for source in
        [format!("data{} == 1", "[0]".repeat(40)), format!("{}true{}", "!(".repeat(40), ")".repeat(40))]
    {
        assert!(refused(&source).contains("nested too deeply: 32 levels"), "{source}: {}", refused(&source));
    }
    let flat = format!("true{}", " && data.a == 1".repeat(120));
    assert!(Filter::compile(&flat).is_ok(), "many conditions in a row are not deep");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_the_compiler_panic(source in "[a-z.()\\[\\]{}!&|?:<>=+\"' 0-9-]{0,80}") {
        let _ = Filter::compile(&source);
    }
}
