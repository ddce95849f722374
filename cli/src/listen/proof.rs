//! Whether a call is genuine: by the secret that one shares with the platform, by the platform's own key, or both. What is
//! given must hold.

use domain::Timestamp;
use http::{HeaderMap, Uri};
use httpsig::{Received, Refusal};

use super::platform::Platform;
use super::verifier::{NotGenuine, Verifier};

/// What calls are checked with.
pub(super) struct Proofs {
    pub(super) standard: Option<Verifier>,
    pub(super) platform: Option<Platform>,
}

/// What was found; none of what was not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) standard: Option<Result<(), NotGenuine>>,
    /// The name of the key.
    pub(super) platform: Option<Result<String, Refusal>>,
}

impl Proofs {
    /// Whether anything is taken for genuine.
    pub(super) fn are_none(&self) -> bool {
        self.standard.is_none() && self.platform.is_none()
    }

    /// Checks a call.
    pub(super) async fn check(&self, uri: &Uri, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
        let standard = self.standard.as_ref().map(|verifier| verifier.check(headers, body, now.as_secs()));
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let platform = match &self.platform {
            Some(platform) => Some(platform.check(&Received { target, headers, body }, now).await),
            None => None,
        };
        Verdict { standard, platform }
    }
}

impl Verdict {
    /// Whether the call is genuine, if that was checked.
    pub(super) fn genuine(&self) -> Option<bool> {
        let checked = self.standard.is_some() || self.platform.is_some();
        checked.then(|| self.problem().is_none())
    }

    /// Why it is not: a sentence for each scheme that says so.
    pub(super) fn problem(&self) -> Option<String> {
        let standard = self.standard.as_ref().and_then(|it| it.as_ref().err()).map(ToString::to_string);
        let platform = self.platform.as_ref().and_then(|it| it.as_ref().err());
        let platform = platform.map(|why| format!("the platform's signature: {why}"));
        match (standard, platform) {
            (Some(one), Some(other)) => Some(format!("{one}; {other}")),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_checked_must_hold_and_every_scheme_says_why_it_does_not() {
        let verdict = |standard, platform| Verdict { standard, platform };
        let key = || Some(Ok("k.example".to_owned()));
        assert_eq!(verdict(None, None).genuine(), None);
        assert_eq!(verdict(Some(Ok(())), key()).genuine(), Some(true));
        let forged = verdict(Some(Ok(())), Some(Err(Refusal::Signature)));
        assert_eq!(forged.genuine(), Some(false));
        assert_eq!(forged.problem().unwrap(), "the platform's signature: the signature is wrong");
        let both = verdict(Some(Err(NotGenuine::Signature)), Some(Err(Refusal::Digest))).problem().unwrap();
        assert!(both.starts_with("no signature matches") && both.ends_with("the digest is not the body's"));
        assert_eq!(verdict(Some(Err(NotGenuine::Timestamp)), key()).genuine(), Some(false));
    }
}
