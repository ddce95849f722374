//! Where a request comes from: which door, which client.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whence {
    /// Which door it came in by.
    pub door: Door,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// What the client says it is.
    pub agent: Option<String>,
}

/// A door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// REST.
    #[default]
    Api,
    /// The pages.
    Pages,
    /// The pages, by the platform's link.
    Portal,
    /// No request at all: a setting.
    Configuration,
}

impl Door {
    /// The door of a path.
    pub fn of_path(path: &str) -> Self {
        if path.starts_with("/v1/") {
            Self::Api
        } else if path == "/portal" {
            Self::Portal
        } else {
            Self::Pages
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Pages => "pages",
            Self::Portal => "portal",
            Self::Configuration => "configuration",
        }
    }
}

/// More of it says nothing more.
const AGENT: usize = 200;

impl Whence {
    /// Without what nobody needs of a client's own words.
    pub fn new(door: Door, address: Option<IpAddr>, agent: Option<&str>) -> Self {
        let agent = agent.map(|agent| agent[..agent.floor_char_boundary(AGENT)].to_owned());
        Self { door, address, agent }
    }
}

/// The proxies of our own whose word about their clients is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads blocks such as `10.0.0.0/8`, or single addresses.
    ///
    /// # Errors
    /// Shows the one that is none.
    pub fn parse(blocks: &[String]) -> Result<Self, String> {
        let block = |text: &String| {
            let text = text.trim();
            let read = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            read.map_err(|_| format!("'{text}' is no block of addresses, such as 10.0.0.0/8"))
        };
        blocks.iter().map(block).collect::<Result<_, _>>().map(Self)
    }

    /// Who asks, seen from here: the peer, or where that is a proxy of ours, whom the proxies name. They add to the right,
    /// so whatever stands left of the first that is none of ours is anybody's word.
    pub fn client<'h>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'h str>,
    ) -> IpAddr {
        let mut client = peer.to_canonical();
        let mut hops = forwarded_for.rev().flat_map(|line| line.rsplit(','));
        while self.trusts(client) {
            match hops.next().and_then(address) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(&address))
    }
}

/// Some proxies name the port, too.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let read = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|at| at.ip()));
    read.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let blocks: Vec<_> = trusted.iter().map(|&block| block.to_owned()).collect();
        let proxies = Proxies::parse(&blocks).unwrap();
        proxies.client(peer.parse().unwrap(), lines.iter().copied()).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_they_are_a_proxy_of_ours() {
        assert_eq!(client(&[], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.1.2.3", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn of_what_proxies_say_the_last_that_is_none_of_them_counts() {
        let ours = ["10.0.0.0/8", "2001:db8::1"];
        for (lines, expected) in [
            (&["203.0.113.9, 198.51.100.7"][..], "198.51.100.7"),
            (&["203.0.113.9, 198.51.100.7, 10.2.2.2"], "198.51.100.7"),
            (&["203.0.113.9, 198.51.100.7", "10.2.2.2,2001:db8::1"], "198.51.100.7"),
            (&["198.51.100.7:4711"], "198.51.100.7"),
            (&["[2001:db8::2]:4711"], "2001:db8::2"),
            (&["[2001:db8::2]"], "2001:db8::2"),
            (&["198.51.100.7, who knows, 10.2.2.2"], "10.2.2.2"),
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            (&[], "10.1.2.3"),
        ] {
            assert_eq!(client(&ours, "10.1.2.3", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_block_is_shown() {
        let error = Proxies::parse(&["10.0.0.0/8".to_owned(), "proxy".to_owned()]).unwrap_err();
        assert!(error.contains("'proxy'"), "{error}");
    }

    #[test]
    fn a_client_does_not_talk_for_long() {
        let agent = Whence::new(Door::Api, None, Some(&"é".repeat(300))).agent.unwrap();
        assert_eq!(agent.len(), 200);
    }
}
