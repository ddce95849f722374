//! Conditions on the command line, and trying them out: `postbode webhooks filter-test`.

use anyhow::Context as _;
use clap::Args;
use http::Method;
use wire::api::{Callers, FilterTest, FilterVerdict, Identifier, TestEvent, Types};

use super::show;
use crate::rest::Rest;

/// Which events of the types.
#[derive(Args, Debug, Default)]
pub(super) struct ConditionArgs {
    /// Only events for which this CEL expression is true, such as 'data.tags.exists(tag, tag == "sale")'
    #[arg(long, value_name = "EXPRESSION")]
    pub(super) filter: Option<String>,
    /// Only profiles of this database
    #[arg(long, value_name = "ID")]
    pub(super) database: Option<String>,
    /// Only subprofiles of this collection
    #[arg(long, value_name = "ID")]
    pub(super) collection: Option<String>,
    /// Only changes of profiles by this application; can be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "except_caller")]
    pub(super) only_caller: Vec<String>,
    /// No changes of profiles by this application, such as one's own; can be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) except_caller: Vec<String>,
    /// Only changes of this field of a profile; can be given several times, and any of them will do
    #[arg(long, value_name = "NAME")]
    pub(super) field: Vec<String>,
}

impl ConditionArgs {
    /// As a test that says nothing of its event yet.
    pub(super) fn asked(self) -> FilterTest {
        let id = |id: String| Some(Identifier::Text(id));
        let callers = match (&self.only_caller[..], &self.except_caller[..]) {
            ([], []) => None,
            ([], _) => Some(Some(Callers::Except(self.except_caller.into_iter().collect()))),
            (_, _) => Some(Some(Callers::Only(self.only_caller.into_iter().collect()))),
        };
        FilterTest {
            filter: self.filter.map(Some),
            database: self.database.map(id),
            collection: self.collection.map(id),
            callers,
            fields: (!self.field.is_empty()).then(|| Some(self.field.into_iter().collect())),
            ..FilterTest::default()
        }
    }
}

/// The arguments of `webhooks filter-test`.
#[derive(Args, Debug)]
pub(super) struct TestArgs {
    /// The event's type
    #[arg(value_name = "TYPE")]
    kind: String,
    /// The event's data, a JSON object [default: a sample of the type]
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// A webhook whose conditions are tried, under those that are given here
    #[arg(long, value_name = "ID")]
    webhook: Option<String>,
    /// Which types are wanted, comma-separated [default: all, or the webhook's]
    #[arg(long, value_name = "TYPES", value_delimiter = ',')]
    types: Vec<String>,
    #[command(flatten)]
    conditions: ConditionArgs,
}

/// Tries them.
pub(super) async fn test(args: TestArgs, rest: &Rest, json: bool) -> anyhow::Result<()> {
    let verdict: FilterVerdict =
        rest.ask(Method::POST, "/v1/webhooks/filter-test", Some(&wanted(args)?)).await?;
    show::verdict(&verdict, json);
    Ok(())
}

fn wanted(args: TestArgs) -> anyhow::Result<FilterTest> {
    let data = args.data.as_deref().map(serde_json::from_str).transpose();
    let data = data.context("--data is no JSON object")?;
    Ok(FilterTest {
        webhook: args.webhook,
        types: (!args.types.is_empty()).then(|| Types::only(args.types)),
        event: TestEvent { kind: args.kind, data, ..TestEvent::default() },
        ..args.conditions.asked()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: TestArgs,
    }

    fn body(line: &[&str]) -> serde_json::Value {
        let args = Line::parse_from([&["postbode"], line].concat()).args;
        serde_json::to_value(wanted(args).unwrap()).unwrap()
    }

    #[test]
    fn a_test_says_what_it_was_told() {
        assert_eq!(body(&["click"]), json!({"event": {"type": "click"}}));
        let line = ["update", "--data", r#"{"a":1}"#, "--types", "update,create", "--except-caller", "shop"];
        let expected = json!({"event": {"type": "update", "data": {"a": 1}}, "types": ["create", "update"],
            "callers": {"except": ["shop"]}});
        assert_eq!(body(&line), expected);
        let line = ["click", "--webhook", "wh_1", "--filter", "true", "--field", "a", "--field", "b"];
        let expected =
            json!({"event": {"type": "click"}, "webhook": "wh_1", "filter": "true", "fields": ["a", "b"]});
        assert_eq!(body(&line), expected);
    }

    #[test]
    fn data_that_is_no_object_is_told() {
        let args = Line::parse_from(["postbode", "click", "--data", "[1]"]).args;
        assert_eq!(wanted(args).unwrap_err().to_string(), "--data is no JSON object");
    }

    #[test]
    fn callers_are_either_these_or_all_but_these() {
        let both = ["postbode", "click", "--only-caller", "a", "--except-caller", "b"];
        assert!(Line::try_parse_from(both).is_err());
    }
}
