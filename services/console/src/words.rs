//! What is said to people, in their language: message catalogues in Fluent's syntax. What pages say stands in
//! `words/<language>.ftl`; what the rules say ([`Sentence`]), which REST speaks in English, in `words/refusals.<language>.ftl`.

mod catalogue;
mod libraries;
mod sentence;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

pub(crate) use self::sentence::sentence;
pub use self::sentence::{About, Sentence};

/// A language that there is a catalogue for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// What REST speaks, too.
    #[default]
    English,
    /// Het Nederlands.
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

    /// What pages say, and what rules say. What events are is written in English beside them: for other languages that follows.
    const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::English => &[include_str!("../words/en.ftl"), include_str!("../words/refusals.en.ftl")],
            Self::Dutch => &[
                include_str!("../words/nl.ftl"),
                include_str!("../words/refusals.nl.ftl"),
                include_str!("../words/catalogue.nl.ftl"),
            ],
        }
    }

    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
            LazyLock::new(|| bundle(langid!("en"), Language::English.sources()));
        static DUTCH: LazyLock<FluentBundle<FluentResource>> =
            LazyLock::new(|| bundle(langid!("nl"), Language::Dutch.sources()));
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
        self.say_about(id, &[first, second])
    }

    /// A message about several things.
    pub(crate) fn say_about(self, id: &str, about: &[(&'static str, String)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in about {
            args.set(*name, value.as_str());
        }
        self.format(id, Some(&args))
    }

    /// What a rule says.
    pub fn tell(self, sentence: &Sentence) -> String {
        let mut args = FluentArgs::new();
        for (name, about) in &sentence.about {
            match about {
                About::Text(text) => args.set(name.as_ref(), text.as_str()),
                About::Sentence(part) => args.set(name.as_ref(), self.tell(part)),
            }
        }
        self.format(&sentence.word, Some(&args))
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

    /// A message that may not be there: then `other`.
    pub(crate) fn say_or(self, id: &str, other: &str) -> String {
        if self.knows(id) { self.say(id) } else { other.to_owned() }
    }

    /// Whether there are words for what a rule said: another version of the console may have said it.
    pub(crate) fn has(self, sentence: &Sentence) -> bool {
        self.knows(&sentence.word)
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

/// A catalogue that does not parse keeps what does; a test holds that they do as a whole.
fn bundle(language: unic_langid::LanguageIdentifier, sources: &[&str]) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Texts go into HTML, where marks of direction around each value would only be in the way of searching.
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(resource, _)| resource);
        let _ = bundle.add_resource(resource);
    }
    bundle
}
