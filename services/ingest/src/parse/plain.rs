//! SMTPeter's flat records: one object, an array of them, or one a line. The data is the record as it was sent.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::elements::elements;
use super::{Draft, Style};
use crate::refusal::{Limit, Refusal};

/// One object or an array.
pub(super) fn drafts(body: &Bytes, account: Option<&str>, max_events: usize) -> Result<Vec<Draft>, Refusal> {
    if body.trim_ascii_start().starts_with(b"[") {
        return Ok(elements(body, max_events)?.into_iter().map(|record| draft(record, account)).collect());
    }
    let record = body.slice_ref(body.trim_ascii());
    if record.is_empty() {
        return Err(Refusal::fault(0, "body", "is empty"));
    }
    Ok(vec![draft(record, account)])
}

/// One object a line; empty lines do not count.
pub(super) fn lines(body: &Bytes, account: Option<&str>, max_events: usize) -> Result<Vec<Draft>, Refusal> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let drafts: Vec<_> =
        lines.take(max_events.saturating_add(1)).map(|line| draft(body.slice_ref(line), account)).collect();
    match drafts.len() {
        0 => Err(Refusal::fault(0, "body", "is empty")),
        count if count > max_events => Err(Refusal::TooLarge(Limit::events(max_events))),
        _ => Ok(drafts),
    }
}

fn draft(data: Bytes, account: Option<&str>) -> Draft {
    let attributes = account.map(|account| ("account".to_owned(), account.to_owned()));
    Draft { style: Style::Flat, attributes: BTreeMap::from_iter(attributes), data }
}
