//! One member of an event's data, and what may stand there.

use serde_json::Value;
use serde_json::value::RawValue;

/// One member of an event's flat object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub kind: FieldType,
    /// Whether an event without it is refused. A member that need not be there may be null too.
    pub required: bool,
    /// What it means.
    pub meaning: &'static str,
}

/// What may stand in a field. Producers in PHP write an empty map as `[]` and many numbers as text; both are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number or a text that names something.
    Identifier,
    /// A list of texts.
    Texts,
    /// Names with values.
    Map,
    /// A list of names, or names with values.
    ListOrMap,
}

impl FieldType {
    /// How documentation and errors call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "an integer",
            Self::Identifier => "a string or an integer",
            Self::Texts => "a list of strings",
            Self::Map => "an object",
            Self::ListOrMap => "a list or an object",
        }
    }

    fn accepts(self, value: &Value) -> bool {
        let integer = || value.is_i64() || value.is_u64();
        match self {
            Self::Text => value.is_string(),
            Self::Integer => integer(),
            Self::Identifier => value.is_string() || integer(),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::Map => value.is_object() || value.as_array().is_some_and(Vec::is_empty),
            Self::ListOrMap => value.is_object() || value.is_array(),
        }
    }

    const fn accepts_text(self) -> bool {
        match self {
            Self::Text | Self::Identifier => true,
            Self::Integer | Self::Texts | Self::Map | Self::ListOrMap => false,
        }
    }
}

impl Field {
    /// What is wrong with a value in this place, to be read after the name.
    pub(super) fn complaint(&self, value: &Value) -> Option<String> {
        let fine = self.kind.accepts(value) || value.is_null() && !self.required;
        (!fine).then(|| format!("must be {}, not {}", self.kind.name(), name_of(value)))
    }

    /// The same, for a value that was not parsed yet. A text, which can be long, is known by its first byte.
    pub(super) fn complaint_raw(&self, value: &RawValue) -> Option<String> {
        let text = value.get();
        if text.starts_with('"') {
            return (!self.kind.accepts_text())
                .then(|| format!("must be {}, not a string", self.kind.name()));
        }
        match serde_json::from_str(text) {
            Ok(value) => self.complaint(&value),
            // A number too large for any type of ours.
            Err(_) => Some(format!("must be {}, not such a number", self.kind.name())),
        }
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(list) if list.iter().all(Value::is_string) => "a list",
        Value::Array(_) => "a list of other things",
        Value::Object(_) => "an object",
    }
}
