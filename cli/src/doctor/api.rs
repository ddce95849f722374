//! Whether ingest and the console answer where the command line looks for them.

use std::time::Duration;

use domain::Clock as _;
use futures::future::join_all;
use http::{HeaderMap, StatusCode};
use process::Secret;

use super::Round;
use super::clock::{self, Heard};
use super::finding::{Finding, took};
use crate::rest::innermost;

/// Each service with an API: its name, its address, the question that only a known key gets an answer to, and what names the
/// address.
struct Api<'a> {
    name: &'static str,
    address: &'a str,
    path: &'static str,
    variable: &'static str,
}

/// Asks both, and hears what time it is there.
pub(super) async fn look(round: &Round<'_>) -> (Vec<Finding>, Option<Heard>) {
    let client = &round.context.client;
    let apis = [
        Api {
            name: "console",
            address: &client.console_url,
            path: "/v1/webhooks?limit=1",
            variable: "POSTBODE_CONSOLE_URL",
        },
        Api { name: "ingest", address: &client.ingest_url, path: "/", variable: "POSTBODE_INGEST_URL" },
    ];
    let (mut findings, mut heard) = (Vec::new(), None);
    for (finding, date) in join_all(apis.iter().map(|api| api.look(round))).await {
        findings.push(finding);
        heard = heard.or(date);
    }
    (findings, heard)
}

impl Api<'_> {
    async fn look(&self, round: &Round<'_>) -> (Finding, Option<Heard>) {
        let name = format!("{} at {}", self.name, self.address);
        let given = round.context.names_api(self.name);
        match get(self.address, self.path, round.context.client.key.as_ref(), round.patience).await {
            Ok(answer) => {
                let heard = clock::heard(self.name, answer.sent, answer.took, &answer.headers);
                (self.judge(name, &answer), heard)
            }
            Err(_) if !given => {
                let seen = "nobody said where it is, and nobody answers here";
                (Finding::unchecked(name, seen).or_else(format!("set {}", self.variable)), None)
            }
            Err(why) => {
                let todo =
                    format!("see that {} runs, and that {} is its API's address", self.name, self.variable);
                (Finding::failed(name, format!("no answer: {why}"), todo), None)
            }
        }
    }

    fn judge(&self, name: String, answer: &Answer) -> Finding {
        let seen = format!("answers in {}", took(answer.took));
        match answer.status {
            StatusCode::UNAUTHORIZED if self.name == "console" => {
                Finding::warning(name, format!("{seen}, and does not know the key"), "set POSTBODE_KEY")
            }
            StatusCode::FORBIDDEN if self.name == "console" => {
                let todo = "it takes a key with the scope webhooks:read, or an operator's";
                Finding::warning(name, format!("{seen}, and refuses the key"), todo)
            }
            status if status.is_server_error() => {
                let todo = "its /health/ready says what it lacks: --health http://HOST:9090";
                Finding::failed(name, format!("answers {status}"), todo)
            }
            _ => Finding::ok(name, seen),
        }
    }
}

/// What was answered, and when that was asked.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    sent: domain::Timestamp,
    pub(super) took: Duration,
}

/// Asks one of our own services, directly.
pub(super) async fn get(
    base: &str,
    path: &str,
    key: Option<&Secret>,
    patience: Duration,
) -> Result<Answer, String> {
    let http = reqwest::Client::builder().no_proxy().timeout(patience).build();
    let http = http.map_err(|error| error.to_string())?;
    let mut request = http.get(format!("{}{path}", base.trim_end_matches('/')));
    if let Some(key) = key {
        request = request.bearer_auth(key.expose());
    }
    let (sent, began) = (process::SystemClock.now(), tokio::time::Instant::now());
    let response = request.send().await.map_err(|error| innermost(&error))?;
    let (took, status, headers) = (began.elapsed(), response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(|error| innermost(&error))?.into();
    Ok(Answer { status, headers, body, sent, took })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::finding::Verdict;
    use super::*;

    pub(in super::super) fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            sent: domain::Timestamp::from_millis(0),
            took: Duration::from_millis(3),
        }
    }

    #[test]
    fn an_answer_is_judged_by_its_status() {
        let judged = |name: &'static str, status: u16| {
            let api = Api { name, address: "http://a", path: "/", variable: "X" };
            api.judge("it".to_owned(), &answer(status, "")).verdict
        };
        assert_eq!((judged("console", 200), judged("ingest", 404)), (Verdict::Ok, Verdict::Ok));
        assert_eq!((judged("console", 401), judged("console", 403)), (Verdict::Warning, Verdict::Warning));
        assert_eq!(judged("console", 503), Verdict::Failed);
    }
}
