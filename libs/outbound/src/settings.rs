//! The configuration section `outbound`.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::AllowEntry;

/// How strangers are called. Lists may be written as one comma-separated text, as environment variables are;
/// durations as `500ms`, `5s`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundSettings {
    /// Blocks exempt from the address policy. Empty unless receivers live inside the own network.
    #[serde(deserialize_with = "list")]
    pub allow: Vec<AllowEntry>,
    /// Ports that may be called; an allow entry opens its own.
    #[serde(deserialize_with = "list")]
    pub ports: Vec<u16>,
    /// Refuse plain `http`.
    pub require_https: bool,
    /// An egress proxy, `http://[user:password@]host:port`. It resolves names, so addresses are its to judge.
    pub proxy: Option<ProxyUrl>,
    /// PEM file with roots to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Bound for name, connection and TLS together.
    #[serde(deserialize_with = "duration")]
    pub connect_timeout: Duration,
    /// Bound for a whole attempt, unless the webhook has its own.
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    /// How long an idle connection is kept.
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    /// How many idle connections are kept per host.
    pub idle_per_host: usize,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            ports: vec![80, 443],
            require_https: false,
            proxy: None,
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            idle_per_host: 128,
        }
    }
}

/// The egress proxy's URL; printing it hides the credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(url::Url);

impl ProxyUrl {
    /// The whole URL, credentials included.
    pub(crate) fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for ProxyUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The text may hold a password: no error repeats it.
        let invalid = || "this is not a proxy: write http://host:port or https://host:port".to_owned();
        let parsed = url::Url::parse(text).map_err(|_| invalid())?;
        let usable = matches!(parsed.scheme(), "http" | "https") && parsed.has_host();
        if usable { Ok(Self(parsed)) } else { Err(invalid()) }
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl<'de> Deserialize<'de> for ProxyUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for AllowEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    domain::duration::parse(&text).map_err(de::Error::custom)
}

/// A sequence, one comma-separated text, or one number.
fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + FromStr,
    T::Err: fmt::Display,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for ListVisitor<T>
where
    T: Deserialize<'de> + FromStr,
    T::Err: fmt::Display,
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a comma-separated text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map_err(|error| E::custom(format!("'{part}': {error}")))).collect()
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<OutboundSettings, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_allowed_unless_written() {
        let settings = read(json!({})).unwrap();
        assert_eq!(settings, OutboundSettings::default());
        assert!(settings.allow.is_empty());
        assert_eq!(settings.ports, [80, 443]);
    }

    #[test]
    fn lists_may_come_as_sequences_texts_and_numbers() {
        let allow = vec!["127.0.0.0/8:8080".parse().unwrap(), "[::1]/128".parse().unwrap()];
        for written in [json!(["127.0.0.0/8:8080", "[::1]/128"]), json!("127.0.0.0/8:8080, [::1]/128,")] {
            assert_eq!(read(json!({ "allow": written })).unwrap().allow, allow);
        }
        assert_eq!(read(json!({"ports": "443,8443"})).unwrap().ports, [443, 8443]);
        assert_eq!(read(json!({"ports": 443})).unwrap().ports, [443]);
        assert_eq!(read(json!({"ports": [443]})).unwrap().ports, [443]);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (value, part) in [
            (json!({"allow": ["10.0.0.0/33"]}), "'10.0.0.0/33'"),
            (json!({"allow": "10.0.0.0/8,nonsense"}), "'nonsense'"),
            (json!({"ports": "443,70000"}), "'70000'"),
            (json!({"timeout": "soon"}), "'soon'"),
            (json!({"allowed": []}), "allowed"),
            (json!({"proxy": "socks5://proxy:1080"}), "not a proxy"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_proxys_password_is_never_printed() {
        let settings = read(json!({"proxy": "http://postbode:geheim@proxy:3128"})).unwrap();
        let printed = format!("{settings:?} {}", settings.proxy.as_ref().unwrap());
        assert!(printed.contains("http://proxy:3128"), "{printed}");
        assert!(!printed.contains("geheim"), "{printed}");
    }
}
