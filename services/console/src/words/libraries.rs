//! What the libraries' errors say. What is new there does not compile before it has a word here.

use domain::duration::InvalidDuration;
use domain::{IllegalStep, Outcome, Phase};
use outbound::{Denial, Forbidden, HeaderRejection, LookupError, UrlRejection};
use trigger::{FilterError, Mismatch};

use super::{Sentence, sentence};

impl From<UrlRejection> for Sentence {
    fn from(rejection: UrlRejection) -> Self {
        match rejection {
            UrlRejection::Unreadable(why) => sentence!("url-unreadable", why = why),
            UrlRejection::TooLong => sentence!("url-long"),
            UrlRejection::Spelling => sentence!("url-spelling"),
            UrlRejection::Scheme(scheme) => sentence!("url-scheme", scheme = scheme),
            UrlRejection::HttpsRequired => sentence!("url-https"),
            UrlRejection::UserInfo => sentence!("url-user"),
            UrlRejection::Fragment => sentence!("url-fragment"),
            UrlRejection::NoHost => sentence!("url-no-host"),
            UrlRejection::OddAddress { written, meant } => {
                sentence!("url-odd-address", written = written, meant = meant)
            }
            UrlRejection::Address { address, reason } => {
                sentence!("url-address", address = address, what = Self::from(reason))
            }
            UrlRejection::TrailingDot(host) => sentence!("url-trailing-dot", host = host),
            UrlRejection::SingleLabel(host) => sentence!("url-single-label", host = host),
            UrlRejection::LocalName(host) => sentence!("url-local-name", host = host),
            UrlRejection::MalformedName(host) => sentence!("url-malformed-name", host = host),
            UrlRejection::Port { port, allowed } => sentence!("url-port", port = port, allowed = allowed),
        }
    }
}

impl From<Forbidden> for Sentence {
    fn from(what: Forbidden) -> Self {
        match what {
            Forbidden::Unspecified => sentence!("address-unspecified"),
            Forbidden::Loopback => sentence!("address-loopback"),
            Forbidden::Private => sentence!("address-private"),
            Forbidden::CarrierNat => sentence!("address-carrier"),
            Forbidden::LinkLocal => sentence!("address-link-local"),
            Forbidden::Metadata => sentence!("address-metadata"),
            Forbidden::Multicast => sentence!("address-multicast"),
            Forbidden::Broadcast => sentence!("address-broadcast"),
            Forbidden::Documentation => sentence!("address-documentation"),
            Forbidden::Benchmarking => sentence!("address-benchmarking"),
            Forbidden::Transition => sentence!("address-transition"),
            Forbidden::Reserved => sentence!("address-reserved"),
        }
    }
}

impl From<Denial> for Sentence {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Address { address, reason } => {
                sentence!("denied-address", address = address, what = Self::from(reason))
            }
            Denial::Port { port } => sentence!("denied-port", port = port),
        }
    }
}

impl From<HeaderRejection> for Sentence {
    fn from(rejection: HeaderRejection) -> Self {
        match rejection {
            HeaderRejection::Name(name) => sentence!("header-name", name = name),
            HeaderRejection::Reserved(name) => sentence!("header-reserved", name = name),
            HeaderRejection::Value(name) => sentence!("header-value", name = name),
            HeaderRejection::TooLong(name) => sentence!("header-value-long", name = name),
        }
    }
}

impl From<LookupError> for Sentence {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::NotFound => sentence!("lookup-none"),
            LookupError::TimedOut => sentence!("lookup-late"),
            LookupError::Failed(why) => Self::verbatim(why),
            LookupError::Denied(denial) => sentence!("lookup-denied", why = Self::from(denial)),
            LookupError::Unscoped => sentence!("lookup-unscoped"),
        }
    }
}

/// Why no answer came stands in the words of the system, the TLS library or the policy: an attempt remembers no more.
impl From<&Outcome> for Sentence {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Answered { status: status @ 300..=399, .. } => {
                sentence!("outcome-redirect", status = status)
            }
            Outcome::Answered { status, .. } => sentence!("outcome-answered", status = status),
            Outcome::TimedOut(phase) => sentence!("outcome-late", phase = phase_name(*phase)),
            Outcome::DnsFailed(why) => sentence!("outcome-dns", why = why),
            Outcome::ConnectFailed(why) => sentence!("outcome-connect", why = why),
            Outcome::TlsFailed(why) => sentence!("outcome-tls", why = why),
            Outcome::ProtocolFailed(why) => sentence!("outcome-protocol", why = why),
            Outcome::Denied(why) => sentence!("outcome-denied", why = why),
            Outcome::Sealed => sentence!("outcome-sealed"),
        }
    }
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "dns",
        Phase::Connect => "connect",
        Phase::Tls => "tls",
        Phase::FirstByte => "first-byte",
        Phase::Body => "body",
    }
}

impl From<FilterError> for Sentence {
    fn from(error: FilterError) -> Self {
        match error {
            FilterError::Empty => sentence!("filter-empty"),
            FilterError::TooLong(length) => {
                sentence!("filter-long", length = length, most = trigger::MAX_SOURCE)
            }
            FilterError::TooDeep => sentence!("filter-deep", most = trigger::MAX_DEPTH),
            FilterError::TooManyAdditions(count) => {
                sentence!("filter-additions", count = count, most = trigger::MAX_ADDITIONS)
            }
            FilterError::AddsInLoop => sentence!("filter-adds-in-loop"),
            FilterError::LoopInLoop => sentence!("filter-loop-in-loop"),
            FilterError::LoopWithoutName => sentence!("filter-loop-nameless"),
            FilterError::LoopAsFunction(name) => sentence!("filter-calls-loop", name = name),
            FilterError::Matches => sentence!("filter-calls-matches"),
            FilterError::Map => sentence!("filter-calls-map"),
            FilterError::UnknownFunction(name) => sentence!("filter-calls", name = name),
            FilterError::UnknownName(name) => {
                sentence!("filter-name", name = name, names = trigger::VARIABLES.join(", "))
            }
            FilterError::HasOfNoMember => sentence!("filter-has"),
            FilterError::Structure => sentence!("filter-structure"),
            FilterError::NotUnderstood => sentence!("filter-not-understood"),
            FilterError::NotUnderstoodAt { line, column, why } => {
                sentence!("filter-not-understood-at", line = line, column = column, why = why)
            }
            FilterError::NotCompiled => sentence!("filter-not-compiled"),
        }
    }
}

impl From<Mismatch> for Sentence {
    fn from(mismatch: Mismatch) -> Self {
        match mismatch {
            Mismatch::Database => sentence!("verdict-database"),
            Mismatch::Collection => sentence!("verdict-collection"),
            Mismatch::Caller => sentence!("verdict-caller"),
            Mismatch::Fields => sentence!("verdict-fields"),
            Mismatch::Filter => sentence!("verdict-filter"),
        }
    }
}

impl From<InvalidDuration> for Sentence {
    fn from(InvalidDuration(text): InvalidDuration) -> Self {
        sentence!("not-a-duration", text = text)
    }
}

impl From<IllegalStep> for Sentence {
    fn from(IllegalStep { from, step }: IllegalStep) -> Self {
        sentence!("illegal-step", from = from, step = step)
    }
}

#[cfg(test)]
mod tests;
