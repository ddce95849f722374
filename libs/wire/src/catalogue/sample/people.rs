//! What samples are made of: people, servers' words, mail programs. All names are reserved for examples.

use domain::Timestamp;
use serde_json::{Value, json};

pub(super) const TAGS: &[&str] =
    &["newsletter", "welcome", "spring-sale", "receipt", "password-reset", "weekly-digest"];

pub(super) const PAGES: &[&str] = &["sale", "new", "cart", "account/orders", "caf%C3%A9", "about"];

pub(super) const CALLERS: &[&str] = &["shop", "import", "form"];

pub(super) const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
];

/// Action, state, SMTP code, enhanced code, the server's words.
pub(super) const FAILURES: &[(&str, &str, Option<u16>, &str, &str)] = &[
    (
        "failure",
        "rcptto",
        Some(550),
        "5.1.1",
        "5.1.1 The email account that you tried to reach does not exist",
    ),
    ("failure", "data", Some(554), "5.7.1", "5.7.1 Message refused: \"spam\" score 9.8"),
    ("failure", "mailfrom", Some(451), "4.7.1", "4.7.1 Greylisted, please try again later"),
    ("failure", "connect", None, "", "Connection timed out after 60 seconds"),
    ("failure", "dns", None, "", "No MX or A records found"),
    ("failed", "bounce", Some(552), "5.2.2", "5.2.2 Mailbox full"),
];

/// Given name, its form in an address, language, city.
const GIVEN: &[(&str, &str, &str, &str)] = &[
    ("Anna", "anna", "nl", "Amsterdam"),
    ("Zoë", "zoe", "nl", "Groningen"),
    ("Łukasz", "lukasz", "pl", "Łódź"),
    ("José", "jose", "es", "Málaga"),
    ("Grace", "grace", "en", "Dublin"),
    ("Jürgen", "juergen", "de", "Köln"),
    ("花子", "hanako", "ja", "京都"),
    ("Mohammed", "mohammed", "fr", "Lyon"),
];

const FAMILY: &[&str] = &["Jansen", "O'Brien", "de Vries", "Kowalska", "García", "Müller", "Sato", "Bakker"];

const HOSTS: &[&str] = &["example.com", "example.net", "example.org", "mail.example", "webmail.example"];

/// Someone who gets mail.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) city: &'static str,
    pub(super) language: &'static str,
}

impl Person {
    pub(super) fn drawn(draw: &mut Draw) -> Self {
        let (given, plain, language, city) = *draw.pick(GIVEN);
        let family = *draw.pick(FAMILY);
        let address = format!("{plain}.{}@{}", draw.below(100_000), draw.pick(HOSTS));
        Self { name: format!("{given} {family}"), address, city, language }
    }

    pub(super) fn fields(&self, newsletter: &str) -> Value {
        json!({"name": self.name, "email": self.address, "city": self.city, "newsletter": newsletter})
    }
}

/// Chance that always falls the same way: splitmix64.
pub(super) struct Draw(u64);

impl Draw {
    /// For one purpose and one number.
    pub(super) fn new(purpose: &str, n: u64) -> Self {
        // FNV-1a, so that purposes do not fall alike.
        let seed = purpose.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(seed ^ n.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under a bound.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        &from[index]
    }

    /// Letters and digits, as ids are made of.
    pub(super) fn code(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..length).map(|_| char::from(*self.pick(LETTERS))).collect()
    }
}

/// An address from the ranges for documentation.
pub(super) fn address(draw: &mut Draw) -> String {
    let last = draw.below(254) + 1;
    match draw.below(4) {
        0 => format!("192.0.2.{last}"),
        1 => format!("198.51.100.{last}"),
        2 => format!("203.0.113.{last}"),
        _ => format!("2001:db8:{:x}::{last:x}", draw.below(0xffff)),
    }
}

/// `YYYY-MM-DD HH:MM:SS` in UTC.
pub(super) fn date(at: Timestamp) -> String {
    let text = crate::text::rfc3339(at);
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        (None, _) | (_, None) => text,
    }
}

/// A delivery status notification.
pub(super) fn dsn(person: &Person, envelope: &str) -> String {
    mail(
        "MAILER-DAEMON@mx.example.net",
        envelope,
        "Undelivered Mail Returned to Sender",
        "multipart/report; report-type=delivery-status; boundary=\"b1\"",
        &format!(
            "--b1\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\
             --b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
             Final-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: 5.2.2\r\n--b1--\r\n",
            person.address
        ),
    )
}

/// An out-of-office answer.
pub(super) fn absence(person: &Person, envelope: &str) -> String {
    let body = format!("I am away until Monday.\r\n\r\n-- \r\n{}\r\n", person.name);
    mail(&person.address, envelope, "Out of office", "text/plain; charset=utf-8", &body)
}

/// A person's answer.
pub(super) fn answer(person: &Person, envelope: &str) -> String {
    let body = format!("Thank you! Does it come in blue?\r\n\r\n{}, {}\r\n", person.name, person.city);
    mail(&person.address, envelope, "Re: Your order", "text/plain; charset=utf-8", &body)
}

/// A feedback report (RFC 5965).
pub(super) fn complaint(person: &Person, envelope: &str, report: &str) -> String {
    mail(
        "feedback@isp.example",
        envelope,
        &format!("Abuse report {report}"),
        "multipart/report; report-type=feedback-report; boundary=\"b2\"",
        &format!(
            "--b2\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n\
             Original-Rcpt-To: {}\r\n--b2--\r\n",
            person.address
        ),
    )
}

fn mail(from: &str, to: &str, subject: &str, content_type: &str, body: &str) -> String {
    format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: {content_type}\r\n\r\n{body}"
    )
}
