//! What each service's Kafka user may do: the chart's table, as a broker of the tests takes it.

use serde_json::Value;

/// By service; the chart makes Strimzi's users of it.
const RIGHTS: &str = include_str!("../../helm/postbode/files/rights.json");

/// The rights of all services, with the topics' prefix.
pub(crate) fn of_all(prefix: &str) -> String {
    let rights: Value = serde_json::from_str(RIGHTS).unwrap();
    let mut lines = Vec::new();
    for (user, rights) in rights.as_object().unwrap() {
        let mut may = |kind: &str, named: &Value, operations: &str| {
            for pattern in ["literal", "prefixed"] {
                let named = named.as_array().into_iter().flatten().filter_map(Value::as_str);
                let named: Vec<_> = named
                    .filter(|end| end.ends_with('*') == (pattern == "prefixed"))
                    .map(|end| format!("{prefix}{}", end.trim_end_matches('*')))
                    .collect();
                if !named.is_empty() {
                    lines.push(format!("{user} {kind} {} {pattern} {operations}", named.join(",")));
                }
            }
        };
        may("topic", &rights["describe"], "Describe,DescribeConfigs");
        may("topic", &rights["read"], "Read");
        may("topic", &rights["write"], "Write");
        may("group", &rights["groups"]["read"], "Read,Describe");
        may("group", &rights["groups"]["describe"], "Describe");
        may("transactional-id", &rights["transactions"], "Write,Describe");
        for group in rights["strangers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            lines.push(format!("{user} group {group} literal Describe"));
        }
    }
    lines.join("\n") + "\n"
}
