//! Records as JSON: an array of objects, or one object after the other. What is broken is left behind up to the next line
//! that begins an object.

use std::io::{BufRead as _, Error, Read};

use serde_json::{Deserializer, Value};

use super::{Fields, NO_KIND, Row, Unreadable, unreadable};
use crate::events::import::kinds::Kind;
use crate::events::import::text::Text;

pub(super) fn rows(
    mut text: Text<impl Read>,
    kind: Option<Kind>,
) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        match begins(&mut text) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                over = true;
                return Some(Err(unreadable(text.line(), &error)));
            }
        }
        let line = text.line();
        let read = value(&mut text).and_then(|value| row(line, kind, value));
        Some(read.map_err(|why| Unreadable { line, why }))
    })
}

/// Goes to where the next value begins. False if there is none.
fn begins(text: &mut Text<impl Read>) -> Result<bool, Error> {
    loop {
        text.begin_record();
        let ahead = text.fill_buf()?;
        let separators = ahead.iter().take_while(|byte| b" \t\r\n,[".contains(byte)).count();
        let next = ahead.get(separators).copied();
        let ended = ahead.is_empty();
        text.consume(separators);
        match next {
            Some(byte) => return Ok(byte != b']'),
            None if ended => return Ok(false),
            None => {}
        }
    }
}

/// One value, wherever its end is.
fn value(text: &mut Text<impl Read>) -> Result<Value, String> {
    loop {
        let mut values = Deserializer::from_slice(text.ahead()).into_iter::<Value>();
        let (value, end) = (values.next(), values.byte_offset());
        let cut = match &value {
            Some(Err(error)) => error.is_eof(),
            // A number may go on behind what is there.
            Some(Ok(_)) => end == text.ahead().len(),
            None => true,
        };
        let more = if cut && !text.is_whole() { text.more() } else { Ok(false) };
        match (more, value) {
            (Ok(true), _) => {}
            (Ok(false), Some(Ok(value))) => {
                text.consume(end);
                return Ok(value);
            }
            (Ok(false), broken) => {
                skip(text);
                let error = broken.and_then(Result::err).map(|error| format!(": {error}"));
                return Err(format!("no JSON{}", error.unwrap_or_default()));
            }
            (Err(error), _) => {
                skip(text);
                return Err(format!("no JSON: {error}"));
            }
        }
    }
}

/// Goes to the next line that begins an object. What cannot be read is found again by whoever reads on.
fn skip(text: &mut Text<impl Read>) {
    text.consume(1.min(text.ahead().len()));
    loop {
        text.begin_record();
        if let Some(next) = memchr::memmem::find(text.ahead(), b"\n{") {
            return text.consume(next);
        }
        // A line may end with what is there, and the object begin behind it.
        text.consume(text.ahead().len().saturating_sub(1));
        if !text.more().unwrap_or(false) {
            return text.consume(text.ahead().len());
        }
    }
}

/// A log's record, or what the REST API answers: `{"event": "open", "data": {…}}`.
fn row(line: u64, kind: Option<Kind>, value: Value) -> Result<Row, String> {
    let Value::Object(mut fields) = value else { return Err("is no JSON object".to_owned()) };
    let (kind, fields) = match (fields.remove("event"), fields.remove("data")) {
        (Some(Value::String(event)), Some(Value::Object(data))) => {
            (Kind::of_type(&event).ok_or_else(|| format!("'{event}' is no event of a log"))?, data)
        }
        (event, data) => {
            fields.extend(event.map(|event| ("event".to_owned(), event)));
            fields.extend(data.map(|data| ("data".to_owned(), data)));
            (kind.ok_or(NO_KIND)?, fields)
        }
    };
    let fields: Fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Ok(Row { line, kind, fields })
}
