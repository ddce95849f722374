//! Calls passed on to an application on the same machine, and its answers.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method, StatusCode, Uri};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::error::usage;
use crate::rest::innermost;

/// Where calls go.
pub(super) struct Forward {
    http: reqwest::Client,
    url: Url,
    timeout: Duration,
}

/// A call that was passed on, and how that went.
pub(super) struct Forwarded {
    pub(super) result: Result<Answered, Failed>,
    pub(super) took: Duration,
}

/// What the application answered.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Why there is no answer of the application's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    #[error("the application at {url} cannot be reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("the application at {url} did not answer within {}", domain::duration::format(*after))]
    Late { url: String, after: Duration },
}

/// So much of an answer is passed back.
const FIRST_BYTES: usize = 64 * 1024;

/// What belongs to one connection and is not passed on (RFC 9110), and the length, which the next hop is told anew.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
];
const KEEP_ALIVE: &str = "keep-alive";

/// What of an answer's headers means something to who called.
const PASSED_BACK: [HeaderName; 2] = [header::CONTENT_TYPE, header::RETRY_AFTER];

impl Forward {
    /// To this URL; answers may take so long.
    ///
    /// # Errors
    /// When it is no URL of HTTP.
    pub(super) fn new(url: &str, timeout: Duration) -> anyhow::Result<Self> {
        let parsed =
            Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = parsed.ok_or_else(|| {
            usage(format!("--forward: '{url}' is not an address like http://127.0.0.1:3000/hook"))
        })?;
        // A redirect is an answer too: whoever called is to hear of it.
        let http =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url, timeout })
    }

    /// Passes a call on: method, body and headers as they came, but for those of the connection.
    pub(super) async fn pass(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Forwarded {
        let begun = Instant::now();
        let request = self.http.request(method.clone(), self.target(uri)).headers(end_to_end(headers));
        let answered = timeout(self.timeout, answered(request.body(body))).await;
        let url = || self.url.to_string();
        let result = match answered {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(error)) => Err(Failed::Unreachable { url: url(), why: innermost(&error) }),
            Err(_) => Err(Failed::Late { url: url(), after: self.timeout }),
        };
        Forwarded { result, took: begun.elapsed() }
    }

    /// A URL with a path is meant as it is.
    fn target(&self, uri: &Uri) -> Url {
        let mut target = self.url.clone();
        if target.path() == "/" && target.query().is_none() {
            target.set_path(uri.path());
            target.set_query(uri.query());
        }
        target
    }
}

async fn answered(request: reqwest::RequestBuilder) -> reqwest::Result<Answered> {
    let mut answer = request.send().await?;
    let passed =
        PASSED_BACK.iter().filter_map(|name| Some((name.clone(), answer.headers().get(name)?.clone())));
    let (status, headers) = (answer.status(), passed.collect());
    let mut body = Vec::new();
    while body.len() < FIRST_BYTES
        && let Some(chunk) = answer.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(FIRST_BYTES);
    Ok(Answered { status, headers, body: body.into() })
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        named.flat_map(|names| names.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    let stays = |name: &HeaderName| {
        !HOP_BY_HOP.contains(name) && name != KEEP_ALIVE && !named.iter().any(|it| it == name.as_str())
    };
    let kept = headers.iter().filter(|(name, _)| stays(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Forwarded {
    /// What who called is answered.
    pub(super) fn status(&self) -> StatusCode {
        match &self.result {
            Ok(answered) => answered.status,
            Err(Failed::Unreachable { .. }) => StatusCode::BAD_GATEWAY,
            Err(Failed::Late { .. }) => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

impl IntoResponse for Forwarded {
    fn into_response(self) -> Response {
        let status = self.status();
        match self.result {
            Ok(Answered { headers, body, .. }) => {
                let mut response = (status, body).into_response();
                response.headers_mut().remove(header::CONTENT_TYPE);
                response.headers_mut().extend(headers);
                response
            }
            Err(failed) => {
                let plain = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
                (status, plain, format!("{failed}\n")).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Request;
    use axum::routing::any;

    use super::*;

    /// An application that says what it got.
    async fn application() -> String {
        let echo = async |request: Request| {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            if head.uri.path() == "/slow" {
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
            let lines =
                head.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
            let headers: String = lines.collect();
            let text = format!("{} {}\n{headers}\n", head.method, head.uri);
            let back = [("content-type", "text/x-echo"), ("retry-after", "7"), ("set-cookie", "a=b")];
            (StatusCode::IM_A_TEAPOT, back, [text.into_bytes(), body.to_vec()].concat())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(echo))).await });
        url
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[tokio::test]
    async fn a_call_arrives_as_it_came_and_the_answer_goes_back() {
        let forward = Forward::new(&application().await, Duration::from_secs(10)).unwrap();
        let given = headers(&[
            ("host", "desk.example"),
            ("x-twice", "1"),
            ("x-twice", "2"),
            ("connection", "close, X-Mine"),
            ("keep-alive", "5"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("webhook-id", "dlv_1"),
        ]);
        let body = Bytes::from_static(b"\x00\xff{ }\r\n");
        let uri = "/hook?a=1".parse().unwrap();
        let forwarded = forward.pass(&Method::PUT, &uri, &given, body.clone()).await;
        assert_eq!(forwarded.status(), StatusCode::IM_A_TEAPOT);
        let response = forwarded.into_response();
        assert_eq!(
            (&response.headers()["content-type"], &response.headers()["retry-after"]),
            (&"text/x-echo".parse().unwrap(), &"7".parse().unwrap())
        );
        assert!(!response.headers().contains_key("set-cookie"));
        let echoed = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(echoed.ends_with(&body), "byte for byte");
        let echoed = String::from_utf8_lossy(&echoed).into_owned();
        assert!(echoed.starts_with("PUT /hook?a=1\n"), "{echoed}");
        for line in
            ["host: desk.example", "x-twice: 1", "x-twice: 2", "webhook-id: dlv_1", "content-length: 7"]
        {
            assert!(echoed.contains(&format!("\n{line}\n")), "{line} in {echoed}");
        }
        for gone in ["x-mine", "keep-alive", "transfer-encoding", "connection"] {
            assert!(!echoed.contains(&format!("\n{gone}:")), "{gone} in {echoed}");
        }
    }

    #[tokio::test]
    async fn a_url_with_a_path_is_meant_as_it_is() {
        let forward =
            Forward::new(&format!("{}/mine?b=2", application().await), Duration::from_secs(10)).unwrap();
        let forwarded =
            forward.pass(&Method::POST, &"/hook?a=1".parse().unwrap(), &HeaderMap::new(), Bytes::new()).await;
        let body = forwarded.result.unwrap().body;
        assert!(body.starts_with(b"POST /mine?b=2\n"), "{body:?}");
    }

    #[tokio::test]
    async fn an_application_that_is_away_or_slow_is_said_so() {
        let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let slow = format!("{}/slow", application().await);
        for (url, status, words) in [
            (format!("http://{closed}/hook"), 502, "cannot be reached: "),
            (slow, 504, "/slow did not answer within 200ms"),
        ] {
            let forward = Forward::new(&url, Duration::from_millis(200)).unwrap();
            let forwarded =
                forward.pass(&Method::POST, &Uri::from_static("/"), &HeaderMap::new(), Bytes::new()).await;
            assert_eq!(forwarded.status().as_u16(), status);
            let body = axum::body::to_bytes(forwarded.into_response().into_body(), usize::MAX).await.unwrap();
            let said = String::from_utf8(body.to_vec()).unwrap();
            assert!(said.contains(words), "{said}");
        }
        assert!(Forward::new("localhost:3000", Duration::from_secs(1)).is_err());
    }
}
