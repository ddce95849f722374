//! CloudEvents in JSON: attributes and data are members of one object.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::elements::{elements, members};
use super::{Draft, Style};
use crate::refusal::{Fault, Refusal};

/// One event.
pub(super) fn draft(event: &Bytes, index: usize) -> Result<Draft, Fault> {
    let fault = |field: &str, message: String| Fault::new(index, field, message);
    let members = members(event).map_err(|message| fault("body", message))?;
    let mut attributes = BTreeMap::new();
    let mut data = None;
    for (name, value) in members {
        match name.as_str() {
            "data" => data = Some(event.slice_ref(value.get().as_bytes())),
            "data_base64" => {
                return Err(fault("data_base64", "is not taken: give a JSON object as data".to_owned()));
            }
            attribute => {
                if let Some(text) = text(value).map_err(|message| fault(attribute, message.to_owned()))? {
                    attributes.insert(attribute.to_owned(), text);
                }
            }
        }
    }
    let data = data.ok_or_else(|| fault("data", "is missing".to_owned()))?;
    Ok(Draft { style: Style::Cloud, attributes, data })
}

/// An array of events.
pub(super) fn drafts(body: &Bytes, max_events: usize) -> Result<Vec<Draft>, Refusal> {
    let mut drafts = Vec::new();
    let mut faults = Vec::new();
    for (index, event) in elements(body, max_events)?.iter().enumerate() {
        match draft(event, index) {
            Ok(draft) => drafts.push(draft),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(drafts) } else { Err(Refusal::Invalid(faults)) }
}

/// An attribute's text; null counts as absent.
fn text(value: &RawValue) -> Result<Option<String>, &'static str> {
    match serde_json::from_str(value.get()) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::String(text)) => Ok(Some(text)),
        Ok(Value::Bool(_) | Value::Number(_)) => Ok(Some(value.get().to_owned())),
        Ok(Value::Array(_) | Value::Object(_)) | Err(_) => Err("must be a string, a number or a boolean"),
    }
}
