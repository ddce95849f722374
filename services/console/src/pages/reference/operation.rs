//! One operation, laid out for reading.

use serde_json::{Map, Value};

use super::table::{self, Row};
use super::{example, text};

/// An operation.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) method: String,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// The scope that a key must have; empty if any key will do.
    pub(super) scope: &'static str,
    /// Whether no key is asked for.
    pub(super) is_open: bool,
    pub(super) parameters: Vec<Row>,
    pub(super) body: Option<Body>,
    pub(super) answer: Answer,
    pub(super) refusals: Vec<Refused>,
    /// How to try it.
    pub(super) curl: String,
}

/// What is taken.
pub(super) struct Body {
    pub(super) required: bool,
    pub(super) members: Vec<Row>,
    pub(super) example: String,
}

/// What is given.
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) about: &'static str,
    /// Of the body; empty where there is none.
    pub(super) media_type: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) members: Vec<Row>,
    pub(super) example: String,
}

/// How it says no.
pub(super) struct Refused {
    pub(super) status: &'static str,
    pub(super) code: &'static str,
    pub(super) detail: &'static str,
}

/// All of a section, by path.
pub(super) fn all(document: &'static Value, section: &str, base: &str) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, it)| (path, method, it))
    });
    let of_it = each.filter(|(_, _, operation)| operation["tags"][0] == section);
    of_it.map(|(path, method, operation)| shown(document, base, path, method, operation)).collect()
}

fn shown(
    document: &'static Value,
    base: &str,
    path: &'static str,
    method: &str,
    operation: &'static Value,
) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let method = method.to_ascii_uppercase();
    Operation {
        id: text(&operation["operationId"]),
        path,
        summary: text(&operation["summary"]),
        scope: text(&operation["security"][0]["key"][0]),
        is_open: operation["security"].as_array().is_some_and(Vec::is_empty),
        parameters: parameters.map(|it| table::parameter(document, it)).collect(),
        body: body(document, operation),
        answer: answer(document, operation),
        refusals: refusals(operation),
        curl: curl(base, &method, path, operation),
        method,
    }
}

fn body(document: &'static Value, operation: &'static Value) -> Option<Body> {
    let body = operation.get("requestBody")?;
    let content = &body["content"]["application/json"];
    Some(Body {
        required: body["required"] == true,
        members: table::members(document, &content["schema"]),
        example: format!("{:#}", content["example"]),
    })
}

fn answer(document: &'static Value, operation: &'static Value) -> Answer {
    let nothing = ("", &Value::Null);
    let responses = operation["responses"].as_object().into_iter().flatten();
    let first =
        responses.map(|(status, it)| (status.as_str(), it)).find(|(status, _)| status.starts_with('2'));
    let (status, response) = first.unwrap_or(nothing);
    let content = response["content"].as_object().into_iter().flatten().next();
    let (media_type, content) = content.map_or(nothing, |(media_type, content)| (media_type, content));
    let schema = &content["schema"];
    let is_json = media_type == "application/json";
    let headers = response["headers"].as_object().into_iter().flatten();
    Answer {
        status,
        about: text(&response["description"]),
        media_type,
        headers: headers.map(|(name, header)| (name.as_str(), text(&header["description"]))).collect(),
        members: table::members(document, schema),
        example: if is_json { format!("{:#}", example::of(document, schema)) } else { String::new() },
    }
}

fn refusals(operation: &'static Value) -> Vec<Refused> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    let problems = responses.flat_map(|(status, response)| {
        let examples = &response["content"]["application/problem+json"]["examples"];
        let examples = examples.as_object().into_iter().flatten();
        examples.map(move |(code, example)| Refused {
            status,
            code,
            detail: text(&example["value"]["detail"]),
        })
    });
    problems.collect()
}

/// A line for a shell. Ids are left to the reader.
fn curl(base: &str, method: &str, path: &str, operation: &Value) -> String {
    let mut line = format!("curl \"{base}{}\"", path.replace("{id}", "$ID"));
    if method != "GET" {
        line.push_str(&format!(" -X {method}"));
    }
    if operation["security"].as_array().is_some_and(|keys| !keys.is_empty()) {
        line.push_str(" \\\n  -H \"Authorization: Bearer $POSTBODE_KEY\"");
    }
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    if let Value::Object(_) = body {
        let body = body.to_string().replace('\'', "'\\''");
        line.push_str(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"));
    }
    line
}

/// The members of an object, if it is one.
pub(super) fn members(value: &'static Value) -> impl Iterator<Item = (&'static String, &'static Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
