//! Records as CSV: no header line unless it was asked for.

use std::io::Read;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord};

use super::{Fields, NO_KIND, Row, Unreadable, unreadable};
use crate::events::import::kinds::Kind;
use crate::events::import::text::Text;

const BUFFER: usize = 64 * 1024;

pub(super) fn rows(
    text: Text<impl Read>,
    kind: Option<Kind>,
) -> impl Iterator<Item = Result<Row, Unreadable>> {
    let mut builder = ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).buffer_capacity(BUFFER).from_reader(text);
    let mut record = StringRecord::new();
    let mut over = false;
    let mut headed = false;
    std::iter::from_fn(move || {
        while !over {
            reader.get_mut().begin_record();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    let line = error.position().unwrap_or(reader.position()).line();
                    if let ErrorKind::Io(error) = error.kind() {
                        over = true;
                        return Some(Err(unreadable(line, error)));
                    }
                    return Some(Err(Unreadable { line, why: format!("no CSV: {error}") }));
                }
            }
            // A header line is there only if it was asked for.
            let heads = |kind: &Kind| record.iter().eq(kind.columns().iter().copied());
            if !headed && kind.as_ref().is_some_and(heads) {
                headed = true;
                continue;
            }
            let line = record.position().map_or(0, Position::line);
            return Some(row(line, kind, &record).map_err(|why| Unreadable { line, why }));
        }
        None
    })
}

fn row(line: u64, kind: Option<Kind>, record: &StringRecord) -> Result<Row, String> {
    let kind = kind.ok_or(NO_KIND)?;
    let columns = kind.columns();
    if record.len() > columns.len() {
        return Err(format!("has {} columns, and {} has {}", record.len(), kind.name(), columns.len()));
    }
    let fields: Fields =
        columns.iter().zip(record).map(|(name, value)| ((*name).into(), value.into())).collect();
    Ok(Row { line, kind, fields })
}
