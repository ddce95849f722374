//! Records out of a file: CSV, JSON or XML, told apart by the first character.

use std::borrow::Cow;

use quick_xml::events::Event as Xml;
use serde_json::{Map, Value};

use super::kinds::Kind;

/// One record, before its fields are understood.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub(super) line: u64,
    /// What it is about.
    pub(super) kind: Kind,
    /// Its fields by their names in the log.
    pub(super) fields: Map<String, Value>,
}

/// A record that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: u64,
    pub(super) why: String,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<Row, Unreadable>> + 'a>;

/// Reads a file's records in order. `kind` is what they are about, where they do not say it themselves.
pub(super) fn read(bytes: &[u8], kind: Option<Kind>) -> Rows<'_> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => Box::new(std::iter::empty()),
        Some(b'[' | b'{') => Box::new(json(bytes, kind)),
        Some(b'<') => Box::new(xml(bytes, kind)),
        Some(_) => Box::new(csv(bytes, kind)),
    }
}

const NO_KIND: &str = "nothing says what this record is about: give --kind";

fn csv(bytes: &[u8], kind: Option<Kind>) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut headed = false;
    reader.into_records().filter_map(move |record| {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Some(Err(Unreadable { line, why: format!("no CSV: {error}") }));
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let Some(kind) = kind else {
            return Some(Err(Unreadable { line, why: NO_KIND.to_owned() }));
        };
        let columns = kind.columns();
        // A header line is there only if it was asked for.
        if !headed && record.iter().eq(columns.iter().copied()) {
            headed = true;
            return None;
        }
        if record.len() > columns.len() {
            let why = format!("has {} columns, and {} has {}", record.len(), kind.name(), columns.len());
            return Some(Err(Unreadable { line, why }));
        }
        let fields = columns.iter().zip(record.iter());
        let fields = fields.map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        Some(Ok(Row { line, kind, fields }))
    })
}

/// An array of objects, or one object after the other. What is broken is left behind up to the next line that begins an
/// object.
fn json(bytes: &[u8], kind: Option<Kind>) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let mut lines = Lines::new(bytes);
    let mut at = 0;
    std::iter::from_fn(move || {
        let separators = bytes[at..].iter().take_while(|byte| b" \t\r\n,[".contains(byte)).count();
        at += separators;
        if at >= bytes.len() || bytes[at] == b']' {
            return None;
        }
        let line = lines.of(at);
        let mut stream = serde_json::Deserializer::from_slice(&bytes[at..]).into_iter::<Value>();
        let value = stream.next()?;
        let read = match value {
            Ok(value) => {
                at += stream.byte_offset();
                object(value, kind)
            }
            Err(error) => {
                let next = bytes[at + 1..].windows(2).position(|pair| pair == b"\n{");
                at = next.map_or(bytes.len(), |next| at + 1 + next);
                Err(format!("no JSON: {error}"))
            }
        };
        Some(match read {
            Ok((kind, fields)) => Ok(Row { line, kind, fields }),
            Err(why) => Err(Unreadable { line, why }),
        })
    })
}

/// A log's record, or what the REST API answers: `{"event": "open", "data": {…}}`.
fn object(value: Value, kind: Option<Kind>) -> Result<(Kind, Map<String, Value>), String> {
    let Value::Object(mut fields) = value else { return Err("is no JSON object".to_owned()) };
    if let (Some(Value::String(event)), Some(Value::Object(_))) = (fields.get("event"), fields.get("data")) {
        let kind = Kind::of_type(event).ok_or_else(|| format!("'{event}' is no event of a log"))?;
        return match fields.remove("data") {
            Some(Value::Object(data)) => Ok((kind, data)),
            _ => Err("has no data".to_owned()),
        };
    }
    Ok((kind.ok_or(NO_KIND)?, fields))
}

/// `<records><record><id>…</id>…</record>…</records>`.
fn xml(bytes: &[u8], kind: Option<Kind>) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let mut reader = quick_xml::Reader::from_reader(bytes);
    let mut lines = Lines::new(bytes);
    let mut over = false;
    std::iter::from_fn(move || {
        let mut record: Option<(u64, Map<String, Value>)> = None;
        let mut field: Option<(String, String)> = None;
        while !over {
            let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    over = true;
                    let line = lines.of(before);
                    return Some(Err(Unreadable { line, why: format!("no XML, nor what follows: {error}") }));
                }
            };
            match event {
                Xml::Start(tag) if tag.name().as_ref() == b"record" => {
                    record = Some((lines.of(before), Map::new()));
                }
                Xml::Start(tag) if record.is_some() => {
                    field = Some((String::from_utf8_lossy(tag.name().as_ref()).into_owned(), String::new()));
                }
                Xml::Text(text) => append(&mut field, text.decode().ok()),
                Xml::CData(text) => append(&mut field, text.decode().ok()),
                Xml::GeneralRef(entity) => append(&mut field, resolved(&entity)),
                Xml::End(tag) if tag.name().as_ref() == b"record" => {
                    let (line, fields) = record.take()?;
                    let kind = kind.ok_or_else(|| Unreadable { line, why: NO_KIND.to_owned() });
                    return Some(kind.map(|kind| Row { line, kind, fields }));
                }
                Xml::End(_) => {
                    if let (Some((name, text)), Some((_, fields))) = (field.take(), record.as_mut()) {
                        fields.insert(name, text.into());
                    }
                }
                Xml::Eof => over = true,
                Xml::Start(_)
                | Xml::Empty(_)
                | Xml::Comment(_)
                | Xml::Decl(_)
                | Xml::PI(_)
                | Xml::DocType(_) => {}
            }
        }
        None
    })
}

fn append(field: &mut Option<(String, String)>, text: Option<Cow<'_, str>>) {
    if let (Some((_, so_far)), Some(text)) = (field, text) {
        so_far.push_str(&text);
    }
}

fn resolved(entity: &quick_xml::events::BytesRef<'_>) -> Option<Cow<'static, str>> {
    if let Ok(Some(character)) = entity.resolve_char_ref() {
        return Some(character.to_string().into());
    }
    let name = entity.decode().ok()?;
    quick_xml::escape::resolve_predefined_entity(&name).map(Cow::Borrowed)
}

/// Lines of offsets that only grow.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, line: 1 }
    }

    fn of(&mut self, offset: usize) -> u64 {
        let offset = offset.min(self.bytes.len()).max(self.at);
        self.line += self.bytes[self.at..offset].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = offset;
        self.line
    }
}

#[cfg(test)]
mod tests;
