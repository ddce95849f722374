//! What a failed request means. Judged by types and by the step it was in, never by texts.

use std::error::Error;
use std::io;

use domain::{Outcome, Phase};

use crate::LookupError;
use crate::probe::Probe;

/// Longer texts are cut: they end up in headers and records.
const LONGEST_TEXT: usize = 200;

/// The outcome of a request that got no response.
pub(crate) fn failure(error: &reqwest::Error, probe: &Probe) -> Outcome {
    if let Some(lookup) = causes(error).find_map(<dyn Error>::downcast_ref::<LookupError>) {
        return lookup_failed(lookup);
    }
    if error.is_builder() {
        return Outcome::Denied("this URL cannot be requested".to_owned());
    }
    if error.is_timeout() {
        return Outcome::TimedOut(probe.phase());
    }
    if causes(error).any(is_tls) {
        return Outcome::TlsFailed(root_cause(error));
    }
    if error.is_connect() {
        return not_connected(error, probe.phase());
    }
    broken(error)
}

/// The outcome of a response whose body broke off, for those to whom the body matters.
pub(crate) fn broken(error: &reqwest::Error) -> Outcome {
    if let Some(why) = causes(error).find_map(connection_lost) {
        return Outcome::ConnectFailed(why.to_owned());
    }
    Outcome::ProtocolFailed(protocol_fault(error))
}

fn lookup_failed(error: &LookupError) -> Outcome {
    match error {
        LookupError::Denied(_) => Outcome::Denied(error.to_string()),
        LookupError::TimedOut => Outcome::TimedOut(Phase::Dns),
        LookupError::NotFound | LookupError::Failed(_) | LookupError::Unscoped => {
            Outcome::DnsFailed(cut(&error.to_string()))
        }
    }
}

fn not_connected(error: &reqwest::Error, phase: Phase) -> Outcome {
    match phase {
        Phase::Dns => Outcome::DnsFailed(root_cause(error)),
        Phase::Tls => Outcome::TlsFailed(root_cause(error)),
        Phase::Connect | Phase::FirstByte | Phase::Body => Outcome::ConnectFailed(root_cause(error)),
    }
}

fn protocol_fault(error: &reqwest::Error) -> String {
    let hyper = causes(error).find_map(<dyn Error>::downcast_ref::<hyper::Error>);
    match hyper {
        Some(error) if error.is_incomplete_message() => "the peer closed before a whole response".to_owned(),
        Some(error) if error.is_parse() => cut(&format!("the response's head is unreadable: {error}")),
        Some(_) | None => root_cause(error),
    }
}

fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<rustls::Error>()
}

fn connection_lost(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let kind = cause.downcast_ref::<io::Error>()?.kind();
    io_text(kind)
}

fn io_text(kind: io::ErrorKind) -> Option<&'static str> {
    const TEXTS: [(io::ErrorKind, &str); 8] = [
        (io::ErrorKind::ConnectionRefused, "the connection was refused"),
        (io::ErrorKind::ConnectionReset, "the connection was reset"),
        (io::ErrorKind::ConnectionAborted, "the connection was aborted"),
        (io::ErrorKind::BrokenPipe, "the connection was closed while sending"),
        (io::ErrorKind::NotConnected, "the connection was closed"),
        (io::ErrorKind::HostUnreachable, "the host is unreachable"),
        (io::ErrorKind::NetworkUnreachable, "the network is unreachable"),
        (io::ErrorKind::AddrNotAvailable, "no local address or port is free"),
    ];
    TEXTS.iter().find(|(listed, _)| *listed == kind).map(|(_, text)| *text)
}

/// The innermost cause in words. Never reqwest's own text, which holds the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let Some(cause) = causes(error).last() else {
        return "the request failed".to_owned();
    };
    cut(&connection_lost(cause).map_or_else(|| cause.to_string(), str::to_owned))
}

/// All causes, outermost first, also those inside an I/O error, which `source` passes over.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| next_cause(*cause))
}

fn next_cause<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        return Some(inner);
    }
    cause.source()
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect()
}
