//! Names to addresses, filtered by policy: the resolver that feeds the connect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record};

use crate::policy::{AddressPolicy, Denial};
use crate::probe::{self, Mark};

/// Looks names up. The system's in production; tests give answers that lie and change.
pub trait Resolver: Send + Sync {
    /// All addresses of an absolute name, given without its trailing dot; never with search domains.
    fn lookup(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>>;
}

/// Why a name led to no address that may be dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The name does not exist, or has no addresses.
    #[error("no such host")]
    NotFound,
    /// The name servers did not answer in time.
    #[error("the name servers did not answer in time")]
    TimedOut,
    /// The name servers answered with an error.
    #[error("{0}")]
    Failed(String),
    /// Every address of the name is denied.
    #[error("the host's address {0}")]
    Denied(Denial),
    /// A lookup outside of a request: refused, since its port is unknown.
    #[error("looked up outside of a request")]
    Unscoped,
}

/// The system's name servers and hosts file, asked for absolute names only, with a cache.
#[derive(Clone)]
pub struct SystemResolver {
    resolver: TokioResolver,
}

impl SystemResolver {
    /// Reads the system's configuration. Where there is none, asks the name server on this machine, as libc does.
    ///
    /// # Errors
    /// A text for people, when the resolver cannot be built.
    pub fn new() -> Result<Self, String> {
        let (config, mut options) = hickory_resolver::system_conf::read_system_conf().unwrap_or_else(|error| {
            tracing::warn!(%error, "no usable resolver configuration: asking the name server on this machine");
            let local = NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into());
            (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
        });
        tune(&mut options);
        // The system's search domains and own domain stay out: names are absolute.
        let (_, _, name_servers) = config.into_parts();
        let config = ResolverConfig::from_parts(None, Vec::new(), name_servers);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        builder.build().map(|resolver| Self { resolver }).map_err(|error| error.to_string())
    }

    /// The texts that a name publishes (TXT records), each joined from its strings. The name is absolute.
    ///
    /// # Errors
    /// When there are none, or the name servers do not say.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let found = self.resolver.txt_lookup(format!("{name}.")).await.map_err(|error| explain(&error))?;
        let text = |record: &Record| {
            let RData::TXT(txt) = &record.data else { return None };
            Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned())
        };
        Ok(found.answers().iter().filter_map(text).collect())
    }
}

/// Two tries within the connect's 5 s; a cache for many endpoints, none of whose answers lives for long.
fn tune(options: &mut ResolverOpts) {
    options.timeout = Duration::from_secs(2);
    options.attempts = 1;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.cache_size = 10_000;
    options.positive_max_ttl = Some(Duration::from_secs(300));
    options.negative_max_ttl = Some(Duration::from_secs(10));
}

impl Resolver for SystemResolver {
    fn lookup(&self, name: String) -> BoxFuture<'static, Result<Vec<IpAddr>, LookupError>> {
        let resolver = self.resolver.clone();
        Box::pin(async move {
            let absolute = format!("{name}.");
            let found = resolver.lookup_ip(absolute.as_str()).await.map_err(|error| explain(&error))?;
            Ok(found.iter().collect())
        })
    }
}

fn explain(error: &NetError) -> LookupError {
    if error.is_nx_domain() || error.is_no_records_found() {
        LookupError::NotFound
    } else if matches!(error, NetError::Timeout) {
        LookupError::TimedOut
    } else {
        LookupError::Failed(error.to_string())
    }
}

/// What reqwest asks. Hands out only addresses that policy admits, so what is dialled is what was checked.
pub(crate) struct GuardedResolver {
    pub(crate) policy: AddressPolicy,
    pub(crate) resolver: Arc<dyn Resolver>,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let policy = self.policy.clone();
        let looking = self.resolver.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let probe = probe::current().ok_or(LookupError::Unscoped)?;
            probe.mark(Mark::Resolving);
            let found = looking.await?;
            let admitted = policy
                .admitted(&found, probe.port)
                .map_err(|denial| denial.map_or(LookupError::NotFound, LookupError::Denied))?;
            probe.mark(Mark::Resolved);
            // Port 0 is replaced by the URL's.
            let addresses = admitted.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_systems_resolver_can_be_set_up_and_finds_no_name_that_cannot_exist() {
        let resolver = SystemResolver::new().unwrap();
        let found = resolver.lookup("no-such-host.invalid".to_owned()).await;
        assert_eq!(found, Err(LookupError::NotFound), "answered here, without a name server");
        assert_eq!(resolver.texts("no-such-host.invalid").await, Err(LookupError::NotFound));
    }
}
