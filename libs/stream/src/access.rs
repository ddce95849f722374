//! What Kafka refuses us: a certificate that nobody trusts, a password, a right; and a token that nobody gives us for it.
//!
//! Clients go on trying by themselves and mention a refusal in passing, each in its own way, while all else looks as if Kafka
//! were away. So what any client of this process was refused is remembered, and told in one place, with what to look at.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

use crate::telemetry::Teller;

/// What clients were told lately. One for the whole process: its clients have one user.
static TOLD: Mutex<Told> = Mutex::new(Told { refusals: Vec::new(), answered: None });

#[derive(Debug, Default)]
struct Told {
    /// Each once, the last one last.
    refusals: Vec<Refusal>,
    /// When Kafka answered a question last.
    answered: Option<Instant>,
}

#[derive(Debug)]
struct Refusal {
    by: By,
    at: Instant,
    why: String,
}

/// Who refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Kafka,
    /// Whoever gives tokens (OAUTHBEARER), or nobody where he should be.
    Tokens,
    /// Whoever gives tokens says that he cannot now.
    BusyTokens,
}

impl By {
    /// Clients try again within seconds, and whoever waits for topics twice in that time: what was not refused for so long is not
    /// any more. Where who gives tokens cannot now, the client tries five times in almost a minute before it says so.
    const fn stands_for(self) -> Duration {
        match self {
            Self::Kafka | Self::Tokens => Duration::from_secs(30),
            Self::BusyTokens => Duration::from_secs(75),
        }
    }
}

/// Who got an answer a moment ago does not need a new token yet.
const MOMENT: Duration = Duration::from_secs(5);

/// Whether Kafka has refused nothing lately, and since this was made: what was refused to those who came before, with another
/// password, is none of ours. A check of readiness, and a metric.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    since: Instant,
}

impl Access {
    /// Begins to look.
    pub fn watch() -> Self {
        Self { since: Instant::now() }
    }

    /// Whether all is well. As long as Kafka answers it is, also without a new token: those that are there are good until they
    /// end, and a process that works must not lose its work because somebody is away whom it does not need yet.
    ///
    /// # Errors
    /// What was refused, and which settings or rights to look at.
    pub fn state(&self) -> Result<(), String> {
        told().state(self.since, Instant::now())
    }
}

impl Collector for Access {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "1 where Kafka has refused this process something within half a minute: a certificate, a password, a right; \
                    or nobody gave it a token.";
        let is_refused = told().standing(self.since, Instant::now()).next().is_some();
        Teller(encoder).number("kafka_refused", help, usize::from(is_refused))
    }
}

fn told() -> MutexGuard<'static, Told> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told {
    /// What was refused since then and still stands.
    fn standing(&self, since: Instant, now: Instant) -> impl Iterator<Item = &Refusal> {
        let stands = move |refusal: &&Refusal| {
            refusal.at >= since && now.duration_since(refusal.at) < refusal.by.stands_for()
        };
        self.refusals.iter().filter(stands)
    }

    fn state(&self, since: Instant, now: Instant) -> Result<(), String> {
        let is_in = self.answered.is_some_and(|at| at >= since && now.duration_since(at) < MOMENT);
        let is_kafkas = |refusal: &Refusal| refusal.by == By::Kafka;
        let last = |kafkas: bool| self.standing(since, now).filter(|it| is_kafkas(it) == kafkas).last();
        // Whoever has no token, or one that has ended, is told so by both.
        let why: Vec<_> = [last(false).filter(|_| !is_in), last(true)].into_iter().flatten().collect();
        let why: Vec<_> = why.iter().map(|refusal| refusal.why.as_str()).collect();
        if why.is_empty() { Ok(()) } else { Err(why.join("; ")) }
    }

    /// Whether this is another one than those that still stand.
    fn refused(&mut self, by: By, why: String, now: Instant) -> bool {
        self.refusals.retain(|it| now.duration_since(it.at) < it.by.stands_for());
        // The client's error and its log say it in the same words, and only the log says whether he is busy.
        let before = self.refusals.iter().position(|it| it.why == why).map(|it| self.refusals.remove(it).by);
        let by = if before == Some(By::BusyTokens) { By::BusyTokens } else { by };
        self.refusals.push(Refusal { by, at: now, why });
        before.is_none()
    }
}

/// Remembers a refusal, and says it aloud if it is another one than before. Anything else is passed over.
pub(crate) fn note(error: &KafkaError, reason: &str) {
    let Some(look) = error.rdkafka_error_code().and_then(|code| look_at(code, reason)) else { return };
    refused(if look == NO_TOKEN { By::Tokens } else { By::Kafka }, &explained(look, reason));
}

/// Remembers that there was no token, if it is that what a client's log says: it tells it as an error, too, but only once. Whether
/// it is.
pub(crate) fn note_log(facility: &str, message: &str) -> bool {
    let said = (facility == "OIDC").then(|| token_log(message)).flatten();
    if let Some((words, by)) = said {
        refused(by, &explained(NO_TOKEN, words));
    }
    said.is_some()
}

/// Notes that Kafka answered a question.
pub(crate) fn answered() {
    told().answered = Some(Instant::now());
}

fn refused(by: By, why: &str) {
    let is_news = told().refused(by, why.to_owned(), Instant::now());
    if is_news {
        tracing::error!("{why}");
    }
}

/// Which errors are refusals, and what to look at then.
const LOOK: [(&[RDKafkaErrorCode], &str); 3] = [
    (
        &[RDKafkaErrorCode::SSL],
        "no TLS connection to Kafka: look at the brokers' certificates and their end, and at the client settings \
         ssl.ca.location, ssl.certificate.location, ssl.key.location",
    ),
    (
        &[
            RDKafkaErrorCode::Authentication,
            RDKafkaErrorCode::SaslAuthenticationFailed,
            RDKafkaErrorCode::UnsupportedSASLMechanism,
        ],
        "Kafka does not let this user in: look at the client settings sasl.username, sasl.password, sasl.mechanism",
    ),
    (
        &[
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::GroupAuthorizationFailed,
            RDKafkaErrorCode::ClusterAuthorizationFailed,
            RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
        ],
        "a right is missing: look at what each service's Kafka user needs, in docs/operations/install.md",
    ),
];

/// What to look at where the client got no token.
const NO_TOKEN: &str = "no token to show to Kafka: look at the client settings sasl.oauthbearer.token.endpoint.url, \
                        sasl.oauthbearer.client.id, sasl.oauthbearer.client.secret, https.ca.location";

/// What to look at where Kafka does not take the token.
const BAD_TOKEN: &str = "Kafka does not take this user's token: look at its end, at the client settings sasl.oauthbearer.client.id, \
                         sasl.oauthbearer.scope, and at the audience, the issuer and the keys that the brokers expect";

/// What a refusal says.
fn explained(look: &str, reason: &str) -> String {
    format!("{look} ({})", told_in(reason))
}

/// What to look at after this error; none if it is no refusal.
pub(crate) fn look_at(code: RDKafkaErrorCode, reason: &str) -> Option<&'static str> {
    let (_, look) = LOOK.iter().find(|(codes, _)| codes.contains(&code))?;
    if reason.starts_with(TOKEN_ERROR) {
        Some(NO_TOKEN)
    } else if reason.contains("invalid_token") {
        Some(BAD_TOKEN)
    } else {
        Some(look)
    }
}

/// How the client begins where it got no token.
const TOKEN_ERROR: &str = "Failed to acquire SASL OAUTHBEARER token: ";

/// Answers after which the client tries again before it says so.
const BUSY: [&str; 7] = ["408", "425", "429", "500", "502", "503", "504"];

/// The words of `[thrd:background]: Failed to retrieve OIDC token from "https://…": words (401)`.
fn token_log(message: &str) -> Option<(&str, By)> {
    let (_, rest) = message.split_once("Failed to retrieve OIDC token from \"")?;
    let (_, rest) = rest.split_once("\": ")?;
    let (words, status) = rest.rsplit_once(" (")?;
    let is_busy = BUSY.contains(&status.trim_end().trim_end_matches(')'));
    Some((words, if is_busy { By::BusyTokens } else { By::Tokens }))
}

/// The client's own words, without the times and counts in which two tellings of the same differ.
pub(crate) fn told_in(reason: &str) -> String {
    let reason = reason.strip_prefix(TOKEN_ERROR).unwrap_or(reason);
    let end = reason.find(" (after ").or_else(|| reason.find(" (in state "));
    let reason = reason[..end.unwrap_or(reason.len())].trim();
    // Whoever does not reach the identity provider says after how many milliseconds.
    match reason.split_once(" after ").and_then(|(what, rest)| Some((what, rest.split_once(" ms: ")?.1))) {
        Some((what, why)) => format!("{what}: {why}"),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_of(code: RDKafkaErrorCode, reason: &str) -> Option<String> {
        look_at(code, reason).map(|look| explained(look, reason))
    }

    #[test]
    fn a_refusal_says_what_to_look_at_and_a_broker_that_is_away_is_none() {
        let reason = "sasl_ssl://127.0.0.1:9092/bootstrap: SASL authentication error: invalid credentials \
                      (after 306ms in state AUTH_REQ)";
        let why = told_of(RDKafkaErrorCode::Authentication, reason).unwrap_or_default();
        assert!(why.contains("sasl.password") && why.ends_with("invalid credentials)"), "{why}");
        let why = told_of(RDKafkaErrorCode::SSL, "certificate has expired");
        assert!(why.is_some_and(|it| it.contains("ssl.ca")));
        let why = told_of(RDKafkaErrorCode::TopicAuthorizationFailed, "postbode.events");
        assert!(why.is_some_and(|it| it.contains("right") && it.contains("postbode.events")));
        assert_eq!(told_of(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down"), None);
    }

    #[test]
    fn a_token_that_nobody_gave_is_told_in_the_same_words_by_error_and_by_log() {
        let error = "Failed to acquire SASL OAUTHBEARER token: Failed to connect to id port 443 after 2 ms: Could not connect";
        let why = told_of(RDKafkaErrorCode::Authentication, error).unwrap_or_default();
        assert!(
            why.starts_with(NO_TOKEN)
                && why.ends_with("(Failed to connect to id port 443: Could not connect)"),
            "{why}"
        );
        let log = "[thrd:background]: Failed to retrieve OIDC token from \"https://id/token\": \
                   Failed to connect to id port 443 after 17 ms: Could not connect (-1)";
        let (words, by) = token_log(log).unwrap();
        assert_eq!((explained(NO_TOKEN, words), by), (why, By::Tokens));
        let busy =
            "[thrd:background]: Failed to retrieve OIDC token from \"https://id/token\": come back (503)";
        assert_eq!(token_log(busy), Some(("come back", By::BusyTokens)));
        let refused = "sasl_ssl://b:9093/1: SASL authentication error: {\"status\":\"invalid_token\"} (after 3ms in state AUTH_REQ)";
        assert_eq!(look_at(RDKafkaErrorCode::Authentication, refused), Some(BAD_TOKEN));
    }

    #[test]
    fn without_a_token_all_is_well_as_long_as_kafka_answers() {
        let (begin, mut told) = (Instant::now(), Told::default());
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        told.answered = Some(at(1));
        assert!(told.refused(By::BusyTokens, "nobody there".to_owned(), at(2)));
        assert!(!told.refused(By::Tokens, "nobody there".to_owned(), at(3)), "it is said once");
        assert_eq!(told.state(begin, at(4)), Ok(()));
        assert_eq!(told.standing(begin, at(4)).count(), 1, "the metric tells it all the same");
        assert_eq!(
            told.state(at(2), at(4)),
            Err("nobody there".to_owned()),
            "the answer was for those before"
        );
        assert!(told.refused(By::Kafka, "too old".to_owned(), at(7)));
        assert_eq!(told.state(begin, at(7)), Err("nobody there; too old".to_owned()));
        assert_eq!(told.state(begin, at(40)), Err("nobody there".to_owned()), "it is repeated less often");
        told.answered = Some(at(41));
        assert_eq!(told.state(begin, at(42)), Ok(()), "it has got one");
    }

    #[test]
    fn what_several_brokers_refuse_in_turn_is_said_once_each() {
        let (now, mut told) = (Instant::now(), Told::default());
        let mut refused = |why: &str| told.refused(By::Kafka, why.to_owned(), now);
        assert_eq!(["1", "2", "1", "2", "1"].map(&mut refused), [true, true, false, false, false]);
    }

    #[test]
    fn what_was_refused_before_is_no_matter_of_who_comes_after() {
        let before = Access::watch();
        let refusal = KafkaError::Global(RDKafkaErrorCode::TopicAuthorizationFailed);
        note(&refusal, "postbode.events");
        let after = Access::watch();
        assert!(before.state().is_err_and(|why| why.contains("postbode.events")));
        assert_eq!(after.state(), Ok(()));
    }
}
