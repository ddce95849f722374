//! Splitting JSON without parsing what is inside: arrays into elements, objects into members.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::refusal::{Fault, Limit, Refusal};

/// The members of an object, their values' text untouched. Of a name that occurs twice the last one counts.
pub(crate) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Splits an object.
///
/// # Errors
/// A text that says what is wrong, to be read after a field's name.
pub(crate) fn members(object: &[u8]) -> Result<Members<'_>, String> {
    let text = std::str::from_utf8(object).map_err(|_| "is not UTF-8 text".to_owned())?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("is not valid JSON: {error}"))
}

/// Splits an array into its elements, each a slice of the body.
///
/// # Errors
/// The first broken element by its index, or more elements than allowed.
pub(super) fn elements(body: &Bytes, max: usize) -> Result<Vec<Bytes>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::fault(0, "body", "is not UTF-8 text"))?;
    let mut elements = Elements { max, found: Vec::new(), too_many: false };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let split = deserializer.deserialize_seq(&mut elements).and_then(|()| deserializer.end());
    if elements.too_many {
        return Err(Refusal::TooLarge(Limit::events(max)));
    }
    match split {
        Ok(()) => {
            Ok(elements.found.into_iter().map(|element| body.slice_ref(element.get().as_bytes())).collect())
        }
        Err(error) => {
            let fault = Fault::new(elements.found.len(), "body", format!("is not valid JSON: {error}"));
            Err(Refusal::Invalid(vec![fault]))
        }
    }
}

struct Elements<'a> {
    max: usize,
    found: Vec<&'a RawValue>,
    too_many: bool,
}

impl<'de> Visitor<'de> for &mut Elements<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(element) = sequence.next_element::<&RawValue>()? {
            if self.found.len() == self.max {
                self.too_many = true;
                return Err(serde::de::Error::custom("too many elements"));
            }
            self.found.push(element);
        }
        Ok(())
    }
}
