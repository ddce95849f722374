//! Which names may be asked for. Addresses are judged again when the name resolves; these rules keep names that
//! mean something else on each machine (search domains, hosts files, cluster services) out from the start.

use super::UrlRejection;

/// Top-level names that no public endpoint has.
const LOCAL_SUFFIXES: [&str; 10] =
    ["localhost", "local", "internal", "svc", "lan", "home", "corp", "intranet", "private", "home.arpa"];

/// Judges a name as `url` normalised it: lower case, punycode, at least one character.
pub(super) fn check_name(name: &str) -> Result<(), UrlRejection> {
    let refuse = |why: fn(String) -> UrlRejection| Err(why(name.to_owned()));
    if name.is_empty() {
        return Err(UrlRejection::NoHost);
    }
    if name.ends_with('.') {
        return refuse(UrlRejection::TrailingDot);
    }
    if !well_formed(name) {
        return refuse(UrlRejection::MalformedName);
    }
    if is_local(name) {
        return refuse(UrlRejection::LocalName);
    }
    if !name.contains('.') {
        return refuse(UrlRejection::SingleLabel);
    }
    Ok(())
}

/// Lengths as in RFC 1035; characters are left to `url` and to the name servers.
fn well_formed(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

fn is_local(name: &str) -> bool {
    let under = |suffix: &str| {
        name.strip_suffix(suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    LOCAL_SUFFIXES.into_iter().any(under) || name.contains(".svc.")
}
