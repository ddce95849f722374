//! What became of one attempt, and what that means for the delivery.

use std::time::Duration;

/// The part of an exchange that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Resolving the host's name.
    Dns,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Waiting for the response's head.
    FirstByte,
    /// Reading the response's body.
    Body,
}

/// Everything that can happen to one HTTP exchange. Texts are short, for people, and hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for, already relative to now.
        retry_after: Option<Duration>,
    },
    /// The deadline passed in this phase.
    TimedOut(Phase),
    /// The name does not resolve.
    DnsFailed(String),
    /// The connection was refused, reset or unreachable.
    ConnectFailed(String),
    /// The TLS handshake failed: certificate, protocol, name.
    TlsFailed(String),
    /// The peer broke HTTP, or closed before a whole response.
    ProtocolFailed(String),
    /// Policy forbids this address, name, scheme or port; no connection was opened.
    Denied(String),
    /// The webhook's secrets cannot be opened by this process's keyring; nothing was sent.
    Sealed,
}

/// What an outcome means for the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Delivered,
    /// 410: the endpoint wants nothing any more.
    Gone,
    /// An attempt was spent; try again, not before this long.
    Failed {
        /// What the endpoint asked to wait.
        retry_after: Option<Duration>,
        /// Whether the endpoint asked for less traffic (429, 503).
        throttled: bool,
    },
    /// Nothing was sent and no attempt spent.
    Deferred,
}

impl Outcome {
    /// Every class.
    pub const CLASSES: [&'static str; 15] = [
        "success",
        "redirect",
        "client-error",
        "server-error",
        "timeout-dns",
        "timeout-connect",
        "timeout-tls",
        "timeout-first-byte",
        "timeout-body",
        "dns",
        "connect",
        "tls",
        "protocol",
        "denied",
        "sealed",
    ];

    /// 2xx is success and nothing else is; a redirect is a failure, for it is never followed.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Answered { status: 200..=299, .. } => Verdict::Delivered,
            Self::Answered { status: 410, .. } => Verdict::Gone,
            Self::Answered { status, retry_after } => {
                Verdict::Failed { retry_after: *retry_after, throttled: matches!(status, 429 | 503) }
            }
            Self::TimedOut(_)
            | Self::DnsFailed(_)
            | Self::ConnectFailed(_)
            | Self::TlsFailed(_)
            | Self::ProtocolFailed(_)
            | Self::Denied(_) => Verdict::Failed { retry_after: None, throttled: false },
            Self::Sealed => Verdict::Deferred,
        }
    }

    /// The HTTP status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::TimedOut(_)
            | Self::DnsFailed(_)
            | Self::ConnectFailed(_)
            | Self::TlsFailed(_)
            | Self::ProtocolFailed(_)
            | Self::Denied(_)
            | Self::Sealed => None,
        }
    }

    /// A stable name for metrics and records, from a closed set.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Answered { status: 200..=299, .. } => "success",
            Self::Answered { status: 300..=399, .. } => "redirect",
            Self::Answered { status: 400..=499, .. } => "client-error",
            Self::Answered { .. } => "server-error",
            Self::TimedOut(Phase::Dns) => "timeout-dns",
            Self::TimedOut(Phase::Connect) => "timeout-connect",
            Self::TimedOut(Phase::Tls) => "timeout-tls",
            Self::TimedOut(Phase::FirstByte) => "timeout-first-byte",
            Self::TimedOut(Phase::Body) => "timeout-body",
            Self::DnsFailed(_) => "dns",
            Self::ConnectFailed(_) => "connect",
            Self::TlsFailed(_) => "tls",
            Self::ProtocolFailed(_) => "protocol",
            Self::Denied(_) => "denied",
            Self::Sealed => "sealed",
        }
    }

    /// A sentence for people.
    pub fn explain(&self) -> String {
        match self {
            Self::Answered { status: status @ 300..=399, .. } => {
                format!("the endpoint answered {status}: redirects are not followed, give the final address")
            }
            Self::Answered { status, .. } => format!("the endpoint answered {status}"),
            Self::TimedOut(phase) => format!("time ran out while {}", phase.doing()),
            Self::DnsFailed(why) => format!("the host's name does not resolve: {why}"),
            Self::ConnectFailed(why) => format!("no connection: {why}"),
            Self::TlsFailed(why) => format!("TLS failed: {why}"),
            Self::ProtocolFailed(why) => format!("no valid HTTP response: {why}"),
            Self::Denied(why) => format!("not allowed: {why}"),
            Self::Sealed => SEALED.to_owned(),
        }
    }

    /// The outcome that [`explain`](Self::explain) says this of, so that a record of it can be told in another language;
    /// none of other words. What `Retry-After` asked for is not among them.
    pub fn explained(text: &str) -> Option<Self> {
        type Of = fn(String) -> Outcome;
        let because: [(&str, Of); 5] = [
            ("the host's name does not resolve: ", Self::DnsFailed),
            ("no connection: ", Self::ConnectFailed),
            ("TLS failed: ", Self::TlsFailed),
            ("no valid HTTP response: ", Self::ProtocolFailed),
            ("not allowed: ", Self::Denied),
        ];
        if let Some(answer) = text.strip_prefix("the endpoint answered ") {
            let status = answer.split(':').next()?.parse().ok()?;
            return Some(Self::Answered { status, retry_after: None });
        }
        if let Some(doing) = text.strip_prefix("time ran out while ") {
            return Phase::ALL.into_iter().find(|phase| phase.doing() == doing).map(Self::TimedOut);
        }
        if text == SEALED {
            return Some(Self::Sealed);
        }
        because.into_iter().find_map(|(prefix, of)| text.strip_prefix(prefix).map(|why| of(why.to_owned())))
    }
}

const SEALED: &str = "the secrets of this webhook cannot be opened with the keys at hand";

impl Phase {
    const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::FirstByte, Self::Body];

    fn doing(self) -> &'static str {
        match self {
            Self::Dns => "resolving the host's name",
            Self::Connect => "connecting",
            Self::Tls => "negotiating TLS",
            Self::FirstByte => "waiting for a response",
            Self::Body => "reading the response",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, retry_after: None }
    }

    #[test]
    fn only_2xx_is_success() {
        for status in 100..600 {
            assert_eq!(
                answered(status).verdict() == Verdict::Delivered,
                (200..300).contains(&status),
                "{status}"
            );
        }
    }

    #[test]
    fn what_is_said_of_an_outcome_tells_which_it_was() {
        let because = [
            Outcome::DnsFailed,
            Outcome::ConnectFailed,
            Outcome::TlsFailed,
            Outcome::ProtocolFailed,
            Outcome::Denied,
        ];
        let failed = because.into_iter().map(|of| of("reset: by peer".to_owned()));
        let late = Phase::ALL.into_iter().map(Outcome::TimedOut);
        let all = (100..600).map(answered).chain(failed).chain(late).chain([Outcome::Sealed]);
        for outcome in all {
            assert_eq!(Outcome::explained(&outcome.explain()).as_ref(), Some(&outcome));
        }
        for text in
            ["", "the endpoint answered", "the endpoint answered nothing", "time ran out while asleep"]
        {
            assert_eq!(Outcome::explained(text), None, "{text}");
        }
    }

    #[test]
    fn gone_is_told_from_other_failures_and_throttling_is_noticed() {
        assert_eq!(answered(410).verdict(), Verdict::Gone);
        for (status, throttled) in [(302, false), (404, false), (429, true), (500, false), (503, true)] {
            assert_eq!(answered(status).verdict(), Verdict::Failed { retry_after: None, throttled });
        }
    }

    #[test]
    fn every_outcome_has_a_class_of_the_list_and_every_class_an_outcome() {
        let text = String::new;
        let phases = [Phase::Dns, Phase::Connect, Phase::Tls, Phase::FirstByte, Phase::Body];
        let mut all: Vec<_> = [200, 301, 404, 500].map(answered).into();
        all.extend(phases.map(Outcome::TimedOut));
        all.extend([Outcome::DnsFailed(text()), Outcome::ConnectFailed(text()), Outcome::TlsFailed(text())]);
        all.extend([Outcome::ProtocolFailed(text()), Outcome::Denied(text()), Outcome::Sealed]);
        assert_eq!(all.iter().map(Outcome::class).collect::<Vec<_>>(), Outcome::CLASSES);
    }

    #[test]
    fn what_was_never_sent_spends_no_attempt() {
        assert_eq!(Outcome::Sealed.verdict(), Verdict::Deferred);
        assert!(matches!(Outcome::Denied("loopback".into()).verdict(), Verdict::Failed { .. }));
    }
}
