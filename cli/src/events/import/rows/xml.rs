//! Records as XML: `<records><record><id>…</id>…</record>…</records>`.

use std::borrow::Cow;
use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::{Fields, NO_KIND, Row, Unreadable};
use crate::events::import::kinds::Kind;
use crate::events::import::text::Text;

pub(super) fn rows(
    text: Text<impl Read>,
    kind: Option<Kind>,
) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let mut reader = Reader::from_reader(text);
    let mut buffer = Vec::new();
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let mut record = Record::default();
        loop {
            buffer.clear();
            if record.line.is_none() {
                reader.get_mut().begin_record();
            }
            let line = reader.get_ref().line();
            match reader.read_event_into(&mut buffer) {
                Ok(Event::Eof) => {
                    over = true;
                    return None;
                }
                Ok(event) => {
                    if let Some((line, fields)) = record.goes_on(event, line) {
                        let kind = kind.ok_or_else(|| Unreadable { line, why: NO_KIND.to_owned() });
                        return Some(kind.map(|kind| Row { line, kind, fields }));
                    }
                }
                Err(error) => {
                    over = true;
                    return Some(Err(Unreadable { line, why: format!("no XML, nor what follows: {error}") }));
                }
            }
        }
    })
}

/// A record as far as it was read.
#[derive(Default)]
struct Record {
    /// Where it began, if it did.
    line: Option<u64>,
    fields: Fields,
    field: Option<(String, String)>,
}

impl Record {
    /// Takes what comes next, which begins in that line. The record's line and fields when that was its end.
    fn goes_on(&mut self, event: Event<'_>, line: u64) -> Option<(u64, Fields)> {
        match event {
            Event::Start(tag) if tag.name().as_ref() == b"record" => {
                *self = Self { line: Some(line), ..Self::default() };
            }
            Event::Start(tag) if self.line.is_some() => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                self.field = Some((name, String::new()));
            }
            Event::Text(text) => self.append(text.decode().ok()),
            Event::CData(text) => self.append(text.decode().ok()),
            Event::GeneralRef(entity) => self.append(resolved(&entity)),
            Event::End(tag) if tag.name().as_ref() == b"record" => {
                return Some((self.line.take()?, std::mem::take(&mut self.fields)));
            }
            Event::End(_) => {
                if let Some((name, text)) = self.field.take().filter(|_| self.line.is_some()) {
                    self.fields.push((name.into(), text.into()));
                }
            }
            Event::Start(_)
            | Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::Eof => {}
        }
        None
    }

    fn append(&mut self, text: Option<Cow<'_, str>>) {
        if let (Some((_, so_far)), Some(text)) = (&mut self.field, text) {
            so_far.push_str(&text);
        }
    }
}

fn resolved(entity: &BytesRef<'_>) -> Option<Cow<'static, str>> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return Some(character.to_string().into());
    }
    let name = entity.decode().ok()?;
    quick_xml::escape::resolve_predefined_entity(&name).map(Cow::Borrowed)
}
