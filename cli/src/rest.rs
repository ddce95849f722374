//! Calls to our own services' APIs.

use std::time::Duration;

use anyhow::Context as _;
use http::{HeaderMap, Method, StatusCode};
use process::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use wire::api::{Page, Problem};

use crate::error::usage;
use crate::output::safe;

/// A client of one service.
#[derive(Clone)]
pub(crate) struct Rest {
    http: reqwest::Client,
    base: Url,
    key: Secret,
}

/// What a service answered, whatever the status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A service said no. Its text has one line more for each detail.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status}: {detail}{}", lines(details))]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    detail: String,
    details: Vec<String>,
    /// How long the service wants to be left alone, if it says so.
    pub(crate) retry_after: Option<Duration>,
    /// The whole problem (RFC 9457), or null if the answer was none.
    pub(crate) problem: Value,
}

impl Refused {
    /// A single detail often is the whole story already.
    fn without_repetition(mut self) -> Self {
        self.details.retain(|detail| !self.detail.contains(detail));
        self
    }

    /// Without the details.
    pub(crate) fn headline(&self) -> String {
        format!("{}: {}", self.status, self.detail)
    }
}

fn lines(details: &[String]) -> String {
    details.iter().map(|detail| format!("\n  {detail}")).collect()
}

/// How long a service may take for one call. Verification fetches from strangers; Kafka may be slow.
const PATIENCE: Duration = Duration::from_secs(45);

impl Rest {
    /// A client for the service at an address, in the name of a key.
    pub(crate) fn new(base: &str, key: &Secret) -> anyhow::Result<Self> {
        let parsed =
            Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let base = parsed
            .ok_or_else(|| usage(format!("'{base}' is not an address like https://console.example.com")))?;
        // Our own services are reached directly.
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).user_agent(AGENT).build()?;
        Ok(Self { http, base, key: key.clone() })
    }

    /// Calls and expects success, and an answer of that form.
    ///
    /// # Errors
    /// [`Refused`] in the chain when the service said no.
    pub(crate) async fn ask<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<A> {
        let answer = self.tell(method, path, body).await?;
        serde_json::from_slice(&answer.body).with_context(|| format!("{path}: the answer is not understood"))
    }

    /// Every page of a list.
    ///
    /// # Errors
    /// As [`Rest::ask`].
    pub(crate) async fn every<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> anyhow::Result<Vec<T>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut asked = url::form_urlencoded::Serializer::new(String::new());
            asked.extend_pairs(query);
            asked.extend_pairs(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: Page<T> = self.ask(Method::GET, &format!("{path}?{}", asked.finish()), NO_BODY).await?;
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    /// Calls and expects success, whatever the answer's form.
    pub(crate) async fn tell(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> anyhow::Result<Answer> {
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let headers: &[_] = if body.is_empty() { &[] } else { &[("content-type", "application/json")] };
        Ok(self.call(method, path, headers, body).await?.successful()?)
    }

    /// Calls, and leaves it to the caller what the status means.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        let url = self.url(path);
        let request = self.request(method, &url, headers).body(body);
        let response = request.send().await.map_err(|error| unanswered(&url, &innermost(&error)))?;
        answer(&url, response).await
    }

    /// Opens a stream: whoever reads it waits for as long as it likes.
    ///
    /// # Errors
    /// [`Refused`] in the chain when the service said no.
    pub(crate) async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<reqwest::Response> {
        let url = self.url(path);
        let request = self.request(Method::GET, &url, headers).timeout(FOREVER);
        let response = tokio::time::timeout(PATIENCE, request.send()).await;
        let response = response.map_err(|_| unanswered(&url, "it took too long"))?;
        let response = response.map_err(|error| unanswered(&url, &innermost(&error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(answer(&url, response).await?.refused().into())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    fn request(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let request = self.http.request(method, url).bearer_auth(self.key.expose());
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }
}

/// A stream's time: the client wants one.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

async fn answer(url: &str, response: reqwest::Response) -> anyhow::Result<Answer> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.with_context(|| format!("the answer from {url} broke off"))?;
    Ok(Answer { status, headers, body: body.into() })
}

fn unanswered(url: &str, why: &str) -> anyhow::Error {
    anyhow::anyhow!("no answer from {url}: {why}")
}

/// The body of a call that has none.
pub(crate) const NO_BODY: Option<&()> = None;

/// A person's text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

const AGENT: &str = concat!("postbode-cli/", env!("CARGO_PKG_VERSION"));

impl Answer {
    /// Itself if it is a success.
    ///
    /// # Errors
    /// [`Refused`] if it is not.
    pub(crate) fn successful(self) -> Result<Self, Refused> {
        if self.status.is_success() { Ok(self) } else { Err(self.refused()) }
    }

    /// What it refuses, in the service's own words where it has some.
    pub(crate) fn refused(&self) -> Refused {
        let problem: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name: &str| problem.get(name).and_then(Value::as_str).map(safe);
        let detail = text("detail").filter(|detail| !detail.is_empty()).or_else(|| text("title"));
        let reason = || self.status.canonical_reason().unwrap_or("no reason given").to_owned();
        let known: Option<Problem> = serde_json::from_slice(&self.body).ok();
        Refused {
            status: self.status,
            detail: detail.unwrap_or_else(reason),
            details: known.as_ref().map(details).unwrap_or_default(),
            retry_after: self.retry_after(),
            problem,
        }
        .without_repetition()
    }

    /// The name of the file that it is, from `Content-Disposition`: a name only, never a path.
    pub(crate) fn file_name(&self) -> Option<String> {
        let header = self.headers.get("content-disposition")?.to_str().ok()?;
        let named = header.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
        let name = named.trim_matches('"');
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        plain.then(|| name.to_owned())
    }

    /// How long the service wants to be left alone, if it says so in seconds.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get("retry-after")?.to_str().ok()?;
        value.trim().parse().ok().map(Duration::from_secs)
    }
}

/// What is wrong with which field, or what which place answered.
fn details(problem: &Problem) -> Vec<String> {
    let named = |field: &str| if field.is_empty() { String::new() } else { format!("{field}: ") };
    let fields =
        problem.errors.iter().map(|error| safe(&format!("{}{}", named(&error.field), error.message)));
    let attempts =
        problem.attempts.iter().map(|attempt| safe(&format!("{}: {}", attempt.url, attempt.message)));
    fields.chain(attempts).collect()
}

/// The last of the causes says what really happened: connection refused, say.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str, retry_after: Option<&str>) -> Answer {
        let headers =
            retry_after.iter().map(|value| ("retry-after".parse().unwrap(), value.parse().unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: headers.collect(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_problem_speaks_for_itself_and_anything_else_by_its_status() {
        let problem =
            answer(409, r#"{"title":"Conflict","detail":"revision 3 is stale","code":"stale"}"#, None);
        let refused = problem.successful().err().unwrap();
        assert_eq!(refused.to_string(), "409 Conflict: revision 3 is stale");
        assert_eq!(refused.problem["code"], "stale");
        assert_eq!(answer(502, "<html>", None).refused().to_string(), "502 Bad Gateway: Bad Gateway");
        assert!(answer(202, "", None).successful().is_ok());
    }

    #[test]
    fn details_are_lines_of_their_own() {
        let body = r#"{"status":422,"code":"invalid","detail":"2 fields are wrong",
            "errors":[{"field":"url","message":"is missing"},{"field":"","message":"is no object"}],
            "attempts":[{"url":"http://a/","result":"client-error","status":404,"message":"answered 404"}]}"#;
        assert_eq!(
            answer(422, body, None).refused().to_string(),
            "422 Unprocessable Entity: 2 fields are wrong\n  url: is missing\n  is no object\n  http://a/: answered 404"
        );
    }

    #[test]
    fn a_detail_is_not_said_twice() {
        let body = r#"{"status":422,"code":"invalid","detail":"url: is missing",
            "errors":[{"field":"url","message":"is missing"}]}"#;
        assert_eq!(
            answer(422, body, None).refused().to_string(),
            "422 Unprocessable Entity: url: is missing"
        );
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        assert_eq!(answer(503, "", Some("7")).retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(answer(503, "", Some("Wed, 21 Oct 2026 07:28:00 GMT")).retry_after(), None);
        assert_eq!(answer(503, "", None).retry_after(), None);
    }

    #[test]
    fn a_file_has_a_plain_name_or_none() {
        let name = |value: &str| {
            let mut answer = answer(200, "", None);
            answer.headers.insert("content-disposition", value.parse().unwrap());
            answer.file_name()
        };
        assert_eq!(name("attachment; filename=\"postbode-x.txt\"").as_deref(), Some("postbode-x.txt"));
        assert_eq!(name("attachment; filename=a.txt").as_deref(), Some("a.txt"));
        for bad in
            ["attachment", "attachment; filename=\"../x\"", "attachment; filename=\"\"", "a; filename=.x"]
        {
            assert_eq!(name(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_must_be_http() {
        for bad in ["", "localhost:8080", "ftp://x/", "http://"] {
            assert!(Rest::new(bad, &Secret::default()).is_err(), "{bad}");
        }
        assert!(Rest::new("http://127.0.0.1:8080", &Secret::default()).is_ok());
    }
}
