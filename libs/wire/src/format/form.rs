//! An event as `application/x-www-form-urlencoded`, in the bracket notation that PHP reads.
//!
//! | Data | Pairs (brackets are percent-encoded on the wire) |
//! |---|---|
//! | a member | `name=value` |
//! | a map | one pair for each member: `parameters[mail]=b` |
//! | a list of plain values | `tags[]=a&tags[]=b` |
//! | a list that holds a map or a list | places instead of `[]`, which would not say where one element ends: `a[0][x]=1&a[1][x]=2` |
//! | an empty map or list | nothing: a form cannot say it |
//! | null | an empty value, so that a field that was emptied is not passed over |
//! | `true`, `false` | `1`, `0`: in PHP the text `false` is true |
//! | a number | the producer's text |
//!
//! A bracket in a name would be read as notation: it is written as `%5B` or `%5D`, and a percent sign before `5B`, `5D` or `25`
//! as `%25`, before the whole is encoded as forms are.
//!
//! What PHP, Rack and qs-codec make of that is tested (`fixtures/forms.json`), and told in docs/receivers.md.
//!
//! The JSON is checked once and then walked from front to back: every byte of it is copied once, and no tree is made.

use std::borrow::Cow;

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use serde::de::Error as _;
use serde_json::Error;

/// The longest body, in bytes: every pair repeats the names above it, so that a small event could make a huge form.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Maps and lists within each other, at most: checking JSON's syntax takes no stack, walking it does.
const MAX_DEPTH: usize = 100;

/// The event's type, and the data's members in their order; a member `type` gives way.
pub(super) fn render(kind: &str, data: &Bytes) -> Result<Bytes, Error> {
    let text = super::raw(data)?.get();
    if !text.starts_with('{') {
        return Err(Error::custom("the data is no JSON object"));
    }
    let mut form = Form { body: String::with_capacity(data.len() + data.len() / 4 + 64), max: MAX_BYTES };
    form.pair("type", kind)?;
    Walk { rest: text, name: String::new(), depth: 0, form: &mut form }.members(true)?;
    Ok(form.body.into())
}

/// The body so far.
struct Form {
    body: String,
    max: usize,
}

impl Form {
    /// `name` is encoded already.
    fn pair(&mut self, name: &str, value: &str) -> Result<(), Error> {
        if self.body.len() + name.len() + value.len() > self.max {
            return Err(Error::custom("as a form it would be longer than 8 MiB"));
        }
        if !self.body.is_empty() {
            self.body.push('&');
        }
        self.body.push_str(name);
        self.body.push('=');
        self.body.extend(byte_serialize(value.as_bytes()));
        Ok(())
    }
}

/// Goes through JSON that is known to be well-formed.
struct Walk<'a, 'f> {
    rest: &'a str,
    /// The encoded name of where we are.
    name: String,
    depth: usize,
    form: &'f mut Form,
}

impl<'a> Walk<'a, '_> {
    fn value(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'{') => self.members(false),
            Some(b'[') => self.elements(),
            Some(b'"') => {
                let text = self.string()?;
                self.form.pair(&self.name, &text)
            }
            _ => {
                let text = match self.literal() {
                    "null" => "",
                    "true" => "1",
                    "false" => "0",
                    number => number,
                };
                self.form.pair(&self.name, text)
            }
        }
    }

    fn members(&mut self, top: bool) -> Result<(), Error> {
        let above = self.name.len();
        self.descend()?;
        while self.another(b'}') {
            let name = self.string()?;
            self.step_over(b':');
            if top && name == "type" {
                self.pass_over()?;
                continue;
            }
            let name = escaped(&name);
            if top {
                self.name.extend(byte_serialize(name.as_bytes()));
            } else {
                self.push_key(name.as_bytes());
            }
            self.value()?;
            self.name.truncate(above);
        }
        self.depth -= 1;
        Ok(())
    }

    fn elements(&mut self) -> Result<(), Error> {
        let (above, plain) = (self.name.len(), self.holds_plain_values()?);
        self.descend()?;
        let mut place = 0_usize;
        while self.another(b']') {
            if plain {
                self.push_key(b"");
            } else {
                self.push_key(place.to_string().as_bytes());
            }
            self.value()?;
            self.name.truncate(above);
            place += 1;
        }
        self.depth -= 1;
        Ok(())
    }

    fn push_key(&mut self, key: &[u8]) {
        self.name.push_str("%5B");
        self.name.extend(byte_serialize(key));
        self.name.push_str("%5D");
    }

    /// Whether no element of the list ahead is a map or a list. Looks no further than the first that is.
    fn holds_plain_values(&self) -> Result<bool, Error> {
        let mut ahead = Walk {
            rest: self.rest,
            name: String::new(),
            depth: 0,
            form: &mut Form { body: String::new(), max: 0 },
        };
        ahead.enter();
        while ahead.another(b']') {
            match ahead.peek() {
                Some(b'{' | b'[') => return Ok(false),
                _ => ahead.pass_over()?,
            }
        }
        Ok(true)
    }

    /// Skips a value, whatever it is.
    fn pass_over(&mut self) -> Result<(), Error> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<serde::de::IgnoredAny>();
        values.next().transpose()?;
        self.rest = &self.rest[values.byte_offset()..];
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<super::Name<'a>>();
        let text = values.next().transpose()?.ok_or_else(|| Error::custom("a string is missing"))?;
        self.rest = &self.rest[values.byte_offset()..];
        Ok(text.0)
    }

    /// A number, `true`, `false` or `null`, as it was written.
    fn literal(&mut self) -> &'a str {
        let end = self.rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(self.rest.len());
        let (literal, rest) = self.rest.split_at(end);
        self.rest = rest;
        literal
    }

    fn descend(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::custom("its maps and lists are nested more than 100 levels deep"));
        }
        self.enter();
        Ok(())
    }

    /// Steps over an opening bracket.
    fn enter(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Whether there is another member or element before the closing bracket, which it steps over.
    fn another(&mut self, close: u8) -> bool {
        self.step_over(b',');
        match self.peek() {
            Some(byte) if byte != close => true,
            Some(_) | None => {
                self.enter();
                false
            }
        }
    }

    /// Steps over a mark if there is one, and over blanks.
    fn step_over(&mut self, mark: u8) {
        if self.peek() == Some(mark) {
            self.enter();
        }
        self.peek();
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.rest.as_bytes().first().copied()
    }
}

/// A name whose brackets cannot be taken for notation.
fn escaped(name: &str) -> Cow<'_, str> {
    if !name.contains(['[', ']', '%']) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 8);
    for (at, letter) in name.char_indices() {
        let ambiguous = || ["%5B", "%5D", "%25"].iter().any(|code| name[at..].starts_with(code));
        match letter {
            '[' => escaped.push_str("%5B"),
            ']' => escaped.push_str("%5D"),
            '%' if ambiguous() => escaped.push_str("%25"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests;
