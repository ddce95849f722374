//! Exceptions to the deny rules: a CIDR block, optionally with one port.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// One exception: `127.0.0.0/8`, `127.0.0.1/32:8080`, `10.1.2.3:8080`, `fd00::/8`, `[::1]/128:8080`.
/// Without a port every port of the block is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowEntry {
    block: IpNet,
    port: Option<u16>,
}

/// Why a text is no allow entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not an allow entry: write a block and, if only one port shall be open, the port, for example 10.1.0.0/16, 127.0.0.1/32:8080 or [::1]/128:8080"
)]
pub struct InvalidAllowEntry(String);

impl AllowEntry {
    /// Whether this entry admits a (canonical) address at a port.
    pub fn admits(&self, address: IpAddr, port: u16) -> bool {
        self.admits_port(port) && self.block.contains(&address)
    }

    /// Whether this entry admits some address at this port.
    pub(super) fn admits_port(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }
}

impl FromStr for AllowEntry {
    type Err = InvalidAllowEntry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.trim()).ok_or_else(|| InvalidAllowEntry(text.to_owned()))
    }
}

impl fmt::Display for AllowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.block) {
            (None, block) => write!(f, "{block}"),
            (Some(port), IpNet::V4(block)) => write!(f, "{block}:{port}"),
            (Some(port), IpNet::V6(block)) => write!(f, "[{}]/{}:{port}", block.addr(), block.prefix_len()),
        }
    }
}

fn parse(text: &str) -> Option<AllowEntry> {
    let (block, port) = split(text)?;
    let port = match port {
        Some(text) => Some(parse_port(text)?),
        None => None,
    };
    let block = match block.parse::<IpNet>() {
        Ok(block) => block,
        Err(_) => IpNet::from(block.parse::<IpAddr>().ok()?),
    };
    Some(AllowEntry { block: block.trunc(), port })
}

/// Block without brackets, and port. A bare IPv6 block has colons of its own, hence the brackets.
fn split(text: &str) -> Option<(String, Option<&str>)> {
    let Some(bracketed) = text.strip_prefix('[') else {
        return Some(match text.split_once(':') {
            Some((block, port)) if !port.contains(':') => (block.to_owned(), Some(port)),
            Some(_) | None => (text.to_owned(), None),
        });
    };
    let (inside, rest) = bracketed.split_once(']')?;
    let (length, port) = match rest.split_once(':') {
        Some((length, port)) => (length, Some(port)),
        None => (rest, None),
    };
    if !length.is_empty() && !length.starts_with('/') {
        return None;
    }
    Some((format!("{inside}{length}"), port))
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}
