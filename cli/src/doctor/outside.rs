//! Whether a stranger's endpoint is reached from here, as delivery reaches it: name, address policy, connection, TLS, answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Clock as _, Outcome};
use http::HeaderMap;
use outbound::{AddressPolicy, Exchange, LookupError, Outbound, Phases, Resolver as _, SystemResolver};
use process::SystemClock;
use tokio::time::{Instant, timeout};
use url::{Host, Url};

use super::Round;
use super::clock::{self, Heard};
use super::finding::{Finding, took};

const DNS: &str = "dns";
const OUTBOUND: &str = "outbound";

/// Resolves the URL's name, and asks the endpoint with `OPTIONS` what it allows.
pub(super) async fn look(round: &Round<'_>, url: Option<&str>) -> (Vec<Finding>, Option<Heard>) {
    let Some(text) = url else {
        let unchecked = |name| Finding::unchecked(name, "no endpoint was given").or_else("--url https://…");
        return ([DNS, OUTBOUND].map(unchecked).to_vec(), None);
    };
    let settings = &round.context.outbound;
    let outbound = match Outbound::new(settings, Arc::new(SystemClock)) {
        Ok(outbound) => outbound,
        Err(error) => {
            let todo = "look at section outbound: ca_file, proxy; and at ca-certificates on this machine";
            return (vec![Finding::failed(OUTBOUND, error.to_string(), todo)], None);
        }
    };
    let target = match outbound.policy().check_url(text) {
        Ok(target) => target,
        Err(rejection) => {
            let todo = "webhooks of this URL are refused too. If it is meant: outbound.ports, outbound.require_https, or \
                        outbound.allow for an address of one's own network";
            return (vec![Finding::failed(OUTBOUND, rejection.to_string(), todo)], None);
        }
    };
    let behind_proxy = settings.proxy.is_some();
    let (resolved, (called, heard)) = tokio::join!(
        resolve(round, outbound.policy(), &target, behind_proxy),
        call(round, &outbound, &target)
    );
    (vec![resolved, called], heard)
}

async fn resolve(round: &Round<'_>, policy: &AddressPolicy, target: &Url, behind_proxy: bool) -> Finding {
    let Some(Host::Domain(name)) = target.host() else {
        return Finding::unchecked(DNS, "the URL has an address and no name");
    };
    if behind_proxy {
        return Finding::unchecked(DNS, "names are resolved by the egress proxy (outbound.proxy)");
    }
    let began = Instant::now();
    let found = match SystemResolver::new() {
        Ok(resolver) => timeout(round.patience, resolver.lookup(name.to_owned())).await,
        Err(why) => Ok(Err(LookupError::Failed(why))),
    };
    let found = found.unwrap_or(Err(LookupError::TimedOut));
    judge_addresses(name, found, began.elapsed(), |address| {
        let port = target.port_or_known_default().unwrap_or_default();
        policy.check_address(address, port).map_err(|denial| denial.to_string())
    })
}

/// Answers that take longer hold up every first call to an endpoint.
const SLOW: Duration = Duration::from_secs(1);

fn judge_addresses(
    name: &str,
    found: Result<Vec<IpAddr>, LookupError>,
    time: Duration,
    admits: impl Fn(IpAddr) -> Result<(), String>,
) -> Finding {
    let addresses = match found {
        Ok(addresses) => addresses,
        Err(error) => {
            let todo = format!(
                "look at /etc/resolv.conf here (in pods: dnsPolicy, networkPolicy.dns.to): dig {name}."
            );
            return Finding::failed(DNS, format!("{name}: {error}"), todo);
        }
    };
    let denied: Vec<_> = addresses.iter().filter_map(|address| admits(*address).err()).collect();
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let seen = format!("{name} is {}, in {}", all.join(", "), took(time));
    if denied.len() == addresses.len() {
        let why = denied.first().cloned().unwrap_or_default();
        let todo = format!("{why}. If it is meant: outbound.allow");
        return Finding::failed(DNS, format!("{seen}; no address may be called"), todo);
    }
    if time > SLOW {
        return Finding::warning(DNS, seen, "the name servers are slow: look at /etc/resolv.conf here");
    }
    Finding::ok(DNS, seen)
}

async fn call(round: &Round<'_>, outbound: &Outbound, target: &Url) -> (Finding, Option<Heard>) {
    let sent = SystemClock.now();
    let exchange = outbound.options(target.clone(), HeaderMap::new(), round.patience).await;
    let headers = exchange.response.as_ref().map(|response| &response.headers);
    let whose = target.host_str().unwrap_or_default();
    let heard = headers.and_then(|headers| clock::heard(whose, sent, exchange.phases.total, headers));
    (judge(&exchange), heard)
}

/// Any answer will do: whether the endpoint likes `OPTIONS` is its own affair.
fn judge(exchange: &Exchange) -> Finding {
    let phases = phases(&exchange.phases);
    let todo = match &exchange.outcome {
        Outcome::Answered { status, .. } => {
            return Finding::ok(OUTBOUND, format!("it answered {status} to OPTIONS; {phases}"));
        }
        Outcome::TimedOut(_) => {
            "packets are dropped, or the endpoint is slow: try it with curl from this machine, and look at \
                                 firewalls, NetworkPolicies (networkPolicy.world) and outbound.proxy"
        }
        Outcome::DnsFailed(_) => "look at /etc/resolv.conf here",
        Outcome::ConnectFailed(_) => {
            "nobody listens there, or something between refuses: firewall, NetworkPolicy, \
                                      outbound.proxy"
        }
        Outcome::TlsFailed(_) => {
            "look at the endpoint's certificate; for an authority of one's own: outbound.ca_file"
        }
        Outcome::ProtocolFailed(_) => {
            "what listens there does not speak HTTP as it should: is the port right?"
        }
        Outcome::Denied(_) | Outcome::Sealed => {
            "the address policy refuses it: outbound.allow, outbound.ports"
        }
    };
    Finding::failed(OUTBOUND, format!("{}; {phases}", exchange.outcome.explain()), todo)
}

fn phases(phases: &Phases) -> String {
    let parts = [
        ("dns", phases.dns),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("first byte", phases.first_byte),
        ("total", Some(phases.total)),
    ];
    let told = parts.into_iter().filter_map(|(name, time)| Some(format!("{name} {}", took(time?))));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use domain::Phase;

    use super::super::finding::Verdict;
    use super::*;

    fn exchange(outcome: Outcome) -> Exchange {
        let total = Duration::from_millis(12);
        let phases = Phases { total, connect: Some(Duration::from_millis(3)), ..Phases::default() };
        Exchange { outcome, phases, response: None, connection_reused: None }
    }

    #[test]
    fn any_answer_is_good_and_each_failure_has_its_own_advice() {
        let answered = judge(&exchange(Outcome::Answered { status: 405, retry_after: None }));
        assert_eq!(
            answered,
            Finding::ok("outbound", "it answered 405 to OPTIONS; connect 3 ms, total 12 ms")
        );
        for (outcome, advice) in [
            (Outcome::TimedOut(Phase::Connect), "dropped"),
            (Outcome::DnsFailed("no such host".into()), "resolv.conf"),
            (Outcome::ConnectFailed("refused".into()), "nobody listens"),
            (Outcome::TlsFailed("expired".into()), "outbound.ca_file"),
            (Outcome::Denied("10.0.0.1 is a private address".into()), "outbound.allow"),
        ] {
            let judged = judge(&exchange(outcome));
            assert!(judged.verdict == Verdict::Failed && judged.todo.unwrap().contains(advice), "{advice}");
        }
    }

    #[test]
    fn a_name_that_is_only_private_is_refused_and_says_why() {
        let policy = AddressPolicy::new(&outbound::OutboundSettings::default());
        let judged = |found, millis| {
            judge_addresses("hooks.example.com", found, Duration::from_millis(millis), |address| {
                policy.check_address(address, 443).map_err(|denial| denial.to_string())
            })
        };
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let public = judged(Ok(vec![address("10.0.0.1"), address("8.8.8.8")]), 7);
        assert_eq!(public, Finding::ok("dns", "hooks.example.com is 10.0.0.1, 8.8.8.8, in 7 ms"));
        let private = judged(Ok(vec![address("10.0.0.1")]), 7);
        assert!(private.verdict == Verdict::Failed && private.todo.unwrap().contains("a private address"));
        assert_eq!(judged(Ok(vec![address("8.8.8.8")]), 1_500).verdict, Verdict::Warning);
        assert!(judged(Err(LookupError::NotFound), 7).seen.contains("no such host"));
    }
}
