//! Who sends: from the `Authorization` header to an account. Pure.

use axum::http::{HeaderMap, header};
use domain::{AccountId, KeyHash, Registry, Scope, Timestamp};

use crate::refusal::Refusal;

/// Who sends events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The key's own account. Only an operator's key may have none.
    pub account: Option<AccountId>,
    /// Whether the key speaks for every account.
    pub operator: bool,
}

/// The hash of the key that a request presents.
///
/// # Errors
/// [`Refusal::Unauthenticated`] when there is no bearer token.
pub fn presented(headers: &HeaderMap) -> Result<KeyHash, Refusal> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or(Refusal::Unauthenticated("the header Authorization is missing: send Bearer and an API key"))?;
    let token = given
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    match token {
        Some(token) if !token.is_empty() => Ok(KeyHash::of(token)),
        Some(_) | None => {
            Err(Refusal::Unauthenticated("the header Authorization is not Bearer and an API key"))
        }
    }
}

/// Who holds that key, if it may send events.
///
/// # Errors
/// [`Refusal::Unauthenticated`] when nobody does or it has expired, [`Refusal::Forbidden`] when it lacks the scope.
pub fn author(registry: &Registry, key: &KeyHash, now: Timestamp) -> Result<Author, Refusal> {
    let key = registry.key(key).ok_or(UNKNOWN)?;
    if !key.is_valid(now) {
        return Err(Refusal::Unauthenticated("the API key has expired"));
    }
    if !key.allows(Scope::EventsWrite) {
        return Err(Refusal::Forbidden(format!("the API key lacks the scope {}", Scope::EventsWrite.name())));
    }
    Ok(Author { account: key.account.clone(), operator: key.is_operator() })
}

/// What is said of a key that nobody knows (yet).
pub const UNKNOWN: Refusal = Refusal::Unauthenticated("the API key is not known");

impl Author {
    /// The account of an event that names this one, or none; nothing if neither event nor key names one.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] when it is not the author's to name.
    pub fn speaks_for(&self, named: Option<&str>) -> Result<Option<AccountId>, Refusal> {
        match named {
            None => Ok(self.account.clone()),
            Some(named)
                if self.operator || self.account.as_ref().is_some_and(|own| own.as_str() == named) =>
            {
                Ok(Some(named.into()))
            }
            Some(named) => {
                Err(Refusal::Forbidden(format!("the API key does not speak for account '{named}'")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::HeaderValue;
    use domain::{ApiKey, Change, Offset, Revision};

    use super::*;

    fn registry(scope: Scope, expires_at: Option<i64>) -> Registry {
        let mut registry = Registry::default();
        let key = ApiKey {
            id: "key_1".into(),
            hash: KeyHash::of("pbk_1"),
            account: Some("acme".into()),
            name: String::new(),
            scopes: BTreeSet::from([scope]),
            expires_at: expires_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(0),
            revision: Revision(1),
        };
        registry.apply(Offset(0), Change::Key(key));
        registry
    }

    fn bearing(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_bearer_token_is_presented_by_its_hash() {
        assert_eq!(presented(&bearing("Bearer pbk_1")), Ok(KeyHash::of("pbk_1")));
        assert_eq!(presented(&bearing("bearer  pbk_1 ")), Ok(KeyHash::of("pbk_1")));
        for wrong in ["Basic cGJrXzE=", "Bearer", "Bearer ", "pbk_1"] {
            assert!(matches!(presented(&bearing(wrong)), Err(Refusal::Unauthenticated(_))), "{wrong}");
        }
        assert!(matches!(presented(&HeaderMap::new()), Err(Refusal::Unauthenticated(_))));
    }

    #[test]
    fn a_key_must_be_known_in_time_and_allowed_to_send() {
        let now = Timestamp::from_millis(10);
        let key = KeyHash::of("pbk_1");
        let acme = Author { account: Some("acme".into()), operator: false };
        assert_eq!(author(&registry(Scope::EventsWrite, None), &key, now), Ok(acme.clone()));
        assert_eq!(
            author(&registry(Scope::Operator, None), &key, now),
            Ok(Author { operator: true, ..acme })
        );
        assert_eq!(author(&registry(Scope::EventsWrite, None), &KeyHash::of("pbk_2"), now), Err(UNKNOWN));
        let expired = author(&registry(Scope::EventsWrite, Some(10)), &key, now);
        assert_eq!(expired, Err(Refusal::Unauthenticated("the API key has expired")));
        let reader = author(&registry(Scope::WebhooksRead, None), &key, now);
        assert!(matches!(reader, Err(Refusal::Forbidden(_))));
    }
}
