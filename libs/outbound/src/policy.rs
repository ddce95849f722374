//! Where Postbode may connect: pure rules over URLs, names, addresses and ports.

mod address;
mod allow;
mod header;
mod host;
#[cfg(test)]
mod tests;
mod url;

use std::net::IpAddr;
use std::sync::Arc;

pub use self::address::Forbidden;
pub use self::allow::{AllowEntry, InvalidAllowEntry};
pub use self::header::{HeaderRejection, check_header};
pub use self::url::UrlRejection;
use crate::OutboundSettings;

/// Judges URLs when they are created and each time they are used, and every address before it is dialled.
/// Cheap to clone; knows no DNS.
#[derive(Clone, Debug)]
pub struct AddressPolicy {
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    allow: Vec<AllowEntry>,
    ports: Vec<u16>,
    require_https: bool,
    /// Behind a proxy the addresses of names are never seen here, so no allow entry can vouch for a port.
    names_resolved_here: bool,
}

/// Why an address may not be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The address lies in a block that no public endpoint has.
    #[error("{address} is {reason}: use a public address")]
    Address {
        /// The address, IPv4-mapped ones already as IPv4.
        address: IpAddr,
        /// What it is.
        reason: Forbidden,
    },
    /// The port is not one of those configured.
    #[error("port {port} is not allowed")]
    Port {
        /// The port asked for.
        port: u16,
    },
}

impl AddressPolicy {
    /// The policy these settings describe.
    pub fn new(settings: &OutboundSettings) -> Self {
        Self {
            rules: Arc::new(Rules {
                allow: settings.allow.clone(),
                ports: settings.ports.clone(),
                require_https: settings.require_https,
                names_resolved_here: settings.proxy.is_none(),
            }),
        }
    }

    /// Reads a URL as a person gave it: the check at creation. Spellings that only browsers understand
    /// (`0x7f.1`, `2130706433`, back slashes, white space) are refused here, since parsing hides them.
    ///
    /// # Errors
    /// The first rule broken; its text is for people and says what to write instead.
    pub fn check_url(&self, text: &str) -> Result<::url::Url, UrlRejection> {
        let parsed = url::parse(text)?;
        self.check_target(&parsed)?;
        Ok(parsed)
    }

    /// The check at each send, for a URL that was parsed before: scheme, user information, host, port and,
    /// for IP literals, the address. Allocates only to refuse.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn check_target(&self, target: &::url::Url) -> Result<(), UrlRejection> {
        url::check_parts(target, self.rules.require_https)?;
        let port = target.port_or_known_default().ok_or(UrlRejection::NoHost)?;
        match target.host().ok_or(UrlRejection::NoHost)? {
            ::url::Host::Domain(name) => {
                host::check_name(name)?;
                if self.name_may_use(port) { Ok(()) } else { Err(self.port_rejected(port)) }
            }
            ::url::Host::Ipv4(address) => self.check_literal(address.into(), port),
            ::url::Host::Ipv6(address) => self.check_literal(address.into(), port),
        }
    }

    /// The check before each connect.
    ///
    /// # Errors
    /// When neither an allow entry nor the rules admit this address and port.
    pub fn check_address(&self, address: IpAddr, port: u16) -> Result<(), Denial> {
        let address = address.to_canonical();
        if self.rules.allow.iter().any(|entry| entry.admits(address, port)) {
            return Ok(());
        }
        if let Some(reason) = address::forbidden(address) {
            return Err(Denial::Address { address, reason });
        }
        if self.rules.ports.contains(&port) { Ok(()) } else { Err(Denial::Port { port }) }
    }

    /// Of these addresses those that may be dialled, IPv4-mapped ones as IPv4.
    ///
    /// # Errors
    /// The first denial, when no address is left.
    pub(crate) fn admitted(&self, found: &[IpAddr], port: u16) -> Result<Vec<IpAddr>, Option<Denial>> {
        let mut denied = None;
        let mut admitted = Vec::with_capacity(found.len());
        for address in found {
            match self.check_address(*address, port) {
                Ok(()) => admitted.push(address.to_canonical()),
                Err(denial) => denied = denied.or(Some(denial)),
            }
        }
        if admitted.is_empty() { Err(denied) } else { Ok(admitted) }
    }

    fn check_literal(&self, address: IpAddr, port: u16) -> Result<(), UrlRejection> {
        self.check_address(address, port).map_err(|denial| match denial {
            Denial::Port { port } => self.port_rejected(port),
            Denial::Address { address, reason } => UrlRejection::Address { address, reason },
        })
    }

    /// A name's address is not known yet; the port is settled at connect, when an allow entry may admit both.
    fn name_may_use(&self, port: u16) -> bool {
        let rules = &self.rules;
        rules.ports.contains(&port)
            || rules.names_resolved_here && rules.allow.iter().any(|entry| entry.admits_port(port))
    }

    fn port_rejected(&self, port: u16) -> UrlRejection {
        UrlRejection::Port { port, allowed: url::list(&self.rules.ports) }
    }
}
