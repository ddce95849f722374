//! Kafka's questions and answers as bytes, of the versions that are plain: fixed numbers, and texts with their length.

/// A question being written.
#[derive(Clone, Debug)]
pub(crate) struct Question(Vec<u8>);

impl Question {
    /// Begins with the header: what is asked, in which version.
    pub(crate) fn new(key: i16, version: i16) -> Self {
        let mut question = Self(Vec::new());
        question.0.extend(key.to_be_bytes());
        question.0.extend(version.to_be_bytes());
        question.i32(1).text("faults");
        question
    }

    pub(crate) fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(crate) fn i32(&mut self, value: i32) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i64(&mut self, value: i64) -> &mut Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    /// How many of what follows there are.
    pub(crate) fn count(&mut self, value: i32) -> &mut Self {
        self.i32(value)
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.0.extend(i16::try_from(value.len()).unwrap_or(i16::MAX).to_be_bytes());
        self.0.extend(value.as_bytes());
        self
    }

    /// With its length before it.
    pub(crate) fn framed(self) -> Vec<u8> {
        let length = i32::try_from(self.0.len()).unwrap_or(i32::MAX);
        [&length.to_be_bytes()[..], &self.0].concat()
    }
}

/// An answer being read.
#[derive(Debug)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
    at: usize,
}

impl Answer {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }

    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let from = self.at;
        self.at += length;
        self.bytes.get(from..self.at).ok_or_else(|| "the answer ends too soon".to_owned())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| "the answer ends too soon".to_owned())
    }

    pub(crate) fn i8(&mut self) -> Result<i8, String> {
        Ok(i8::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> Result<i16, String> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> Result<i32, String> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, String> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// How many of what follows there are.
    pub(crate) fn count(&mut self) -> Result<i32, String> {
        self.i32()
    }

    /// A text; none is an empty one.
    pub(crate) fn text(&mut self) -> Result<String, String> {
        let length = usize::try_from(self.i16()?).unwrap_or(0);
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// An error code that must be zero.
    pub(crate) fn no_error(&mut self) -> Result<(), String> {
        match self.i16()? {
            0 => Ok(()),
            code => Err(format!("Kafka's error {code}")),
        }
    }
}
