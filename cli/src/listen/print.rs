//! How calls are shown: a block for people, or one JSON object a line.

use std::net::SocketAddr;
use std::time::Duration;

use domain::Timestamp;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::forward::Forwarded;
use super::parcel::Pulled;
use super::proof::Verdict;
use crate::output::{line, safe, style};

/// Prints on standard output.
pub(super) struct Printer {
    json: bool,
}

/// One call and its answer.
pub(super) struct Call<'a> {
    pub(super) at: Timestamp,
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) verdict: &'a Verdict,
    /// What the local application had to do with it.
    pub(super) forwarded: Option<&'a Forwarded>,
    pub(super) status: StatusCode,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(super) fn started<'a>(&self, address: SocketAddr, files: impl Iterator<Item = &'a String>) {
        let url = format!("http://{address}/");
        let files: Vec<_> = files.collect();
        if self.json {
            return line(json!({"listening": url, "files": files}));
        }
        line(format!("listening on {url} (end with Ctrl-C)"));
        for file in files {
            line(format!("serving {file}"));
        }
    }

    pub(super) fn file(&self, uri: &Uri, found: bool) {
        let path = safe(uri.path());
        if self.json {
            return line(json!({"file": path, "found": found}));
        }
        line(format!("GET {path}: {}", if found { "served" } else { "not found" }));
    }

    /// Live events are pulled from there; calls are signed with that secret, if it was made just now.
    pub(super) fn pulling(&self, console: &str, secret: Option<&str>) {
        if self.json {
            return line(json!({"pulling": console, "secret": secret}));
        }
        line(format!("live events from {} (end with Ctrl-C)", safe(console)));
        if let Some(secret) = secret {
            line(format!("calls are signed with {secret}"));
        }
    }

    pub(super) fn lost(&self, why: &str, wait: Duration) {
        let millis = wait.as_millis();
        if self.json {
            return line(
                json!({"connection": "lost", "why": why, "again_in_ms": u64::try_from(millis).ok()}),
            );
        }
        line(style::bad(&format!("connection lost: {}; again in {millis} ms", safe(why))));
    }

    pub(super) fn regained(&self) {
        if self.json {
            return line(json!({"connection": "regained"}));
        }
        line(style::good("connected again, going on where it stood"));
    }

    pub(super) fn missed(&self, missed: Option<u64>) {
        if self.json {
            return line(json!({"missed": missed}));
        }
        let words = match missed {
            Some(missed) => {
                format!("{missed} events came faster than they were taken here, and were left out")
            }
            None => "events were left out: the place to go on from lies too far back".to_owned(),
        };
        line(style::bad(&words));
    }

    pub(super) fn filter_failed(&self, why: &str) {
        if self.json {
            return line(json!({"filter_failed": why}));
        }
        line(style::bad(&format!("the filter failed for an event, which counts as no: {}", safe(why))));
    }

    /// A live event, as it came and as it is understood.
    pub(super) fn event(&self, pulled: &Pulled, text: &str, forwarded: Option<&Forwarded>) {
        if self.json {
            let event: Value = serde_json::from_str(text).unwrap_or_default();
            let id = forwarded.map(|_| pulled.id().to_string());
            return line(json!({"event": event, "id": id, "forwarded": forwarded.map(forwarded_json)}));
        }
        let event = &pulled.event;
        let (time, kind, id) =
            (style::dim(&safe(pulled.time())), style::strong(event.kind.as_str()), safe(event.id.as_str()));
        let second = forwarded.map(|it| format!("  {} as {}\n", forwarded_words(it), pulled.id()));
        line(format!(
            "{time} {kind} {id}\n{}{}\n",
            second.unwrap_or_default(),
            indented(&pretty(pulled.data()))
        ));
    }

    pub(super) fn call(&self, call: &Call<'_>) {
        line(if self.json { call.json().to_string() } else { call.block() });
    }
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn verdict(&self) -> String {
        if let Some(why) = self.verdict.problem() {
            return style::bad(&format!("NOT GENUINE: {}", safe(&why)));
        }
        let standard = self.verdict.standard.as_ref().map(|_| "signature good".to_owned());
        let key = self.verdict.platform.as_ref().and_then(|key| key.as_ref().ok());
        let platform = key.map(|key| format!("signed by the platform with {}", safe(key)));
        let good: Vec<_> = standard.into_iter().chain(platform).collect();
        match good.is_empty() {
            true => style::dim("signature not checked (no --secret)"),
            false => style::good(&good.join(", ")),
        }
    }

    fn json(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        let body = serde_json::from_slice(self.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(self.body).into_owned()));
        json!({
            "at": wire::text::rfc3339(self.at),
            "method": self.method.as_str(),
            "path": self.uri.to_string(),
            "id": self.header("webhook-id"),
            "genuine": self.verdict.genuine(),
            "platform_key": self.verdict.platform.as_ref().and_then(|key| key.as_ref().ok()),
            "problem": self.verdict.problem(),
            "forwarded": self.forwarded.map(forwarded_json),
            "status": self.status.as_u16(),
            "headers": headers,
            "body": body,
        })
    }

    fn block(&self) -> String {
        let id = safe(self.header("webhook-id").unwrap_or("without an id"));
        let first = format!(
            "{} {} {} {} → {}",
            style::dim(&wire::text::rfc3339(self.at)),
            self.method,
            safe(&self.uri.to_string()),
            style::strong(&id),
            self.status.as_u16(),
        );
        let kind = safe(self.header("content-type").unwrap_or("no content-type"));
        let second = format!("  {}, {kind}, {} bytes", self.verdict(), self.body.len());
        let third = self.forwarded.map(|it| format!("  {}\n", forwarded_words(it))).unwrap_or_default();
        format!("{first}\n{second}\n{third}{}\n", indented(&pretty(self.body)))
    }
}

/// How passing a call on went.
fn forwarded_words(forwarded: &Forwarded) -> String {
    let millis = forwarded.took.as_millis();
    match &forwarded.result {
        Ok(answered) if answered.status.is_success() => {
            style::good(&format!("the application answered {} in {millis} ms", answered.status.as_u16()))
        }
        Ok(answered) => {
            style::bad(&format!("the application answered {} in {millis} ms", answered.status.as_u16()))
        }
        Err(failed) => style::bad(&format!("{failed} ({millis} ms)")),
    }
}

fn forwarded_json(forwarded: &Forwarded) -> Value {
    let status = forwarded.result.as_ref().ok().map(|answered| answered.status.as_u16());
    let problem = forwarded.result.as_ref().err().map(ToString::to_string);
    json!({"status": status, "ms": u64::try_from(forwarded.took.as_millis()).ok(), "problem": problem})
}

/// JSON is laid out; anything else is shown as it is.
fn pretty(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => format!("{value:#}"),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {}", safe(line))).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::forward::Failed;
    use super::super::verifier::NotGenuine;
    use super::*;

    const WRONG: Verdict = Verdict { standard: Some(Err(NotGenuine::Signature)), platform: None };

    fn call<'a>(headers: &'a HeaderMap, body: &'a [u8], uri: &'a Uri) -> Call<'a> {
        Call {
            at: Timestamp::from_millis(0),
            method: &Method::POST,
            uri,
            headers,
            body,
            verdict: &WRONG,
            forwarded: None,
            status: StatusCode::UNAUTHORIZED,
        }
    }

    #[test]
    fn what_became_of_a_call_is_shown_with_its_time() {
        let took = Duration::from_millis(12);
        let failed = Failed::Late { url: "http://x/".to_owned(), after: Duration::from_secs(30) };
        let late = Forwarded { result: Err(failed), took };
        let words = "the application at http://x/ did not answer within 30s";
        assert_eq!(forwarded_words(&late), format!("{words} (12 ms)"));
        assert_eq!(forwarded_json(&late), json!({"status": null, "ms": 12, "problem": words}));
    }

    #[test]
    fn a_call_as_json_says_what_was_wrong_with_it() {
        let headers: HeaderMap =
            [("webhook-id".parse().unwrap(), "dlv_1".parse().unwrap())].into_iter().collect();
        let uri = "/hook?a=1".parse().unwrap();
        let shown = call(&headers, b"{\"a\":1}", &uri).json();
        assert_eq!(
            (&shown["id"], &shown["genuine"], &shown["status"]),
            (&json!("dlv_1"), &json!(false), &json!(401))
        );
        assert_eq!((&shown["body"]["a"], &shown["path"]), (&json!(1), &json!("/hook?a=1")));
        assert!(shown["problem"].as_str().unwrap().contains("no signature matches"));
    }

    #[test]
    fn a_body_cannot_steer_the_terminal() {
        let headers = HeaderMap::new();
        let uri = "/".parse().unwrap();
        let block = call(&headers, b"\x1b[2Jgone\x07", &uri).block();
        assert!(block.contains("\\u{1b}[2Jgone\\u{7}"), "{block}");
    }
}
