//! Links by which the platform's own dashboard sends its people here.

use std::time::Duration;

use domain::{AccountId, Timestamp};
use url::Url;
use wire::HumanDuration;
use wire::api::NewPortalLink;

use super::access::Guest;
use super::chance::{self, Chance};
use super::fields::{self, Errors};
use crate::problem::Refusal;
use crate::words::sentence;

/// A link to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whom it signs in.
    pub guest: Guest,
    /// What it is called in its URL: nobody can guess it.
    pub token: String,
    /// Until when it waits.
    pub expires_at: Timestamp,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const MAX_LOGO: usize = 32 * 1024;
const MAX_PLATFORM: usize = 50;
const MAX_URL: usize = 2048;
const IMAGES: [&str; 4] = ["png", "jpeg", "webp", "svg+xml"];

/// Checks a request for a link.
///
/// # Errors
/// Names each field that will not do.
pub fn prepare(
    new: &NewPortalLink,
    account: &AccountId,
    writes: bool,
    now: Timestamp,
    chance: Chance<'_>,
) -> Result<Draft, Refusal> {
    let mut errors = Errors::default();
    let waits = within("expires_in", new.expires_in, 10 * MINUTE, MINUTE..=DAY, &mut errors);
    let lasts = within("session", new.session, 60 * MINUTE, 5 * MINUTE..=DAY, &mut errors);
    if new.platform.as_ref().is_some_and(|name| !(1..=MAX_PLATFORM).contains(&name.chars().count())) {
        errors.add("platform", sentence!("platform-length", most = MAX_PLATFORM));
    }
    if new.logo.as_ref().is_some_and(|logo| !is_logo(logo)) {
        errors.add("logo", sentence!("logo-wrong", kinds = IMAGES.join(", ")));
    }
    if new.colour.as_ref().is_some_and(|colour| !is_colour(colour)) {
        errors.add("colour", sentence!("colour-wrong"));
    }
    if new.return_url.as_ref().is_some_and(|url| !is_web(url)) {
        errors.add("return_url", sentence!("return-url-wrong"));
    }
    errors.finish()?;
    let guest = Guest {
        link: chance::id("link", now, chance),
        account: account.to_string(),
        writes: writes && !new.read_only,
        until: now + lasts,
        platform: new.platform.clone(),
        logo: new.logo.clone(),
        colour: new.colour.clone(),
        return_url: new.return_url.clone(),
    };
    Ok(Draft { guest, token: chance::hex::<32>(chance), expires_at: now + waits })
}

fn within(
    field: &str,
    asked: Option<HumanDuration>,
    usual: Duration,
    range: std::ops::RangeInclusive<Duration>,
    errors: &mut Errors,
) -> Duration {
    let length = asked.map_or(usual, Duration::from);
    if !range.contains(&length) {
        let (least, most) = (HumanDuration(*range.start()), HumanDuration(*range.end()));
        errors.add(field, fields::range(&(least..=most)));
    }
    length
}

fn is_logo(logo: &str) -> bool {
    let image = logo.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    let plain = |data: &str| data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    logo.len() <= MAX_LOGO && image.is_some_and(|(kind, data)| IMAGES.contains(&kind) && plain(data))
}

fn is_colour(colour: &str) -> bool {
    colour
        .strip_prefix('#')
        .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Nothing that a browser would run.
fn is_web(url: &str) -> bool {
    url.len() <= MAX_URL
        && Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, counting};

    fn prepared(new: &NewPortalLink) -> Result<Draft, Refusal> {
        prepare(new, &"acme".into(), true, NOW, &mut counting())
    }

    #[test]
    fn a_link_waits_ten_minutes_and_its_session_lasts_an_hour() {
        let draft = prepared(&NewPortalLink::default()).unwrap();
        assert_eq!(draft.expires_at, NOW + 10 * MINUTE);
        assert_eq!((draft.guest.until, draft.guest.writes), (NOW + 60 * MINUTE, true));
        assert_eq!(draft.token.len(), 64);
    }

    #[test]
    fn what_a_browser_would_run_or_fetch_elsewhere_is_refused() {
        let with = |change: fn(&mut NewPortalLink)| {
            let mut new = NewPortalLink::default();
            change(&mut new);
            prepared(&new).map(drop)
        };
        assert!(with(|new| new.logo = Some("data:image/png;base64,AAAA".into())).is_ok());
        assert!(with(|new| new.colour = Some("#1F5fbf".into())).is_ok());
        assert!(with(|new| new.return_url = Some("https://mail.example/".into())).is_ok());
        assert!(with(|new| new.logo = Some("https://evil.example/l.png".into())).is_err());
        assert!(with(|new| new.logo = Some("data:text/html;base64,AAAA".into())).is_err());
        assert!(with(|new| new.logo = Some("data:image/png;base64,A\"><script>".into())).is_err());
        assert!(with(|new| new.colour = Some("red;} body {".into())).is_err());
        assert!(with(|new| new.return_url = Some("javascript:alert(1)".into())).is_err());
        assert!(with(|new| new.platform = Some(String::new())).is_err());
        assert!(with(|new| new.session = Some(HumanDuration(2 * DAY))).is_err());
    }
}
