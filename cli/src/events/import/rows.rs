//! Records out of a file: CSV, JSON or XML, told apart by the first letter.

mod csv;
mod json;
mod xml;

use std::io::Read;

use super::kinds::{Fields, Kind};
use super::text::Text;

/// One record, before its fields are understood.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// Where it begins, from 1.
    pub(super) line: u64,
    /// What it is about.
    pub(super) kind: Kind,
    /// Its fields by their names in the log.
    pub(super) fields: Fields,
}

/// A record that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: u64,
    pub(super) why: String,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<Row, Unreadable>> + 'a>;

/// Reads a file's records in order, and holds one of them at a time. `kind` is what they are about, where they do not say it
/// themselves.
pub(super) fn read<'a>(from: impl Read + 'a, kind: Option<Kind>) -> Rows<'a> {
    let mut text = Text::new(from);
    match first_letter(&mut text) {
        Err(error) => Box::new(std::iter::once(Err(unreadable(1, &error)))),
        Ok(None) => Box::new(std::iter::empty()),
        Ok(Some(b'[' | b'{')) => Box::new(json::rows(text, kind)),
        Ok(Some(b'<')) => Box::new(xml::rows(text, kind)),
        Ok(Some(_)) => Box::new(csv::rows(text, kind)),
    }
}

/// Behind a byte order mark, which is no text.
fn first_letter(text: &mut Text<impl Read>) -> std::io::Result<Option<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    use std::io::BufRead as _;
    if text.fill_buf()?.starts_with(MARK) {
        text.consume(MARK.len());
    }
    text.first_letter()
}

const NO_KIND: &str = "nothing says what this record is about: give --kind";

/// The file itself, from there on.
fn unreadable(line: u64, error: &std::io::Error) -> Unreadable {
    Unreadable { line, why: format!("cannot be read, nor what follows: {error}") }
}

#[cfg(test)]
mod tests;
