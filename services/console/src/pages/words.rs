//! What pages say, in the reader's language: message catalogues in Fluent's syntax, `words/<language>.ftl`.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

/// A language that there is a catalogue for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    Dutch,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Dutch];

    /// Its tag, as HTML's `lang` takes it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Dutch => "nl",
        }
    }

    /// What its readers call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Dutch => "Nederlands",
        }
    }

    pub(crate) fn tagged(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(tag))
    }

    /// The one that a browser prefers of those that we know; English if it prefers none.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let wanted =
            headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let choices = wanted.split(',').filter_map(|choice| {
            let mut parts = choice.trim().split(';');
            let language = Self::tagged(parts.next()?.split('-').next()?)?;
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(Some(1.0), |q| q.parse().ok())?;
            Some((language, weight))
        });
        // Of equals the first counts.
        let best = choices.fold(None, |best: Option<(Self, f32)>, choice| match best {
            Some((_, weight)) if weight >= choice.1 => best,
            Some(_) | None => Some(choice),
        });
        best.filter(|(_, weight)| *weight > 0.0).map(|(language, _)| language).unwrap_or_default()
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
            LazyLock::new(|| bundle(langid!("en"), include_str!("../../words/en.ftl")));
        static DUTCH: LazyLock<FluentBundle<FluentResource>> =
            LazyLock::new(|| bundle(langid!("nl"), include_str!("../../words/nl.ftl")));
        match self {
            Self::English => &ENGLISH,
            Self::Dutch => &DUTCH,
        }
    }

    /// A message.
    pub(crate) fn say(self, id: &str) -> String {
        self.format(id, None)
    }

    /// A message about something.
    pub(crate) fn say_with(
        self,
        id: &str,
        name: &'static str,
        value: impl Into<FluentValue<'static>>,
    ) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value);
        self.format(id, Some(&args))
    }

    /// A message about two things.
    pub(crate) fn say_of(
        self,
        id: &str,
        first: (&'static str, String),
        second: (&'static str, String),
    ) -> String {
        let mut args = FluentArgs::new();
        args.set(first.0, first.1);
        args.set(second.0, second.1);
        self.format(id, Some(&args))
    }

    /// A message about several things.
    pub(crate) fn say_about(self, id: &str, about: &[(&'static str, String)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in about {
            args.set(*name, value.as_str());
        }
        self.format(id, Some(&args))
    }

    /// A number, in groups of three digits.
    pub(crate) fn number(self, number: u64) -> String {
        let group = match self {
            Self::English => ',',
            Self::Dutch => '.',
        };
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() * 4 / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(group);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// Whether there is such a message.
    pub(crate) fn knows(self, id: &str) -> bool {
        self.bundle().has_message(id)
    }

    /// A message that is not there is shown by its name: a test keeps that from happening.
    fn format(self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        match bundle.get_message(id).and_then(|message| message.value()) {
            Some(pattern) => bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned(),
            None => id.to_owned(),
        }
    }
}

/// A catalogue that does not parse keeps what does; a test holds that it does as a whole.
fn bundle(language: unic_langid::LanguageIdentifier, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Texts go into HTML, where marks of direction around each value would only be in the way of searching.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let _ = bundle.add_resource(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn ids(source: &str) -> BTreeSet<String> {
        let name = |line: &str| line.split_once(" =").map(|(id, _)| id.to_owned());
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(name)
            .collect()
    }

    const ENGLISH: &str = include_str!("../../words/en.ftl");
    const DUTCH: &str = include_str!("../../words/nl.ftl");

    /// Every message that a page asks for: `say("…")` in templates, and where pages are made.
    fn asked() -> BTreeSet<String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        for folder in ["templates", "src/pages"] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() || path.ends_with("words.rs") {
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                for call in ["say(\"", "say_with(\"", "say_of(\"", "Said(\""] {
                    let names = text.match_indices(call).map(|(at, _)| &text[at + call.len()..]);
                    found.extend(names.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
                }
            }
        }
        found
    }

    #[test]
    fn both_catalogues_parse_and_say_the_same_things() {
        for source in [ENGLISH, DUTCH] {
            assert!(FluentResource::try_new(source.to_owned()).is_ok());
        }
        assert_eq!(ids(ENGLISH), ids(DUTCH));
    }

    #[test]
    fn every_message_that_a_page_asks_for_is_there() {
        let missing: Vec<_> = asked().into_iter().filter(|id| !Language::English.knows(id)).collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn a_browser_gets_the_language_that_it_prefers() {
        for (accepted, language) in [
            ("", Language::English),
            ("nl", Language::Dutch),
            ("nl-BE,nl;q=0.9,en;q=0.8", Language::Dutch),
            ("de,en;q=0.7,nl;q=0.3", Language::English),
            ("de", Language::English),
            ("nl;q=0", Language::English),
        ] {
            let headers = [(header::ACCEPT_LANGUAGE, accepted.parse().unwrap())].into_iter().collect();
            assert_eq!(Language::accepted(&headers), language, "{accepted}");
        }
    }

    #[test]
    fn numbers_are_counted_in_both_languages() {
        for (language, one, many) in
            [(Language::English, "1 webhook", "2 webhooks"), (Language::Dutch, "1 webhook", "2 webhooks")]
        {
            assert_eq!(language.say_with("count-webhooks", "count", 1), one);
            assert_eq!(language.say_with("count-webhooks", "count", 2), many);
        }
    }
}
