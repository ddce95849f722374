//! What the catalogue says in English of a library's error is what the library says.

use std::fmt::Display;

use domain::{State, Step};

use super::*;
use crate::words::Language;

#[track_caller]
fn agrees(error: impl Display + Into<Sentence>, before: &str) {
    let said = error.to_string();
    let told = Language::English.tell(&error.into());
    assert_eq!(told, said.strip_prefix(before).unwrap_or(&said));
}

const EVERY_ADDRESS: [Forbidden; 12] = [
    Forbidden::Unspecified,
    Forbidden::Loopback,
    Forbidden::Private,
    Forbidden::CarrierNat,
    Forbidden::LinkLocal,
    Forbidden::Metadata,
    Forbidden::Multicast,
    Forbidden::Broadcast,
    Forbidden::Documentation,
    Forbidden::Benchmarking,
    Forbidden::Transition,
    Forbidden::Reserved,
];

#[test]
fn a_url_and_a_header_are_refused_in_the_same_words() {
    let (host, address) = (|| "a.b".to_owned(), [127, 0, 0, 1].into());
    let [written, allowed] = ["127.1", "443, 80"].map(str::to_owned);
    for rejection in [
        UrlRejection::Unreadable("empty host".to_owned()),
        UrlRejection::TooLong,
        UrlRejection::Spelling,
        UrlRejection::Scheme("ftp".to_owned()),
        UrlRejection::HttpsRequired,
        UrlRejection::UserInfo,
        UrlRejection::Fragment,
        UrlRejection::NoHost,
        UrlRejection::OddAddress { written, meant: address },
        UrlRejection::TrailingDot(host()),
        UrlRejection::SingleLabel(host()),
        UrlRejection::LocalName(host()),
        UrlRejection::MalformedName(host()),
        UrlRejection::Port { port: 22, allowed },
    ] {
        agrees(rejection, "url: ");
    }
    for reason in EVERY_ADDRESS {
        agrees(UrlRejection::Address { address, reason }, "url: ");
        agrees(LookupError::Denied(Denial::Address { address, reason }), "");
    }
    agrees(LookupError::Denied(Denial::Port { port: 22 }), "");
    for error in [
        LookupError::NotFound,
        LookupError::TimedOut,
        LookupError::Failed("SERVFAIL".to_owned()),
        LookupError::Unscoped,
    ] {
        agrees(error, "");
    }
    for new in
        [HeaderRejection::Name, HeaderRejection::Reserved, HeaderRejection::Value, HeaderRejection::TooLong]
    {
        agrees(new("x-a".to_owned()), "headers: ");
    }
}

#[test]
fn an_outcome_is_explained_in_the_same_words() {
    let why = || "why".to_owned();
    let phases = [Phase::Dns, Phase::Connect, Phase::Tls, Phase::FirstByte, Phase::Body];
    let answered = [200, 302, 404, 500].map(|status| Outcome::Answered { status, retry_after: None });
    let others = [
        Outcome::DnsFailed(why()),
        Outcome::ConnectFailed(why()),
        Outcome::TlsFailed(why()),
        Outcome::ProtocolFailed(why()),
        Outcome::Denied(why()),
        Outcome::Sealed,
    ];
    for outcome in phases.map(Outcome::TimedOut).into_iter().chain(answered).chain(others) {
        assert_eq!(Language::English.tell(&(&outcome).into()), outcome.explain());
    }
}

#[test]
fn a_filter_a_duration_and_a_step_are_refused_in_the_same_words() {
    let name = || "matches".to_owned();
    for error in [
        FilterError::Empty,
        FilterError::TooLong(3000),
        FilterError::TooDeep,
        FilterError::TooManyAdditions(11),
        FilterError::AddsInLoop,
        FilterError::LoopInLoop,
        FilterError::LoopWithoutName,
        FilterError::LoopAsFunction(name()),
        FilterError::Matches,
        FilterError::Map,
        FilterError::UnknownFunction(name()),
        FilterError::UnknownName(name()),
        FilterError::HasOfNoMember,
        FilterError::Structure,
        FilterError::NotUnderstood,
        FilterError::NotUnderstoodAt { line: 1, column: 7, why: name() },
        FilterError::NotCompiled,
    ] {
        agrees(error, "");
    }
    agrees(domain::duration::parse("soon").unwrap_err(), "");
    let illegal = State::Paused.after(Step::Enable).unwrap_err();
    let said = format!("{illegal}: resume it instead");
    assert_eq!(Language::English.tell(&illegal.into()), said);
}
