//! Who may guess at keys, and how often.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::Quota;

use crate::rates::{self, Limiter};

/// Attempts to sign in, counted by where they come from.
#[derive(Debug)]
pub struct Guesses {
    limiter: Limiter<IpAddr>,
}

/// So many at once, …
const AT_ONCE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// … and so many a minute from then on.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

impl Default for Guesses {
    fn default() -> Self {
        Self { limiter: rates::limiter(Quota::per_minute(PER_MINUTE).allow_burst(AT_ONCE)) }
    }
}

impl Guesses {
    /// Whether one more attempt from there is looked at.
    pub fn may_guess(&self, from: IpAddr) -> bool {
        rates::count(&self.limiter, &neighbourhood(from)).is_ok()
    }
}

/// One customer of a provider has 2^64 addresses of the new kind.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_guesses_are_looked_at_and_others_are_not_punished() {
        let guesses = Guesses::default();
        let from = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..10 {
            assert!(guesses.may_guess(from("2001:db8::1")));
        }
        assert!(!guesses.may_guess(from("2001:db8::2")), "a neighbour is the same guesser");
        assert!(guesses.may_guess(from("2001:db8:0:1::1")));
        assert!(guesses.may_guess(from("192.0.2.1")));
    }
}
