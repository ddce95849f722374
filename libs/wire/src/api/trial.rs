//! A test call on the API.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::trigger::FilterVerdict;
use crate::attempt::Durations;

/// `POST /v1/webhooks/{id}/test`: a call by hand; the body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NewTrial {
    /// The event's type; the first that the webhook wants if left out.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The event's data; the catalogue's sample if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// What became of a test call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trial {
    /// Whether it was sent: a URL that is not verified is not called.
    pub sent: bool,
    /// Whether the endpoint took it: it answered with a 2xx.
    pub passed: bool,
    /// What happened, in plain words.
    pub detail: String,
    /// `success`, `timeout-connect`, …; none if it was not sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
    /// The request as it was, or would be, sent.
    pub request: TrialRequest,
    /// The response, if there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response: Option<TrialResponse>,
    /// How long it took, if it was sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration: Option<Durations>,
    /// Whether a real event like this one would be sent. A test is sent whatever the webhook's conditions say.
    pub verdict: FilterVerdict,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrialRequest {
    /// `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Its headers in the order of sending; values of custom headers are left out.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrialResponse {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// The beginning of its body, as text.
    pub body: String,
}
