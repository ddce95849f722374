//! Realistic events, made up: the same number always gives the same event.

mod people;

use domain::Timestamp;
use serde_json::{Value, json};

use self::people::{Draw, Person};
use super::types;
use crate::operational;

/// 2026-01-31 12:00:00 UTC, when the first sample happens; each next one is a second later.
const FIRST: i64 = 1_769_860_800;

/// How often each type occurs, in thousandths, roughly as in a mail platform's stream.
const WEIGHTS: [(&str, u64); 12] = [
    ("delivery", 370),
    ("open", 280),
    ("click", 130),
    ("attempt", 60),
    ("failure", 45),
    ("update", 40),
    ("bounce", 35),
    ("create", 20),
    ("response", 6),
    ("unsubscribe", 6),
    ("delete", 5),
    ("abuse", 3),
];

/// The type of the nth event of a lifelike stream: first every type once, then by weight.
pub fn mix(n: u64) -> &'static str {
    if let Some(kind) = usize::try_from(n).ok().and_then(|n| types().get(n)) {
        return kind.name;
    }
    let mut ticket = Draw::new("mix", n).below(1000);
    for (kind, weight) in WEIGHTS {
        if ticket < weight {
            return kind;
        }
        ticket -= weight;
    }
    WEIGHTS[0].0
}

/// The nth sample of a type as one flat JSON object, `type` first. Some neighbours are about the same message. A type
/// that is not in the catalogue gets an id and a time.
pub fn sample(kind: &str, n: u64) -> String {
    let seconds = FIRST.saturating_add(i64::try_from(n).unwrap_or(i64::MAX));
    sample_at(kind, n, Timestamp::from_millis(seconds.saturating_mul(1000)))
}

/// [`sample()`], as if it had happened at another time.
pub fn sample_at(kind: &str, n: u64, at: Timestamp) -> String {
    let mut event = Event { text: format!("{{\"type\":{}", json!(kind)), n, at, draw: Draw::new(kind, n) };
    match kind {
        "delivery" => event.delivery(),
        "bounce" => event.bounce(),
        "failure" => event.failure(),
        "open" => event.open(),
        "click" => event.click(),
        "abuse" => event.abuse(),
        "create" | "update" => event.changed_profile(kind == "update"),
        "delete" => event.deleted_profile(),
        "unsubscribe" => event.unsubscribe(),
        "attempt" => event.attempt(),
        "response" => event.response(),
        operational::WEBHOOK_DISABLED => event.webhook_disabled(),
        _ => event.unknown(),
    }
    event.text.push('}');
    event.text
}

/// An event being written.
struct Event {
    text: String,
    n: u64,
    at: Timestamp,
    draw: Draw,
}

impl Event {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.text.push_str(&format!(",{}:{}", json!(name), value.into()));
    }

    fn webhook_disabled(&mut self) {
        let code = self.draw.code(26);
        self.put("webhook", format!("wh_{}", code.to_lowercase()));
        self.put("name", "Clicks for the shop");
        self.put("url", "https://shop.example.com/hooks/clicks");
        let gone = self.draw.one_in(3);
        self.put("reason", if gone { "gone" } else { "failing" });
        if !gone {
            let since = self.at - std::time::Duration::from_secs(5 * 24 * 3600);
            self.put("failing_since", crate::text::rfc3339(since));
        }
        let revision = self.draw.below(9) + 1;
        self.put("revision", revision);
    }

    fn delivery(&mut self) {
        self.about_message();
        self.put("code", 250);
        self.put("extended", "2.0.0");
        let queue = self.draw.code(10);
        self.put("description", format!("2.0.0 Ok: queued as {queue}"));
        self.tags();
    }

    fn bounce(&mut self) {
        let person = self.about_message();
        let envelope = self.envelope();
        self.put("envelope", envelope.as_str());
        let mime = if self.draw.one_in(3) {
            people::absence(&person, &envelope)
        } else {
            people::dsn(&person, &envelope)
        };
        self.put("mime", mime);
        self.tags();
    }

    fn failure(&mut self) {
        self.about_message();
        let (action, state, code, extended, words) = *self.draw.pick(people::FAILURES);
        self.put("action", action);
        self.put("state", state);
        if let Some(code) = code {
            self.put("code", code);
            self.put("extended", extended);
        }
        self.put("description", words);
        self.tags();
    }

    fn open(&mut self) {
        self.about_message();
        self.visitor();
        self.tags();
    }

    fn click(&mut self) {
        self.about_message();
        let tag = *self.draw.pick(people::TAGS);
        let page = *self.draw.pick(people::PAGES);
        let item = self.draw.below(9000) + 1000;
        self.put("original", format!("https://shop.example.com/{page}?item={item}&utm_campaign={tag}"));
        self.visitor();
        self.tags();
    }

    fn abuse(&mut self) {
        let person = self.person();
        let message = self.message();
        self.put("id", message);
        self.put("emailfrom", "feedback@isp.example");
        let envelope = self.envelope();
        let report = self.draw.code(8);
        self.put("mime", people::complaint(&person, &envelope, &report));
    }

    fn changed_profile(&mut self, update: bool) {
        let person = self.person();
        let newsletter = if self.draw.one_in(2) { "yes" } else { "no" };
        let parameters = match (update, self.draw.below(3)) {
            (false, _) => person.fields(newsletter),
            (true, 0) => json!({"newsletter": newsletter}),
            (true, 1) => json!({"city": person.city, "newsletter": newsletter}),
            (true, _) => json!({"email": person.address}),
        };
        self.put("parameters", parameters);
        self.happened();
        self.profile();
        let modified = people::date(self.at);
        let created = if update { "2025-06-01 08:30:00".to_owned() } else { modified.clone() };
        self.put("created", created);
        self.put("modified", modified);
        self.put("fields", person.fields(newsletter));
        let interests =
            json!({"news": u8::from(newsletter == "yes"), "offers": u8::from(self.draw.one_in(2))});
        self.put("interests", interests);
    }

    fn deleted_profile(&mut self) {
        self.happened();
        self.profile();
        let fields = self.person().fields("no");
        self.put("fields", fields);
    }

    fn unsubscribe(&mut self) {
        self.happened();
        self.put("database", 7);
        let profile = self.about().below(90_000) + 10_000;
        self.put("profile", profile);
        let mailing = self.draw.below(900) + 100;
        self.put("mailing", mailing);
        self.put("caller", "unsubscribe-page");
    }

    fn attempt(&mut self) {
        let person = self.logged();
        self.put("recipient", person.address.as_str());
        let campaign = self.draw.below(50);
        self.put("properties", json!({"campaign": format!("c{campaign}"), "language": person.language}));
        self.tags();
        self.template();
    }

    fn response(&mut self) {
        let person = self.logged();
        self.put("recipient", person.address.as_str());
        let envelope = self.envelope();
        self.put("mime", people::answer(&person, &envelope));
        self.tags();
        self.template();
    }

    fn unknown(&mut self) {
        let id = self.message();
        self.put("id", id);
        self.happened();
    }

    /// What all message events begin with.
    fn about_message(&mut self) -> Person {
        let message = self.message();
        self.put("id", message);
        self.happened();
        let person = self.person();
        self.put("recipient", person.address.as_str());
        person
    }

    /// What the lines of log files begin with.
    fn logged(&mut self) -> Person {
        let message = self.message();
        self.put("id", message);
        self.put("time", self.at.as_secs());
        let envelope = self.envelope();
        self.put("envelope", envelope);
        self.person()
    }

    fn happened(&mut self) {
        self.put("timestamp", people::date(self.at));
        self.put("time", self.at.as_secs());
    }

    fn visitor(&mut self) {
        let ip = people::address(&mut self.draw);
        self.put("ip", ip);
        if !self.draw.one_in(10) {
            let agent = *self.draw.pick(people::AGENTS);
            self.put("useragent", agent);
        }
        if self.draw.one_in(4) {
            self.put("referer", "https://webmail.example.net/");
        }
    }

    fn tags(&mut self) {
        let first = *self.draw.pick(people::TAGS);
        let batch = format!("batch-{}", self.n / 500);
        let tags = if self.draw.one_in(3) { json!([first]) } else { json!([first, batch]) };
        self.put("tags", tags);
    }

    fn profile(&mut self) {
        let mut about = self.about();
        self.put("profile", about.below(90_000) + 10_000);
        if about.one_in(4) {
            self.put("subprofile", about.below(9_000) + 1_000);
            self.put("collection", 12);
        }
        self.put("database", 7);
        self.put("caller", *about.pick(people::CALLERS));
    }

    fn template(&mut self) {
        let template = self.draw.below(40) + 1;
        self.put("templateid", template);
    }

    /// Four neighbours share one message, and its recipient.
    fn about(&self) -> Draw {
        Draw::new("message", self.n / 4)
    }

    fn message(&self) -> String {
        self.about().code(20)
    }

    fn person(&self) -> Person {
        Person::drawn(&mut Draw::new("person", self.n / 4))
    }

    fn envelope(&self) -> String {
        format!("bounce-{}@mail.example.com", self.message())
    }
}
