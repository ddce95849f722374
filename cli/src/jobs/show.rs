//! How jobs are shown.

use serde_json::Value;
use wire::api::Job;
use wire::text::rfc3339;

use crate::output::{line, safe, table};

/// A table, or one JSON object a line.
pub(super) fn list(jobs: &[Job], json: bool) {
    if json {
        return jobs.iter().for_each(|job| one(job, true));
    }
    let rows: Vec<_> = jobs.iter().map(row).collect();
    line(table(["ID", "KIND", "STATE", "WEBHOOK", "ASKED AT", "PROGRESS"], &rows));
}

/// One job.
pub(crate) fn one(job: &Job, json: bool) {
    if json {
        return match serde_json::to_string(job) {
            Ok(text) => line(text),
            Err(error) => tracing::error!(%error, "a job cannot be written as JSON"),
        };
    }
    let facts = [
        ("id", job.id.clone()),
        ("kind", job.kind.clone()),
        ("state", job.state.clone()),
        ("error", job.error.clone().unwrap_or_default()),
        ("account", job.account.clone()),
        ("webhook", job.webhook.clone().unwrap_or_default()),
        ("asked by", job.asked_by.clone()),
        ("asked at", rfc3339(job.created_at)),
        ("last word", rfc3339(job.updated_at)),
    ];
    let members = |prefix: &'static str, value: &Value| {
        let members = value.as_object().cloned().unwrap_or_default();
        let told = members.into_iter().filter(|(_, value)| !value.is_null());
        told.map(|(name, value)| (format!("{prefix}{}", name.replace('_', " ")), text(&value)))
            .collect::<Vec<_>>()
    };
    let facts = facts.map(|(name, value)| (name.to_owned(), value)).into_iter();
    let all = facts.chain(members("asked: ", &job.request)).chain(members("", &job.progress));
    for (name, value) in all.filter(|(_, value)| !value.is_empty()) {
        line(format!("{:22} {}", safe(&name), safe(&value)));
    }
}

fn row(job: &Job) -> [String; 6] {
    [
        safe(&job.id),
        safe(&job.kind),
        safe(&job.state),
        safe(job.webhook.as_deref().unwrap_or("-")),
        rfc3339(job.created_at),
        safe(&progress(job)),
    ]
}

/// How far it is, or why it failed.
fn progress(job: &Job) -> String {
    if let Some(error) = &job.error {
        return error.clone();
    }
    let number = |name: &str| job.progress.get(name).and_then(Value::as_u64);
    let dry_run = job.request.get("dry_run").and_then(Value::as_bool) == Some(true);
    match (number("matched"), number("sent")) {
        (Some(matched), _) if dry_run => format!("{matched} would be sent"),
        (Some(_), Some(sent)) => format!("{sent} sent"),
        (_, _) => String::new(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let told = members.iter().map(|(name, value)| format!("{name} {}", text(value)));
            told.collect::<Vec<_>>().join(", ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_says_how_far_a_job_is() {
        let job = |request: Value, progress: Value, error: Option<&str>| Job {
            id: "job_1".to_owned(),
            account: "acme".to_owned(),
            webhook: None,
            kind: "backfill".to_owned(),
            state: "running".to_owned(),
            request,
            progress,
            error: error.map(str::to_owned),
            asked_by: "key_1".to_owned(),
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        let (counted, sent) = (json!({"dry_run": true}), json!({"dry_run": false}));
        let counts = json!({"matched": 7, "sent": 3});
        assert_eq!(row(&job(counted, counts.clone(), None))[5], "7 would be sent");
        assert_eq!(row(&job(sent.clone(), counts.clone(), None))[5], "3 sent");
        assert_eq!(
            row(&job(sent.clone(), counts, Some("no\x1b"))),
            ["job_1", "backfill", "running", "-", "1970-01-01T00:00:00.000Z", "no\\u{1b}"]
        );
        assert_eq!(row(&job(sent, Value::Null, None))[5], "");
        assert_eq!(text(&json!({"click": 2, "open": [1, "b"]})), "click 2, open 1, b");
    }
}
