//! How calls are shown: a block for people, or one JSON object a line.

use std::io::Write as _;
use std::net::SocketAddr;

use domain::Timestamp;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::verifier::NotGenuine;
use crate::output::{safe, style};

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
    /// None when there is no secret to check with.
    pub(super) genuine: Option<Result<(), NotGenuine>>,
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
            return self.line(&json!({"listening": url, "files": files}).to_string());
        }
        self.line(&format!("listening on {url} (end with Ctrl-C)"));
        for file in files {
            self.line(&format!("serving {file}"));
        }
    }

    pub(super) fn file(&self, uri: &Uri, found: bool) {
        let path = safe(uri.path());
        if self.json {
            return self.line(&json!({"file": path, "found": found}).to_string());
        }
        self.line(&format!("GET {path}: {}", if found { "served" } else { "not found" }));
    }

    pub(super) fn call(&self, call: &Call<'_>) {
        self.line(&if self.json { call.json().to_string() } else { call.block() });
    }

    /// A broken pipe is the reader's wish, not an error.
    fn line(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn verdict(&self) -> String {
        match self.genuine {
            None => style::dim("signature not checked (no --secret)"),
            Some(Ok(())) => style::good("signature good"),
            Some(Err(why)) => style::bad(&format!("NOT GENUINE: {why}")),
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
        let genuine = self.genuine.map(|genuine| genuine.is_ok());
        json!({
            "at": wire::text::rfc3339(self.at),
            "method": self.method.as_str(),
            "path": self.uri.to_string(),
            "id": self.header("webhook-id"),
            "genuine": genuine,
            "problem": self.genuine.and_then(Result::err).map(|why| why.to_string()),
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
        format!("{first}\n{second}\n{}\n", indented(&pretty(self.body)))
    }
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
    use super::*;

    fn call<'a>(headers: &'a HeaderMap, body: &'a [u8], uri: &'a Uri) -> Call<'a> {
        let genuine = Some(Err(NotGenuine::Signature));
        let status = StatusCode::UNAUTHORIZED;
        Call { at: Timestamp::from_millis(0), method: &Method::POST, uri, headers, body, genuine, status }
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
