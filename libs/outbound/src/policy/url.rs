//! What a webhook's URL may look like.

use std::net::IpAddr;

use url::{Host, Url};

use super::Forbidden;

/// Longer URLs break proxies and logs.
const MAX_LENGTH: usize = 2048;

/// Why a URL is refused. Each text names the field and says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRejection {
    /// No parser understands it.
    #[error("url: this is not a URL ({0}); write it as https://host/path")]
    Unreadable(String),
    /// Longer than 2 048 bytes.
    #[error("url: longer than {MAX_LENGTH} bytes; shorten it")]
    TooLong,
    /// White space, control characters or back slashes, which parsers read differently.
    #[error(
        "url: white space, control characters and back slashes are not allowed; percent-encode or remove them"
    )]
    Spelling,
    /// Neither `https` nor `http`.
    #[error("url: the scheme '{0}' is not allowed; use https")]
    Scheme(String),
    /// `http` where `https` is required.
    #[error("url: plain http is not allowed here; use https")]
    HttpsRequired,
    /// A user name or password.
    #[error("url: a user name or password is not allowed in it; send credentials in a custom header")]
    UserInfo,
    /// A fragment, which is never sent.
    #[error("url: a fragment (#…) is never sent; remove it")]
    Fragment,
    /// No host.
    #[error("url: the host is missing; write it as https://host/path")]
    NoHost,
    /// An IPv4 address in a spelling that parsers read differently.
    #[error("url: '{written}' is an unusual spelling of {meant}; write a host name or four decimal numbers")]
    OddAddress {
        /// As it was written.
        written: String,
        /// What it means.
        meant: IpAddr,
    },
    /// An IP literal that policy denies.
    #[error("url: {address} is {reason}; use a public host name")]
    Address {
        /// The address.
        address: IpAddr,
        /// What it is.
        reason: Forbidden,
    },
    /// A host name that ends in a dot.
    #[error("url: the host '{0}' ends in a dot; remove it")]
    TrailingDot(String),
    /// A host name without a dot.
    #[error("url: '{0}' is not a full host name; write it with its domain, like hooks.example.com")]
    SingleLabel(String),
    /// A name that exists only inside a machine, cluster or office.
    #[error("url: '{0}' is a name of a private network; use a public host name")]
    LocalName(String),
    /// Empty or too long labels.
    #[error("url: '{0}' is not a valid host name")]
    MalformedName(String),
    /// A port that is not open to webhooks.
    #[error("url: port {port} is not allowed; use one of {allowed}")]
    Port {
        /// The port asked for.
        port: u16,
        /// Those allowed.
        allowed: String,
    },
}

impl UrlRejection {
    /// A stable name from a closed set, for API answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "url-unreadable",
            Self::TooLong => "url-too-long",
            Self::Spelling => "url-spelling",
            Self::Scheme(_) => "url-scheme",
            Self::HttpsRequired => "url-https-required",
            Self::UserInfo => "url-user-info",
            Self::Fragment => "url-fragment",
            Self::NoHost => "url-no-host",
            Self::OddAddress { .. } => "url-odd-address",
            Self::Address { .. } => "url-address-denied",
            Self::TrailingDot(_) => "url-trailing-dot",
            Self::SingleLabel(_) => "url-single-label",
            Self::LocalName(_) => "url-local-name",
            Self::MalformedName(_) => "url-malformed-name",
            Self::Port { .. } => "url-port",
        }
    }
}

/// Parses the text and refuses what parsing would hide.
pub(super) fn parse(text: &str) -> Result<Url, UrlRejection> {
    if text.len() > MAX_LENGTH {
        return Err(UrlRejection::TooLong);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(UrlRejection::Spelling);
    }
    let parsed = Url::parse(text).map_err(unreadable)?;
    if matches!(parsed.scheme(), "http" | "https") {
        check_authority(text, &parsed)?;
        // What reqwest will send is a `Uri`, whose rules are a little stricter than those of `Url`.
        http::Uri::try_from(parsed.as_str()).map_err(|error| UrlRejection::Unreadable(error.to_string()))?;
    }
    Ok(parsed)
}

fn unreadable(error: url::ParseError) -> UrlRejection {
    if error == url::ParseError::EmptyHost {
        return UrlRejection::NoHost;
    }
    UrlRejection::Unreadable(error.to_string())
}

/// Scheme, user information and fragment.
pub(super) fn check_parts(target: &Url, require_https: bool) -> Result<(), UrlRejection> {
    match target.scheme() {
        "https" => {}
        "http" if require_https => return Err(UrlRejection::HttpsRequired),
        "http" => {}
        other => return Err(UrlRejection::Scheme(other.to_owned())),
    }
    if !target.username().is_empty() || target.password().is_some() {
        return Err(UrlRejection::UserInfo);
    }
    if target.fragment().is_some() {
        return Err(UrlRejection::Fragment);
    }
    Ok(())
}

/// Ports as people read them.
pub(super) fn list(ports: &[u16]) -> String {
    let texts: Vec<_> = ports.iter().map(u16::to_string).collect();
    texts.join(", ")
}

/// The parser forgives missing slashes, empty user information and IPv4 addresses in octal, hexadecimal, full-width
/// digits or fewer than four parts; other parsers read those differently, so they are refused as written.
fn check_authority(text: &str, parsed: &Url) -> Result<(), UrlRejection> {
    let after_scheme = text.get(parsed.scheme().len()..).unwrap_or_default();
    let authority = after_scheme
        .strip_prefix("://")
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .filter(|authority| !authority.is_empty())
        .ok_or(UrlRejection::NoHost)?;
    if authority.contains('@') {
        return Err(UrlRejection::UserInfo);
    }
    let Some(Host::Ipv4(meant)) = parsed.host() else {
        return Ok(());
    };
    let written = authority.split(':').next().unwrap_or_default();
    if written == meant.to_string() {
        return Ok(());
    }
    Err(UrlRejection::OddAddress { written: written.to_owned(), meant: meant.into() })
}
