//! What a Kafka record is to the rest of Postbode.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Offset, Partition, Timestamp};

/// A record's headers: ordered, and a name may occur twice (the last one counts).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(HeaderName, Bytes)>);

/// A header's name: ours are static, strangers' are carried along.
pub type HeaderName = std::borrow::Cow<'static, str>;

impl Headers {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// None yet, with room for `n`.
    pub fn with_capacity(n: usize) -> Self {
        Self(Vec::with_capacity(n))
    }

    /// The bytes under a name.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The text under a name, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Adds a header, whatever is there already.
    pub fn push(&mut self, name: impl Into<HeaderName>, value: impl Into<Bytes>) {
        self.0.push((name.into(), value.into()));
    }

    /// Puts a header in the place of all of that name.
    pub fn set(&mut self, name: impl Into<HeaderName>, value: impl Into<Bytes>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Drops all headers of a name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many bytes names and values take.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(HeaderName, Bytes)> for Headers {
    fn from_iter<I: IntoIterator<Item = (HeaderName, Bytes)>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

/// A record read from a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its topic's full name.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: Partition,
    /// Its place in the partition.
    pub offset: Offset,
    /// When it was written (or created, as its topic is configured).
    pub timestamp: Timestamp,
    /// Its key; producers outside may leave it out or use any bytes.
    pub key: Option<Bytes>,
    /// Its value; a missing one is a tombstone in a compacted topic.
    pub value: Option<Bytes>,
    /// Its headers.
    pub headers: Headers,
}

impl Record {
    /// How many bytes key, value and headers take.
    pub fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len)
            + self.value.as_ref().map_or(0, Bytes::len)
            + self.headers.size()
    }
}

/// A record to be written. Its timestamp is the time of writing: an old one would let retention eat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRecord {
    /// The topic's full name.
    pub topic: Arc<str>,
    /// The key that chooses the partition; none means any.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}
