//! No connection is ever opened to a denied address. The receivers listen where the denied URLs would lead: all of
//! `127.0.0.0/8`, `0.0.0.0` and their IPv6 disguises reach this machine's loopback.

use domain::Outcome;
use outbound::{FetchLimits, OutboundSettings};

use super::receiver::{OK, Receiver, ScriptedDns, client, client_asking, loopback, post};

fn is_denied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Denied(_))
}

/// A policy that opens the receiver's port and no address.
fn port_only(receiver: &Receiver) -> OutboundSettings {
    OutboundSettings { ports: vec![receiver.address.port()], ..OutboundSettings::default() }
}

#[tokio::test]
async fn literals_of_this_machine_get_no_connection_however_they_are_written() {
    let receiver = Receiver::answering(OK).await;
    let client = client(&port_only(&receiver));
    let port = receiver.address.port();
    for host in [
        "127.0.0.1",
        "127.0.0.2",
        "127.255.255.254",
        "0.0.0.0",
        "0x7f.1",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
    ] {
        let exchange = post(&client, &format!("http://{host}:{port}/")).await;
        assert!(is_denied(&exchange.outcome), "{host}: {:?}", exchange.outcome);
        assert_eq!(exchange.connection_reused, None);
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let exchange = client.fetch(url, FetchLimits::default()).await;
        assert!(is_denied(&exchange.outcome), "{host}: {:?}", exchange.outcome);
    }
    assert_eq!(receiver.accepted(), 0);
    assert_eq!(client.connections().opened, 0);
}

#[tokio::test]
async fn every_special_block_is_denied_as_literal_and_as_answer_of_a_name() {
    for address in [
        "0.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.0.1",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fd00:ec2::254",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ] {
        let client = client_asking(&OutboundSettings::default(), ScriptedDns::answering(&[&[address]]));
        let literal = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        for host in [literal.as_str(), "hooks.example.com"] {
            for scheme in ["http", "https"] {
                let exchange = post(&client, &format!("{scheme}://{host}/")).await;
                assert!(is_denied(&exchange.outcome), "{host} at {address}: {:?}", exchange.outcome);
            }
        }
        assert_eq!(client.connections().opened, 0, "{address}");
    }
}

#[tokio::test]
async fn names_schemes_and_ports_are_judged_again_at_each_send() {
    let dns = ScriptedDns::answering(&[&["127.0.0.1"]]);
    let client = client_asking(&OutboundSettings::default(), dns.clone());
    for url in [
        "http://localhost/",
        "http://foo.localhost/",
        "http://kafka/",
        "http://kafka.ns.svc/",
        "http://a.internal/",
        "http://hooks.example.com./",
        "http://user@hooks.example.com/",
        "http://hooks.example.com:22/",
        "http://hooks.example.com:25/",
        "http://hooks.example.com:6379/",
        "http://hooks.example.com:9092/",
        "ftp://hooks.example.com/",
    ] {
        let exchange = post(&client, url).await;
        assert!(is_denied(&exchange.outcome), "{url}: {:?}", exchange.outcome);
    }
    assert!(dns.asked.lock().unwrap().is_empty(), "refused before any lookup");
}

#[tokio::test]
async fn a_name_whose_addresses_are_all_denied_gets_no_connection() {
    let receiver = Receiver::answering(OK).await;
    let dns = ScriptedDns::answering(&[&["127.0.0.1", "::ffff:127.0.0.1", "10.0.0.1"]]);
    let client = client_asking(&port_only(&receiver), dns);
    let exchange = post(&client, &format!("http://hooks.example.com:{}/", receiver.address.port())).await;
    let Outcome::Denied(why) = exchange.outcome else { panic!("{:?}", exchange.outcome) };
    assert_eq!(why, "the host's address 127.0.0.1 is a loopback address: use a public address");
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn of_several_addresses_only_the_admitted_are_dialled() {
    let receiver = Receiver::answering(OK).await;
    let port = receiver.address.port();
    let allow = vec![format!("127.0.0.1/32:{port}").parse().unwrap()];
    let settings = OutboundSettings { allow, ..OutboundSettings::default() };
    let dns = ScriptedDns::answering(&[&["127.0.0.9", "10.0.0.1", "::ffff:127.0.0.1"]]);
    let client = client_asking(&settings, dns.clone());
    let exchange = post(&client, &format!("http://hooks.example.com:{port}/")).await;
    assert_eq!(exchange.outcome.status(), Some(200));
    assert_eq!(*dns.asked.lock().unwrap(), ["hooks.example.com"], "asked once: what was checked is dialled");
}

#[tokio::test]
async fn a_name_that_flips_to_the_loopback_between_check_and_connect_is_not_followed() {
    let receiver = Receiver::answering(OK).await;
    let port = receiver.address.port();
    // The first answer is admitted, so a second lookup for the connect would reach the receiver.
    let allow = vec![format!("127.0.0.8/32:{port}").parse().unwrap()];
    let settings = OutboundSettings { allow, ports: vec![port], ..OutboundSettings::default() };
    let dns = ScriptedDns::answering(&[&["127.0.0.8"], &["127.0.0.1"]]);
    let client = client_asking(&settings, dns.clone());
    let url = format!("http://hooks.example.com:{port}/");
    let first = post(&client, &url).await;
    assert!(matches!(first.outcome, Outcome::ConnectFailed(_)), "nobody listens there: {:?}", first.outcome);
    assert_eq!(dns.asked.lock().unwrap().len(), 1);
    let second = post(&client, &url).await;
    assert!(is_denied(&second.outcome), "{:?}", second.outcome);
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_never_followed() {
    let target = Receiver::answering(OK).await;
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let location = target.url();
        let head = format!("HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        let client = client(&loopback());
        let posted = post(&client, &receiver.url()).await;
        let fetched = client.fetch(receiver.url().parse().unwrap(), FetchLimits::default()).await;
        for exchange in [posted, fetched] {
            assert_eq!(exchange.outcome.class(), "redirect");
            assert_eq!(exchange.response.unwrap().headers["location"], location.as_str());
        }
    }
    assert_eq!(target.accepted(), 0);
}
