//! Events from a file or a pipe: a JSON array, or one JSON object a line, told apart by the first letter.

use std::io::BufRead;

use anyhow::{Context as _, bail};
use serde_json::value::RawValue;

/// One event as it was written, and its number: its place in the array, or its line.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) number: u64,
    pub(super) event: Box<RawValue>,
}

/// The events of a reader. Lines are read as they are wanted, an array at once.
pub(super) fn events<R: BufRead + 'static>(
    mut from: R,
) -> anyhow::Result<Box<dyn Iterator<Item = anyhow::Result<Numbered>>>> {
    match first_letter(&mut from)? {
        Some(b'[') => {
            let mut text = String::new();
            from.read_to_string(&mut text).context("cannot read the events")?;
            let events: Vec<Box<RawValue>> =
                serde_json::from_str(&text).context("the events are not a JSON array")?;
            let numbered = events.into_iter().zip(1..).map(|(event, number)| Ok(Numbered { number, event }));
            Ok(Box::new(numbered))
        }
        Some(b'{') => Ok(Box::new(from.lines().zip(1..).filter_map(numbered_line))),
        Some(_) => bail!("the events are neither a JSON array nor one JSON object a line"),
        None => Ok(Box::new(std::iter::empty())),
    }
}

fn numbered_line((line, number): (std::io::Result<String>, u64)) -> Option<anyhow::Result<Numbered>> {
    let parse = |line: &str| {
        let event = serde_json::from_str(line).with_context(|| format!("line {number} is not JSON"))?;
        Ok(Numbered { number, event })
    };
    match line {
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(parse(line.trim())),
        Err(error) => Some(Err(error).with_context(|| format!("cannot read line {number}"))),
    }
}

/// Looks at the first letter that is no blank, and leaves it. Only blanks within the buffer are skipped: whole lines
/// of them count as lines.
fn first_letter(from: &mut impl BufRead) -> anyhow::Result<Option<u8>> {
    let buffer = from.fill_buf().context("cannot read the events")?;
    let after_mark = buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(buffer);
    let mark = buffer.len() - after_mark.len();
    let first = after_mark.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    from.consume(mark);
    Ok(first)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &str) -> Vec<Result<(u64, String), String>> {
        let events = events(Cursor::new(text.to_owned())).unwrap();
        let shown = |numbered: Numbered| (numbered.number, numbered.event.get().to_owned());
        events.map(|event| event.map(shown).map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn an_array_and_lines_give_the_same_events_untouched() {
        let first = Ok((1, r#"{"type":"open","n":1.10}"#.to_owned()));
        let array = read("\n [ {\"type\":\"open\",\"n\":1.10}, {} ]");
        assert_eq!(array, [first.clone(), Ok((2, "{}".to_owned()))]);
        let lines = read("{\"type\":\"open\",\"n\":1.10}\r\n\n  {}\n");
        assert_eq!(lines, [first, Ok((3, "{}".to_owned()))]);
    }

    #[test]
    fn nothing_is_no_event() {
        assert_eq!(read(""), []);
        assert_eq!(read(" \n\n"), []);
        assert_eq!(read("[]"), []);
    }

    #[test]
    fn a_broken_line_is_named() {
        let lines = read("{}\n{\"a\":\n{}");
        assert_eq!(lines[1], Err("line 2 is not JSON".to_owned()));
        assert!(lines[2].is_ok());
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(events(Cursor::new("id,time\n1,2\n")).is_err());
        assert!(events(Cursor::new("[{}")).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_no_event() {
        assert_eq!(read("\u{feff}{}"), [Ok((1, "{}".to_owned()))]);
    }
}
