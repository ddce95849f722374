//! Bodies and queries as types, with our own problems where they cannot be read.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::Refusal;
use crate::rules::paging::{self, Paging};
use crate::words::{Sentence, sentence};

/// The largest body: twenty headers of 1 KiB, and room.
pub(crate) const MAX_BODY: usize = 128 * 1024;

/// A JSON body. An empty one counts as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let typed = is_json(request.headers());
        let bytes = whole(request.into_body()).await?;
        if bytes.is_empty() {
            return read(b"{}").map(Self);
        }
        if !typed {
            return Err(Refusal::UnsupportedType);
        }
        read(&bytes).map(Self)
    }
}

/// A body as it came.
pub(super) async fn whole(body: axum::body::Body) -> Result<Bytes, Refusal> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| unread(&error))
}

/// `?cursor=`, `?limit=`, `?account=`.
pub(super) struct Listing {
    pub(super) paging: Paging,
    pub(super) account: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asked(query) = Asked::<ListQuery>::from_request_parts(parts, state).await?;
        let paging = Paging::parse(query.cursor.as_deref(), query.limit.as_deref())?;
        Ok(Self { paging, account: query.account })
    }
}

/// `?cursor=`, `?limit=`: of a list that is one account's anyway.
pub(super) struct Paged(pub(super) Paging);

impl<S: Send + Sync> FromRequestParts<S> for Paged {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asked(query) = Asked::<PageQuery>::from_request_parts(parts, state).await?;
        Paging::parse(query.cursor.as_deref(), query.limit.as_deref()).map(Self)
    }
}

/// `?account=`, `?webhook=`, `?limit=`.
pub(super) struct JobListing {
    pub(super) account: Option<String>,
    pub(super) webhook: Option<String>,
    pub(super) limit: u32,
}

impl<S: Send + Sync> FromRequestParts<S> for JobListing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Asked(query) = Asked::<JobQuery>::from_request_parts(parts, state).await?;
        let limit = paging::limit(query.limit.as_deref())?;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        Ok(Self { account: query.account, webhook: query.webhook, limit })
    }
}

/// Any other query.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|rejection| Refusal::field("query", Sentence::verbatim(rejection.body_text())))
    }
}

/// The id in the path. One that is no text names nothing.
pub(super) struct Id(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| Refusal::NoSuch("path"))
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// What the page before gave as its `next`.
    cursor: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// Only of this account.
    account: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// What the page before gave as its `next`.
    cursor: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JobQuery {
    /// Only of this account.
    account: Option<String>,
    /// Only of this webhook.
    webhook: Option<String>,
    /// How many at most: 50 if left out.
    #[schemars(with = "Option<u32>", range(min = 1, max = 200))]
    limit: Option<String>,
}

/// Reads a body; what is wrong with its shape is told with the path to it.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => shape(&path, &inner.to_string()),
            Category::Syntax | Category::Eof | Category::Io => Refusal::Malformed(inner.to_string()),
        }
    })?;
    json.end().map_err(|error| Refusal::Malformed(error.to_string()))?;
    Ok(value)
}

/// Names the field: where serde stood, or the member that it misses or does not know.
fn shape(path: &str, message: &str) -> Refusal {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let within = if path == "." { "" } else { path };
    let member = |rest: &str| {
        let name = rest.split('`').next().unwrap_or_default();
        // The path may end in the member already.
        let known = within == name || within.ends_with(&format!(".{name}"));
        match (known, within) {
            (true, _) => within.to_owned(),
            (false, "") => name.to_owned(),
            (false, within) => format!("{within}.{name}"),
        }
    };
    if let Some(rest) = message.strip_prefix("unknown field `") {
        let expected = rest.split_once("expected ").map_or("no members", |(_, expected)| expected);
        let what = sentence!("unknown-member", expected = expected.replace('`', ""));
        return Refusal::field(member(rest), what);
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return Refusal::field(member(rest), sentence!("missing"));
    }
    Refusal::field(within, Sentence::verbatim(message))
}

/// `application/json`, or any type in JSON's syntax, such as a merge patch.
fn is_json(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json"
        || media_type.starts_with("application/") && media_type.ends_with("+json")
}

fn unread(error: &axum::Error) -> Refusal {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return Refusal::TooLarge(MAX_BODY);
        }
        cause = error.source();
    }
    Refusal::Malformed("the body broke off".to_owned())
}
