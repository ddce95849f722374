//! The event types, in one place: what each is, its fields, a sample, a JSON Schema.
//!
//! Validation, the test tool, the documentation and the demo all read this. A type that is not here is legal too: it
//! just has no fields that anyone could check.

mod fields;
mod kinds;
mod sample;
mod schema;
#[cfg(test)]
mod tests;

use serde_json::Value;
use serde_json::value::RawValue;

pub use fields::{Field, FieldType};
pub use sample::{mix, sample, sample_at};

/// What is known about one type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Its name: the member `type` of the flat form.
    pub name: &'static str,
    /// What it tells, in one line.
    pub summary: &'static str,
    /// Whether SMTPeter calls webhooks for it. The others it only writes to its log files.
    pub sent: bool,
    /// The members beside `type`, in the order of the samples.
    pub fields: &'static [Field],
}

impl EventKind {
    /// A realistic event as one flat JSON object: the first of those that [`sample()`] makes.
    pub fn sample(&self) -> String {
        sample(self.name, 0)
    }

    /// The flat object's JSON Schema, draft 2020-12.
    pub fn schema(&self) -> Value {
        schema::of(self)
    }
}

/// One thing that is wrong with an event's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The member's name.
    pub field: &'static str,
    /// What is wrong with it, to be read after the name: `is missing`.
    pub message: String,
}

/// Every type of mail event, message events first.
pub const fn types() -> &'static [EventKind] {
    kinds::KINDS
}

/// Every type that Postbode itself sends, about webhooks and not about mail.
pub const fn operational() -> &'static [EventKind] {
    kinds::OPERATIONAL
}

/// The type of that name.
pub fn find(name: &str) -> Option<&'static EventKind> {
    types().iter().chain(operational()).find(|kind| kind.name == name)
}

/// Checks data against its type: required members and the types of all known ones. Other members are allowed, and a
/// type that is not in the catalogue passes. Data that is no object lacks every required member.
pub fn validate(kind: &str, data: &Value) -> Vec<FieldError> {
    check(kind, |field| data.get(field.name).map(|value| field.complaint(value)))
}

/// [`validate`] for an object whose members were only split, not parsed: a megabyte of MIME is not copied.
pub fn validate_raw<'a>(kind: &str, member: impl Fn(&str) -> Option<&'a RawValue>) -> Vec<FieldError> {
    check(kind, |field| member(field.name).map(|value| field.complaint_raw(value)))
}

/// Asks for each known member: none if it is absent, else what is wrong with it.
fn check(kind: &str, complaint: impl Fn(&Field) -> Option<Option<String>>) -> Vec<FieldError> {
    let fields = find(kind).map_or(&[][..], |kind| kind.fields);
    let judge = |field: &Field| {
        let message = match complaint(field) {
            None => field.required.then(|| "is missing".to_owned()),
            Some(complaint) => complaint,
        };
        message.map(|message| FieldError { field: field.name, message })
    };
    fields.iter().filter_map(judge).collect()
}
