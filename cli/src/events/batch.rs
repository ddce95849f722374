//! Events gathered into requests. Pure.

use bytes::Bytes;

/// The body of one request, a JSON array, and how to name it so that it may be sent twice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Its `Idempotency-Key`: the same events under the same key get the same ids.
    pub(crate) key: String,
    /// The array.
    pub(crate) body: Bytes,
    /// Each event's number in the input, for errors.
    pub(crate) numbers: Vec<u64>,
}

/// Gathers up to so many events, and so many bytes, into each batch.
pub(crate) struct Batcher {
    run: String,
    max_events: usize,
    max_bytes: usize,
    made: u64,
    body: String,
    numbers: Vec<u64>,
}

impl Batcher {
    /// Batches named `<run>-0`, `<run>-1`, …
    pub(crate) fn new(run: String, max_events: usize, max_bytes: usize) -> Self {
        Self { run, max_events, max_bytes, made: 0, body: String::new(), numbers: Vec::new() }
    }

    /// Adds an event; gives a batch when it is complete. An event that is larger than a batch gets its own.
    pub(crate) fn add(&mut self, number: u64, event: &str) -> Option<Batch> {
        let full = self.numbers.len() >= self.max_events || self.body.len() + event.len() > self.max_bytes;
        let batch = if full { self.take() } else { None };
        self.body.push(if self.numbers.is_empty() { '[' } else { ',' });
        self.body.push_str(event);
        self.numbers.push(number);
        batch
    }

    /// What is left.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.numbers.is_empty() {
            return None;
        }
        let mut body = std::mem::take(&mut self.body);
        body.push(']');
        let key = format!("{}-{}", self.run, self.made);
        self.made += 1;
        Some(Batch { key, body: body.into(), numbers: std::mem::take(&mut self.numbers) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(max_events: usize, max_bytes: usize, events: &[&str]) -> Vec<(String, String, Vec<u64>)> {
        let mut batcher = Batcher::new("run".into(), max_events, max_bytes);
        let mut batches = Vec::new();
        for (event, number) in events.iter().zip(1..) {
            batches.extend(batcher.add(number, event));
        }
        batches.extend(batcher.take());
        batches.extend(batcher.take());
        let text = |body: Bytes| String::from_utf8(body.to_vec()).unwrap();
        batches.into_iter().map(|batch| (batch.key, text(batch.body), batch.numbers)).collect()
    }

    #[test]
    fn a_batch_is_full_by_number_or_by_size() {
        let by_number = batches(2, 100, &["{}", "{}", "{}"]);
        assert_eq!(by_number[0], ("run-0".into(), "[{},{}]".into(), vec![1, 2]));
        assert_eq!(by_number[1], ("run-1".into(), "[{}]".into(), vec![3]));
        let by_size = batches(9, 10, &["{\"a\":1}", "{}", "{\"large\":\"event\"}", "{}"]);
        let bodies: Vec<_> = by_size.iter().map(|batch| batch.1.as_str()).collect();
        assert_eq!(bodies, ["[{\"a\":1},{}]", "[{\"large\":\"event\"}]", "[{}]"]);
    }

    #[test]
    fn no_events_make_no_batch() {
        assert_eq!(batches(2, 100, &[]), []);
    }
}
