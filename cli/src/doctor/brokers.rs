//! Whether each broker is reached: as it is configured, and as the cluster says that it is reached.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use stream::{Node, VisitError, visit};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::Round;
use super::finding::{Finding, took};

/// Each of `bootstrap.servers`, and the nodes that they tell of.
pub(super) async fn bootstrap(round: &Round<'_>) -> (Vec<Finding>, Vec<Node>) {
    let servers = round.context.kafka.bootstrap_servers.split(',').map(str::trim);
    let servers: Vec<_> = servers.filter(|server| !server.is_empty()).collect();
    let called = join_all(servers.iter().map(|server| call(round, server))).await;
    let mut nodes = BTreeMap::new();
    let mut findings = Vec::new();
    for (server, called) in servers.iter().zip(called) {
        let name = format!("broker {server}");
        findings.push(match called {
            Ok((connected, seen)) => {
                nodes.extend(seen.nodes.iter().map(|node| (node.id, node.clone())));
                let connected = took(connected);
                let seen = format!("connected in {connected}, answered in {}", took(seen.took));
                Finding::ok(name, seen)
            }
            Err(trouble) => trouble.finding(name, ""),
        });
    }
    if findings.is_empty() {
        findings.push(Finding::failed("brokers", "none is named", "set kafka.bootstrap_servers"));
    }
    (findings, nodes.into_values().collect())
}

/// Each node, at the address that the cluster gives to clients.
pub(super) async fn nodes(round: &Round<'_>, nodes: Vec<Node>) -> Vec<Finding> {
    let called = join_all(nodes.iter().map(|node| call(round, &node.address))).await;
    let found = nodes.iter().zip(called).map(|(node, called)| {
        let name = format!("node {} at {}", node.id, node.address);
        match called {
            Ok((connected, _)) => Finding::ok(name, format!("reached as advertised, in {}", took(connected))),
            Err(trouble) => trouble.finding(name, ADVERTISED),
        }
    });
    found.collect()
}

/// The bootstrap broker answered, and sends clients on to where they cannot go.
const ADVERTISED: &str = "The brokers that are configured answer, and send every client on to this address: set \
                          advertised.listeners of that broker to what resolves and is reached from here. ";

/// Why a broker was not reached, by how far it went.
#[derive(Debug)]
enum Trouble {
    Name(String),
    Closed(String),
    Slow(Duration),
    Kafka(VisitError),
}

/// Resolves, connects, and asks: how long the connection took, and what was answered.
async fn call(looking: &Round<'_>, server: &str) -> Result<(Duration, stream::Visit), Trouble> {
    let patience = looking.patience;
    let began = Instant::now();
    let connecting = async {
        let found = lookup_host(server).await.map_err(|error| Trouble::Name(error.to_string()))?;
        let addresses: Vec<_> = found.collect();
        TcpStream::connect(&addresses[..]).await.map_err(|error| Trouble::Closed(error.to_string()))
    };
    timeout(patience, connecting).await.unwrap_or(Err(Trouble::Slow(patience)))?;
    let connected = began.elapsed();
    let seen = visit(&looking.context.kafka, server, patience).await.map_err(Trouble::Kafka)?;
    Ok((connected, seen))
}

impl Trouble {
    fn finding(self, name: String, before: &str) -> Finding {
        let (seen, todo) = self.told();
        Finding::failed(name, seen, format!("{before}{todo}"))
    }

    fn told(self) -> (String, &'static str) {
        match self {
            Self::Name(why) => (
                format!("its name does not resolve: {why}"),
                "look at kafka.bootstrap_servers, and at this machine's name servers (getent hosts NAME)",
            ),
            Self::Closed(why) => (
                format!("no connection: {why}"),
                "see that the broker runs and listens on that port, and that no firewall or NetworkPolicy \
                 (networkPolicy.kafka.ports in the chart) is between",
            ),
            Self::Slow(after) => (
                format!("no connection within {} s", after.as_secs()),
                "packets are dropped on the way: look at firewalls, security groups and NetworkPolicies",
            ),
            Self::Kafka(VisitError::Refused { why, look }) => (why, look),
            Self::Kafka(VisitError::Unanswered(why)) => (
                format!("connected, and Kafka did not answer: {why}"),
                "is it Kafka's port, and the right listener? security.protocol in kafka.properties must be the \
                 listener's: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_went_decides_what_to_do() {
        let todo = |trouble: Trouble| trouble.finding("broker a:1".to_owned(), "").todo.unwrap();
        assert!(todo(Trouble::Name("no".into())).contains("getent hosts"));
        assert!(todo(Trouble::Closed("refused".into())).contains("listens on that port"));
        assert!(todo(Trouble::Slow(Duration::from_secs(1))).contains("dropped"));
        let refused = VisitError::Refused { why: "bad password".into(), look: "look at sasl.password" };
        assert_eq!(todo(Trouble::Kafka(refused)), "look at sasl.password");
        let silent = Trouble::Kafka(VisitError::Unanswered("disconnected".into()));
        assert!(todo(silent).contains("security.protocol"));
        let advertised = Trouble::Closed("refused".into()).finding("node 1".into(), ADVERTISED);
        assert!(advertised.todo.unwrap().contains("advertised.listeners"));
    }
}
