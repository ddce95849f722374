//! Every row of the address table, and every way to write around it.

use std::net::IpAddr;

use super::*;

fn policy() -> AddressPolicy {
    AddressPolicy::new(&OutboundSettings::default())
}

fn with_allow(entries: &[&str]) -> AddressPolicy {
    let allow = entries.iter().map(|entry| entry.parse().unwrap()).collect();
    AddressPolicy::new(&OutboundSettings { allow, ..OutboundSettings::default() })
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn code(text: &str) -> &'static str {
    policy().check_url(text).err().map_or("admitted", |rejection| rejection.code())
}

#[test]
fn every_special_block_is_denied_from_its_first_to_its_last_address() {
    use Forbidden::*;
    let rows = [
        ("0.0.0.0", "0.255.255.255", Unspecified),
        ("10.0.0.0", "10.255.255.255", Private),
        ("100.64.0.0", "100.127.255.255", CarrierNat),
        ("127.0.0.0", "127.255.255.255", Loopback),
        ("169.254.0.0", "169.254.255.255", LinkLocal),
        ("172.16.0.0", "172.31.255.255", Private),
        ("192.0.0.0", "192.0.0.255", Reserved),
        ("192.0.2.0", "192.0.2.255", Documentation),
        ("192.31.196.0", "192.31.196.255", Reserved),
        ("192.52.193.0", "192.52.193.255", Reserved),
        ("192.88.99.0", "192.88.99.255", Transition),
        ("192.168.0.0", "192.168.255.255", Private),
        ("192.175.48.0", "192.175.48.255", Reserved),
        ("198.18.0.0", "198.19.255.255", Benchmarking),
        ("198.51.100.0", "198.51.100.255", Documentation),
        ("203.0.113.0", "203.0.113.255", Documentation),
        ("224.0.0.0", "239.255.255.255", Multicast),
        ("240.0.0.0", "255.255.255.254", Reserved),
        ("255.255.255.255", "255.255.255.255", Broadcast),
        ("::", "::", Unspecified),
        ("::1", "::1", Loopback),
        ("::2", "::ffff:ffff", Transition),
        ("64:ff9b::", "64:ff9b::ffff:ffff", Transition),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Transition),
        ("100::", "100::ffff:ffff:ffff:ffff", Reserved),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Transition),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Benchmarking),
        ("2001:10::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Transition),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
    ];
    for (first, last, reason) in rows {
        for text in [first, last] {
            let denial = policy().check_address(ip(text), 443).unwrap_err();
            assert_eq!(denial, Denial::Address { address: ip(text), reason }, "{text}");
        }
    }
}

#[test]
fn metadata_services_are_denied_by_name_also_the_one_in_a_public_block() {
    for text in [
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "169.254.170.2",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::ffff:168.63.129.16",
    ] {
        let denial = policy().check_address(ip(text), 80).unwrap_err();
        assert!(matches!(denial, Denial::Address { reason: Forbidden::Metadata, .. }), "{text}: {denial}");
    }
}

#[test]
fn neighbours_of_special_blocks_and_public_addresses_are_admitted() {
    for text in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "8.8.8.8",
        "168.63.129.17",
        "::ffff:8.8.8.8",
        "2000::",
        "2001:200::",
        "2001:4860:4860::8888",
        "2003::",
        "2606:4700::1111",
        "3ffe:ffff::",
        "2a00::1",
    ] {
        assert_eq!(policy().check_address(ip(text), 443), Ok(()), "{text}");
    }
}

#[test]
fn a_mapped_address_is_judged_as_the_ipv4_address_it_is() {
    for text in ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1"] {
        assert!(policy().check_address(ip(text), 443).is_err(), "{text}");
    }
    assert_eq!(with_allow(&["127.0.0.0/8"]).check_address(ip("::ffff:127.0.0.1"), 443), Ok(()));
    assert_eq!(policy().admitted(&[ip("::ffff:8.8.8.8"), ip("127.0.0.1")], 443), Ok(vec![ip("8.8.8.8")]));
}

#[test]
fn odd_spellings_of_addresses_are_refused_as_written() {
    for text in [
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://127.0.0.01/",
        "http://127.0.0.1./",
        "http://0x08080808/",
        "http://134744072:443/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://127%2e0.0.1/",
        "http://8.8.8.8./",
    ] {
        assert_eq!(code(text), "url-odd-address", "{text}");
    }
}

#[test]
fn literals_are_judged_as_addresses() {
    for text in [
        "http://127.0.0.1/",
        "https://10.0.0.1:443/x",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://255.255.255.255/",
    ] {
        assert_eq!(code(text), "url-address-denied", "{text}");
    }
    for text in ["http://8.8.8.8/", "https://[2606:4700::1111]/hook"] {
        assert_eq!(code(text), "admitted", "{text}");
    }
}

#[test]
fn what_parsers_read_differently_is_refused() {
    for (text, expected) in [
        ("ftp://example.com/", "url-scheme"),
        ("file:///etc/passwd", "url-scheme"),
        ("gopher://example.com/", "url-scheme"),
        ("javascript:alert(1)", "url-scheme"),
        ("example.com/hook", "url-unreadable"),
        ("", "url-unreadable"),
        ("https://", "url-no-host"),
        ("https:///hook", "url-no-host"),
        ("https:example.com", "url-no-host"),
        ("https:/example.com", "url-no-host"),
        ("https:////example.com", "url-no-host"),
        ("https://user@example.com/", "url-user-info"),
        ("https://user:secret@example.com/", "url-user-info"),
        ("https://@example.com/", "url-user-info"),
        ("https://example.com@127.0.0.1/", "url-user-info"),
        ("https://example.com/#top", "url-fragment"),
        ("https://example.com/#", "url-fragment"),
        ("https://example.com\\@127.0.0.1/", "url-spelling"),
        ("https://exam\nple.com/", "url-spelling"),
        (" https://example.com/", "url-spelling"),
        ("https://example.com/a b", "url-spelling"),
        ("https://example.com./", "url-trailing-dot"),
        ("https://localhost./", "url-trailing-dot"),
        ("https://a..example.com/", "url-malformed-name"),
        ("https://.example.com/", "url-malformed-name"),
        ("https://example.com:99999/", "url-unreadable"),
        ("https://[::1/", "url-unreadable"),
        ("https://[fe80::1%25eth0]/", "url-unreadable"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
    assert_eq!(code(&format!("https://example.com/{}", "a".repeat(2048))), "url-too-long");
    assert_eq!(code(&format!("https://{}.com/", "a".repeat(64))), "url-malformed-name");
}

#[test]
fn names_of_machines_clusters_and_offices_are_refused() {
    for text in ["http://kafka/", "http://metadata/", "http://postgres:443/"] {
        assert_eq!(code(text), "url-single-label", "{text}");
    }
    for name in [
        "localhost",
        "LOCALHOST",
        "foo.localhost",
        "kafka.ns.svc",
        "kafka.ns.svc.cluster.local",
        "kafka.ns.svc.example.com",
        "metadata.google.internal",
        "printer.local",
        "router.lan",
        "nas.home.arpa",
    ] {
        assert_eq!(code(&format!("https://{name}/")), "url-local-name", "{name}");
    }
    for name in
        ["svc.example.com", "internal.example.com", "local.example.com", "mylocalhost.com", "bücher.example"]
    {
        assert_eq!(code(&format!("https://{name}/hook?x=1")), "admitted", "{name}");
    }
}

#[test]
fn only_the_configured_ports_are_open() {
    for port in [22, 25, 6379, 8080, 8443, 9092] {
        assert_eq!(code(&format!("https://example.com:{port}/")), "url-port", "{port}");
        assert_eq!(code(&format!("https://8.8.8.8:{port}/")), "url-port", "{port}");
    }
    for text in
        ["https://example.com/", "http://example.com/", "http://example.com:443/", "https://example.com:80/"]
    {
        assert_eq!(code(text), "admitted", "{text}");
    }
    let settings = OutboundSettings { ports: vec![8443], ..OutboundSettings::default() };
    let policy = AddressPolicy::new(&settings);
    assert!(policy.check_url("https://example.com:8443/").is_ok());
    let rejection = policy.check_url("https://example.com/").unwrap_err();
    assert_eq!(rejection.to_string(), "url: port 443 is not allowed; use one of 8443");
}

#[test]
fn plain_http_can_be_forbidden() {
    let policy = AddressPolicy::new(&OutboundSettings { require_https: true, ..OutboundSettings::default() });
    assert_eq!(policy.check_url("http://example.com/"), Err(UrlRejection::HttpsRequired));
    assert!(policy.check_url("https://example.com/").is_ok());
}

#[test]
fn an_allow_entry_opens_its_block_and_port_and_nothing_else() {
    let policy = with_allow(&["127.0.0.1/32:8080", "10.1.0.0/16", "[::1]/128:8080"]);
    for text in ["http://127.0.0.1:8080/", "http://10.1.2.3:9999/", "http://10.1.2.3/", "http://[::1]:8080/"]
    {
        assert!(policy.check_url(text).is_ok(), "{text}");
    }
    for text in ["http://127.0.0.1/", "http://127.0.0.2:8080/", "http://10.2.0.1/", "http://[::1]/"] {
        assert_eq!(policy.check_url(text).unwrap_err().code(), "url-address-denied", "{text}");
    }
    assert_eq!(policy.check_url("http://8.8.8.8:8080/").unwrap_err().code(), "url-port");
    for text in ["http://localhost:8080/", "http://kafka:8080/", "http://0x7f.1:8080/"] {
        assert!(policy.check_url(text).is_err(), "{text}");
    }
}

#[test]
fn a_name_may_use_an_allow_entrys_port_but_its_address_must_then_match() {
    let policy = with_allow(&["127.0.0.1/32:8080"]);
    assert!(policy.check_url("http://hooks.example.com:8080/").is_ok());
    assert!(policy.check_url("http://hooks.example.com:8081/").is_err());
    assert_eq!(policy.check_address(ip("8.8.8.8"), 8080), Err(Denial::Port { port: 8080 }));
    assert!(
        policy.admitted(&[ip("8.8.8.8"), ip("127.0.0.1")], 8080).is_ok_and(|left| left == [ip("127.0.0.1")])
    );
}

#[test]
fn behind_a_proxy_no_allow_entry_vouches_for_a_names_port() {
    let allow = vec!["10.0.0.0/8".parse().unwrap()];
    let proxy = Some("http://proxy:3128".parse().unwrap());
    let policy = AddressPolicy::new(&OutboundSettings { allow, proxy, ..OutboundSettings::default() });
    assert_eq!(policy.check_url("http://hooks.example.com:8080/").unwrap_err().code(), "url-port");
    assert!(policy.check_url("http://127.0.0.1/").is_err());
}

#[test]
fn allow_entries_are_read_and_written_back() {
    for (text, written) in [
        ("127.0.0.0/8", "127.0.0.0/8"),
        ("127.0.0.0/8:8080", "127.0.0.0/8:8080"),
        (" 10.1.2.3/16 ", "10.1.0.0/16"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("127.0.0.1:80", "127.0.0.1/32:80"),
        ("::1", "::1/128"),
        ("::1/128", "::1/128"),
        ("[::1]", "::1/128"),
        ("[::1]:80", "[::1]/128:80"),
        ("[::1]/128:80", "[::1]/128:80"),
        ("[::1/128]:80", "[::1]/128:80"),
    ] {
        let entry: AllowEntry = text.parse().unwrap();
        assert_eq!(entry.to_string(), written);
        assert_eq!(written.parse(), Ok(entry));
    }
    for text in [
        "",
        "localhost",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:+80",
        "127.0.0.1:65536",
        "10.0.0.0/33",
        "127.1",
        "[::1",
        "[::1]80",
        "[::1]:",
        "*",
    ] {
        let error = text.parse::<AllowEntry>().unwrap_err().to_string();
        assert!(error.contains(&format!("'{text}'")), "{error}");
    }
}

#[test]
fn a_custom_header_can_neither_break_nor_override_anything() {
    for name in [
        "Host",
        "content-length",
        "Content-Type",
        "Transfer-Encoding",
        "Connection",
        "webhook-signature",
        "Webhook-Id",
        "postbode-test",
        "traceparent",
        "Signature",
        "Digest",
        "Date",
        "TE",
        "Upgrade",
    ] {
        assert!(matches!(check_header(name, "x"), Err(HeaderRejection::Reserved(_))), "{name}");
    }
    for name in ["", "a b", "a:b", "x\r\nHost", "é", ":path"] {
        assert!(matches!(check_header(name, "x"), Err(HeaderRejection::Name(_))), "{name}");
    }
    for value in ["a\r\nHost: evil", "a\nb", "a\0b", "café", "\u{7f}"] {
        let rejection = check_header("X-Token", value).unwrap_err();
        assert!(matches!(rejection, HeaderRejection::Value(_)), "{value:?}");
        assert!(!rejection.to_string().contains(value), "{rejection}");
    }
    assert!(matches!(check_header("X-Token", &"a".repeat(4097)), Err(HeaderRejection::TooLong(_))));
    let (name, value) = check_header("Authorization", "Bearer geheim").unwrap();
    assert_eq!(name, http::header::AUTHORIZATION);
    assert!(!format!("{value:?}").contains("geheim"));
}
