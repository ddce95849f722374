//! Server-sent events, read as the HTML standard says (9.2.6), from bytes in pieces of any size. Pure.

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its kind: `message` if it has none.
    pub(super) event: String,
    /// Its lines, joined by line feeds.
    pub(super) data: String,
    /// The last id that was said with it or before it.
    pub(super) id: String,
}

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed that follows ends no other line.
    returned: bool,
    begun: bool,
    event: String,
    data: String,
    has_data: bool,
    id: String,
}

/// A line that is longer is no line of ours.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// The stream is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of the stream is longer than {MAX_LINE} bytes")]
pub(super) struct TooLong;

impl Parser {
    /// Reads on, and returns the messages that are complete.
    ///
    /// # Errors
    /// When a line does not end.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Message>, TooLong> {
        let mut messages = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\r' | b'\n' => messages.extend(self.end_of_line()),
                _ if self.line.len() >= MAX_LINE => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(messages)
    }

    /// The last id that was said, also without a message; empty if there was none.
    pub(super) fn last_id(&self) -> &str {
        &self.id
    }

    fn end_of_line(&mut self) -> Option<Message> {
        let line = std::mem::take(&mut self.line);
        let mark = !std::mem::replace(&mut self.begun, true);
        let line = if mark { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        if line.is_empty() {
            return self.end_of_message();
        }
        let text = String::from_utf8_lossy(line);
        let (name, value) = text.split_once(':').unwrap_or((&text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event),
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            // Comments have no name; `retry` is for browsers.
            _ => {}
        }
        None
    }

    fn end_of_message(&mut self) -> Option<Message> {
        let (event, data) = (std::mem::take(&mut self.event), std::mem::take(&mut self.data));
        let event = if event.is_empty() { "message".to_owned() } else { event };
        std::mem::take(&mut self.has_data).then(|| Message { event, data, id: self.id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(event: &str, data: &str, id: &str) -> Message {
        Message { event: event.to_owned(), data: data.to_owned(), id: id.to_owned() }
    }

    const STREAM: &str = "\u{feff}: alive\nid: 0-1\n\nid: 0-2\nevent: click\ndata: {\"a\":\ndata:  1}\n\n\
                          data\n\nevent: lost\n\nid\ndata:é: 1\nretry: 5\nunknown: 1\n\ndata: no end";

    #[test]
    fn messages_come_out_the_same_whatever_the_pieces_and_line_ends() {
        let expected = [
            message("click", "{\"a\":\n 1}", "0-2"),
            message("message", "", "0-2"),
            message("message", "é: 1", ""),
        ];
        for line_end in ["\n", "\r", "\r\n"] {
            let stream = STREAM.replace('\n', line_end);
            for piece in [1, 2, 3, 7, 1000] {
                let mut parser = Parser::default();
                let read = stream.as_bytes().chunks(piece).flat_map(|bytes| parser.read(bytes).unwrap());
                assert_eq!(read.collect::<Vec<_>>(), expected, "{line_end:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn an_id_counts_without_a_message() {
        let mut parser = Parser::default();
        assert_eq!(parser.read(b": alive\nid: 3-7\n\n"), Ok(vec![]));
        assert_eq!(parser.last_id(), "3-7");
        assert_eq!(parser.read(b"id: bad\0\n\n"), Ok(vec![]));
        assert_eq!(parser.last_id(), "3-7");
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut parser = Parser::default();
        assert!(parser.read(&vec![b'x'; MAX_LINE]).is_ok());
        assert_eq!(parser.read(b"x"), Err(TooLong));
    }
}
