//! What services say of themselves at `/health/ready`, and what that means.

use futures::future::join_all;
use serde_json::Value;
use url::Url;

use super::Round;
use super::api::{Answer, get};
use super::finding::{Finding, took};

/// Asks each address that was given.
pub(super) async fn look(round: &Round<'_>, addresses: &[Url]) -> Vec<Finding> {
    let asked = addresses.iter().map(async |address| {
        let name = format!("ready at {}", address.as_str().trim_end_matches('/'));
        match get(address.as_str(), "/health/ready", None, round.patience).await {
            Ok(answer) => judge(&name, &answer),
            Err(why) => {
                let todo = "see that the service runs, and that this is its http.listen";
                vec![Finding::failed(name, format!("no answer: {why}"), todo)]
            }
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// What a check says that nothing is known of yet.
const STARTING: &str = "starting";

/// What helps then, whichever check it is.
const WAIT: &str = "it has just begun: look again in half a minute, then at its log";

/// One finding if it is ready, else one for each check that fails.
fn judge(name: &str, answer: &Answer) -> Vec<Finding> {
    let report: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(checks) = report["checks"].as_object() else {
        let todo = "give the address of http.listen (port 9090), not of the API";
        return vec![Finding::failed(name, "this is no service's health", todo)];
    };
    let failing: Vec<_> = checks.iter().filter(|(_, check)| check["status"] != "pass").collect();
    if failing.is_empty() && answer.status.is_success() {
        let seen = format!("{} checks pass, in {}", checks.len(), took(answer.took));
        return vec![Finding::ok(name, seen)];
    }
    let found = failing.into_iter().map(|(check, state)| {
        let reason = state["reason"].as_str().unwrap_or("it does not say why");
        let todo = if reason == STARTING { WAIT } else { advice(check) };
        Finding::failed(format!("{name}: {check}"), reason, todo)
    });
    found.collect()
}

/// What to do about a check, by its name.
fn advice(check: &str) -> &'static str {
    match check {
        "topics" => "postbode topics check says which, postbode topics create makes what is missing",
        "registry" => {
            "its view of the registry is not proven fresh: Kafka is away or slow from there, or it has just begun to read. \
             Look at its log, and at the brokers from that machine"
        }
        "kafka" => {
            "it is not in its group, or Kafka does not answer it. A group that changes takes some seconds; else look at its \
             log, and at the brokers from that machine"
        }
        "kafka.access" => {
            "Kafka refuses its user something: the reason says which setting or right to look at"
        }
        "history" => "the console's database is away: look at history.url, and at PostgreSQL or the volume",
        "operator-key" => {
            "the console cannot write the registry: Write on webhooks and on the transactional id (Rights in \
             docs/operations/install.md)"
        }
        "secrets" => {
            "its seal.keys lack a key that secrets were sealed with: give it back the key that is named"
        }
        "lifecycle" => "it is stopping: if nobody asked it to, look at its log and at what restarts it",
        _ => "look at its log",
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn judged(status: u16, body: &str) -> Vec<Finding> {
        judge("ready at a", &super::super::api::tests::answer(status, body))
    }

    #[test]
    fn each_check_that_fails_is_a_finding_with_what_to_do() {
        let body = r#"{"status":"fail","checks":{"kafka":{"status":"pass"},
            "topics":{"status":"fail","reason":"Topic x does not exist"},"odd":{"status":"fail"}}}"#;
        let found = judged(503, body);
        let names: Vec<_> = found.iter().map(|finding| finding.name.as_str()).collect();
        assert_eq!(names, ["ready at a: odd", "ready at a: topics"]);
        assert!(found[1].todo.as_deref().unwrap().contains("postbode topics create"));
    }

    #[test]
    fn one_that_has_just_begun_is_not_accused_of_anything() {
        let found = judged(503, r#"{"checks":{"topics":{"status":"fail","reason":"starting"}}}"#);
        assert!(found[0].todo.as_deref().unwrap().contains("look again"));
    }

    #[test]
    fn one_that_is_ready_is_one_finding_and_a_page_of_something_else_is_none() {
        let ready = judged(200, r#"{"status":"pass","checks":{"kafka":{"status":"pass"}}}"#);
        assert_eq!((ready.len(), ready[0].verdict), (1, Verdict::Ok));
        let other = judged(404, "not found");
        assert!(other[0].verdict == Verdict::Failed && other[0].todo.as_deref().unwrap().contains("9090"));
    }
}
