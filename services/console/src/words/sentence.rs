//! What a rule says, as a value: REST speaks it in English, a page in its reader's language.

use std::borrow::Cow;
use std::fmt;

use domain::Outcome;
use serde::{Deserialize, Serialize};

/// A sentence of the catalogues `words/refusals.<language>.ftl`, or what goes on from a field's name. Made by
/// `sentence!`, whose uses a test compares with the catalogues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    pub(super) word: Cow<'static, str>,
    pub(super) about: Vec<(Cow<'static, str>, About)>,
}

/// What a sentence is about: a text as it is, or another sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The same in every language.
    Text(String),
    /// Part of the sentence.
    Sentence(Sentence),
}

impl Sentence {
    /// A sentence by its word, and what stands in it by name.
    pub fn new(word: &'static str, about: Vec<(&'static str, About)>) -> Self {
        let about = about.into_iter().map(|(name, about)| (name.into(), about)).collect();
        Self { word: word.into(), about }
    }

    /// What somebody else said, whose words we do not know: a parser, the operating system.
    pub fn verbatim(text: impl fmt::Display) -> Self {
        sentence!("verbatim", text = text)
    }

    /// What is written down of an attempt's outcome.
    pub fn of_attempt(text: &str) -> Self {
        Outcome::explained(text).map_or_else(|| Self::verbatim(text), |outcome| Self::from(&outcome))
    }
}

impl<T: fmt::Display> From<T> for About {
    fn from(value: T) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<Sentence> for About {
    fn from(sentence: Sentence) -> Self {
        Self::Sentence(sentence)
    }
}

/// A [`Sentence`]: `sentence!("range", least = 1, most = 200)`.
macro_rules! sentence {
    ($word:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::words::Sentence::new($word, vec![$((stringify!($name), $crate::words::About::from($value))),*])
    };
}
pub(crate) use sentence;
