//! Requests that may be said again: what an `Idempotency-Key` may be, and what makes two requests the same.

use domain::{KeyHash, Keyring, Place};

use super::access::Actor;
use crate::problem::Refusal;

/// A request with an `Idempotency-Key`.
#[derive(Debug)]
pub struct Repeatable {
    /// What it goes by: of one API key, on one route. A hash, for keys may be long.
    pub name: String,
    meaning: Vec<u8>,
}

/// What is done, and how.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The route, without ids.
    pub route: &'a str,
    /// The path and the query.
    pub target: &'a str,
    /// The revision that is asked for.
    pub if_match: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

const MAX_KEY: usize = 255;

/// Reads the header: a string as structured fields have it (`"8e03978e"`), or the same without quotes.
///
/// # Errors
/// When there is more than one, or it is none, empty or too long.
pub fn key<'h>(mut values: impl Iterator<Item = &'h [u8]>) -> Result<Option<String>, Refusal> {
    let Some(value) = values.next() else { return Ok(None) };
    let bare = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b'"').then(|| text.to_owned());
    let read = std::str::from_utf8(value).ok().map(str::trim).and_then(|text| {
        match text.strip_prefix('"').map(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.and_then(unescaped),
            None => bare(text),
        }
    });
    match read.filter(|key| (1..=MAX_KEY).contains(&key.len()) && values.next().is_none()) {
        Some(key) => Ok(Some(key)),
        None => Err(Refusal::IdempotencyKeyMalformed),
    }
}

/// What stands between the quotes; only they and the backslash are escaped.
fn unescaped(text: &str) -> Option<String> {
    let (mut read, mut rest) = (String::with_capacity(text.len()), text.chars());
    while let Some(next) = rest.next() {
        match next {
            '\\' => read.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            ' '..='~' if next != '"' => read.push(next),
            _ => return None,
        }
    }
    Some(read)
}

impl Repeatable {
    /// A request of somebody's.
    pub fn new(actor: &Actor, key: &str, said: Said<'_>) -> Self {
        let name = KeyHash::of(&format!("{}\n{}\n{key}", actor.key().hash, said.route)).to_string();
        let mut meaning = b"idempotency".to_vec();
        for part in [said.target.as_bytes(), said.if_match, said.body] {
            meaning.extend_from_slice(&(part.len() as u64).to_be_bytes());
            meaning.extend_from_slice(part);
        }
        Self { name, meaning }
    }

    /// What tells it from others of its name. Nobody guesses a body by it who has no keyring.
    pub fn fingerprint(&self, keyring: &Keyring) -> String {
        hex(&keyring.mac(&self.meaning))
    }

    /// Whether it is the one of that fingerprint, which may have been made under another key of the ring.
    pub fn is(&self, fingerprint: &str, keyring: &Keyring) -> bool {
        keyring.macs(&self.meaning).iter().any(|mac| hex(mac) == fingerprint)
    }

    /// Where its answer is sealed.
    pub fn place(&self) -> Place<'_> {
        Place { record: &self.name, field: "idempotency" }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::key;
    use super::*;
    use crate::testing::*;

    fn read(value: &str) -> Result<Option<String>, Refusal> {
        key([value.as_bytes()].into_iter())
    }

    #[test]
    fn a_key_is_a_string_with_or_without_quotes() {
        for (value, expected) in
            [("\"8e03-f\"", "8e03-f"), ("8e03-f", "8e03-f"), (r#""a \"b\" \\""#, r#"a "b" \"#), (" x ", "x")]
        {
            assert_eq!(read(value), Ok(Some(expected.to_owned())));
        }
        assert_eq!(key(std::iter::empty()), Ok(None));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "x".repeat(256);
        for value in ["", "\"\"", "\"a", "a\"", "a b", "\"a\\x\"", "\"é\"", "\"a\"b\"", &long] {
            assert_eq!(read(value), Err(Refusal::IdempotencyKeyMalformed), "{value}");
        }
        assert!(key([&b"a"[..], b"a"].into_iter()).is_err(), "there is one, or none");
    }

    #[test]
    fn a_request_is_the_same_by_all_that_it_says_and_its_name_is_its_owners() {
        let (registry, keyring) = (registry(), keyring());
        let said = Said { route: "/v1/webhooks", target: "/v1/webhooks", if_match: b"", body: b"{}" };
        let of = |who: &str, said: Said<'_>| Repeatable::new(&actor(&registry, who), "k", said);
        let first = of(ACME, said);
        let print = first.fingerprint(&keyring);
        assert!(first.is(&print, &keyring) && of(ACME, said).is(&print, &keyring));
        assert_eq!(first.name, of(ACME, Said { body: b"[]", ..said }).name);
        assert_ne!(first.name, of(BOLT, said).name);
        for other in [
            Said { body: b"[]", ..said },
            Said { target: "/v1/webhooks?a", ..said },
            Said { if_match: b"{}", body: b"", ..said },
        ] {
            assert!(!of(ACME, other).is(&print, &keyring), "{other:?}");
        }
    }
}
