//! A file's text, a piece at a time: what a run holds of it does not grow with the file.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// What is read at once.
const PIECE: usize = 256 * 1024;
/// The longest record, in bytes: sixteen times the largest event. A quotation mark that nobody closes ends here.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// Text that was read and is not used up.
pub(super) struct Text<R> {
    from: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    line: u64,
    /// Bytes used up since the record began.
    used: usize,
}

impl<R: Read> Text<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), at: 0, ended: false, line: 1, used: 0 }
    }

    /// What is there without reading on.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Whether all of it is there.
    pub(super) fn is_whole(&self) -> bool {
        self.ended
    }

    /// The line of what is ahead, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// From here on another record is read: only then may the text go on for ever.
    pub(super) fn begin_record(&mut self) {
        self.used = 0;
    }

    /// Reads on, as much again as is there already: what has to begin anew with more takes no more than twice the time.
    /// False at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or the record becomes longer than [`LONGEST`].
    pub(super) fn more(&mut self) -> Result<bool> {
        let room = LONGEST.saturating_sub(self.used + self.ahead().len());
        if room == 0 {
            return Err(Error::new(ErrorKind::FileTooLarge, "it is longer than 16 MiB"));
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let before = self.buffer.len();
        let wanted = before.max(PIECE).min(room) as u64;
        let read = self.from.by_ref().take(wanted).read_to_end(&mut self.buffer)?;
        self.ended = (read as u64) < wanted;
        Ok(self.buffer.len() > before)
    }

    /// The first letter that is no blank; nothing is used up.
    pub(super) fn first_letter(&mut self) -> Result<Option<u8>> {
        loop {
            if let Some(byte) = self.ahead().iter().find(|byte| !byte.is_ascii_whitespace()) {
                return Ok(Some(*byte));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }
}

impl<R: Read> BufRead for Text<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.ahead().is_empty() {
            self.more()?;
        }
        Ok(self.ahead())
    }

    fn consume(&mut self, amount: usize) {
        let used = &self.buffer[self.at..self.at + amount];
        self.line += memchr::memchr_iter(b'\n', used).count() as u64;
        self.at += amount;
        self.used += amount;
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_nothing_is_lost_between_pieces() {
        let file = "one\ntwo\n".repeat(PIECE / 3);
        let mut text = Text::new(file.as_bytes());
        assert_eq!(text.first_letter().unwrap(), Some(b'o'));
        let mut read = String::new();
        text.read_to_string(&mut read).unwrap();
        assert!(read == file && text.is_whole());
        assert_eq!(text.line(), 1 + file.lines().count() as u64);
        assert_eq!(Text::new(" \n ".as_bytes()).first_letter().unwrap(), None);
    }

    #[test]
    fn a_record_has_an_end_and_a_file_need_not() {
        let mut text = Text::new(std::io::repeat(b'a'));
        let too_long = loop {
            match text.fill_buf() {
                Ok(piece) => {
                    let length = piece.len();
                    text.consume(length);
                }
                Err(error) => break error,
            }
        };
        assert_eq!(too_long.to_string(), "it is longer than 16 MiB");
        assert_eq!(text.used, LONGEST);
        text.begin_record();
        assert!(text.fill_buf().is_ok());
    }
}
