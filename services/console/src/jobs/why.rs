//! Why a job failed, as the history keeps it: in English, and as the sentence that a page says in its reader's language.

use serde::{Deserialize, Serialize};

use crate::words::{Language, Sentence};

#[derive(Serialize, Deserialize)]
struct Kept {
    english: String,
    sentence: Sentence,
}

/// What the history keeps.
pub(super) fn written(why: &Sentence) -> String {
    let kept = Kept { english: Language::English.tell(why), sentence: why.clone() };
    serde_json::to_string(&kept).unwrap_or(kept.english)
}

/// What it kept. An older console wrote plain text, and a newer one may say what we have no words for.
pub(crate) fn read(kept: &str) -> Sentence {
    match serde_json::from_str::<Kept>(kept) {
        Ok(Kept { sentence, .. }) if Language::English.has(&sentence) => sentence,
        Ok(Kept { english, .. }) => Sentence::verbatim(english),
        Err(_) => Sentence::verbatim(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::sentence;

    #[test]
    fn a_failure_is_told_in_the_language_of_who_reads_it() {
        let why = sentence!("kafka-away", minutes = 5);
        let kept = read(&written(&why));
        assert_eq!(kept, why);
        assert_eq!(Language::English.tell(&kept), "Kafka was away for more than 5 minutes");
        assert_eq!(Language::Dutch.tell(&kept), "Kafka was meer dan 5 minuten weg");
    }

    #[test]
    fn what_other_consoles_wrote_is_shown_as_they_said_it() {
        let newer = r#"{"english": "the moon is full", "sentence": {"word": "moon-full", "about": []}}"#;
        for (kept, told) in [("the disk is full", "the disk is full"), (newer, "the moon is full")] {
            assert_eq!(Language::Dutch.tell(&read(kept)), told);
        }
    }
}
