//! What events are, and what stands in them: in English as the catalogue has it, in other languages by its names.

use wire::catalogue::{EventKind, Field, FieldType};

use super::Language;

impl Language {
    /// What a type of event tells.
    pub(crate) fn summary(self, kind: &EventKind) -> String {
        self.say_or(&kind_id(kind.name), kind.summary)
    }

    /// What a field of a type means. Where a name means another thing in another type, the type's own comes first.
    pub(crate) fn meaning(self, kind: &EventKind, field: &Field) -> String {
        let [own, common] = field_ids(kind, field);
        self.say_or(if self.knows(&own) { &own } else { &common }, field.meaning)
    }

    /// What may stand in a field.
    pub(crate) fn value(self, kind: FieldType) -> String {
        self.say_or(value_id(kind), kind.name())
    }
}

fn kind_id(name: &str) -> String {
    format!("kind-{}", name.replace('.', "-"))
}

fn field_ids(kind: &EventKind, field: &Field) -> [String; 2] {
    let name = field.name.replace('_', "-");
    [format!("field-{}-{name}", kind.name.replace('.', "-")), format!("field-{name}")]
}

const fn value_id(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "value-text",
        FieldType::Integer => "value-integer",
        FieldType::Identifier => "value-identifier",
        FieldType::Texts => "value-texts",
        FieldType::Map => "value-map",
        FieldType::ListOrMap => "value-list-or-map",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wire::catalogue;

    use super::*;

    #[test]
    fn every_type_and_field_is_told_in_dutch_and_no_two_meanings_share_their_words() {
        let (dutch, mut said) = (Language::Dutch, BTreeMap::new());
        for kind in catalogue::types().iter().chain(catalogue::operational()) {
            assert!(dutch.knows(&kind_id(kind.name)), "{}", kind.name);
            assert_ne!(dutch.summary(kind), kind.summary);
            for field in kind.fields {
                let (name, told) = (field.name, dutch.meaning(kind, field));
                assert!(field_ids(kind, field).iter().any(|id| dutch.knows(id)), "{} {name}", kind.name);
                assert!(dutch.knows(value_id(field.kind)));
                assert_eq!(*said.entry(told).or_insert(field.meaning), field.meaning, "{} {name}", kind.name);
            }
        }
    }

    #[test]
    fn in_english_the_catalogue_speaks_for_itself() {
        let kind = catalogue::find("click").unwrap();
        assert_eq!(Language::English.summary(kind), kind.summary);
        assert_eq!(Language::English.meaning(kind, &kind.fields[0]), kind.fields[0].meaning);
    }
}
