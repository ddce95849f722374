//! Portal links on the API.

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::HumanDuration;

/// `POST /v1/accounts/{id}/portal-links`: a link for one of the account's people; the body may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NewPortalLink {
    /// How long the link may wait to be used: `1m` to `24h`, `10m` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<HumanDuration>,
    /// How long the session that it begins lasts: `5m` to `24h`, `1h` if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<HumanDuration>,
    /// Whether its guest only looks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// What the platform calls itself, at most 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Its logo: a `data:` URL of a PNG, JPEG, WebP or SVG image, at most 32 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Its colour: `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Where its guest goes back to: an `https` or `http` URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
}

/// A link that signs somebody in once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PortalLink {
    /// Where to send one's guest.
    pub url: String,
    /// Until when it waits to be used.
    #[serde(with = "crate::text::Rfc3339")]
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PortalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PortalLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
