//! How much a filter may cost.

/// The longest source, in bytes.
pub const MAX_SOURCE: usize = 2048;
/// Expressions within each other: parsing, running and dropping them takes stack.
pub const MAX_DEPTH: usize = 32;
/// `+` in one filter: it makes texts and lists longer.
pub const MAX_ADDITIONS: u32 = 10;
/// Calls of functions and operators for one event, those inside `all`, `exists`, … counted once for each element of the
/// event's longest list or map.
pub const MAX_CALLS: u64 = 100_000;
/// Those calls times the bytes of the event's data, for each of them may read all of it.
pub const MAX_FILTER_BYTES_READ: u64 = 512 * 1024 * 1024;
/// The same, over all the filters that run for one event.
pub const MAX_EVENT_BYTES_READ: u64 = 4 * 1024 * 1024 * 1024;

/// What running a filter takes, as far as its text tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Calls that are made once.
    pub(crate) once: u32,
    /// Calls that are made for each element.
    pub(crate) each: u32,
    /// How often texts or lists are joined.
    pub(crate) additions: u32,
}

impl Load {
    /// The bytes that may be read for an event.
    ///
    /// # Errors
    /// When that is too much: in words.
    pub(crate) fn of(self, bytes: usize, longest: usize) -> Result<u64, String> {
        let (bytes, longest) = (bytes as u64, longest as u64);
        let calls = u64::from(self.once).saturating_add(u64::from(self.each).saturating_mul(longest));
        let read = calls.saturating_mul(bytes);
        if calls > MAX_CALLS || read > MAX_FILTER_BYTES_READ {
            let lists = if self.each > 0 { format!(" and up to {longest} elements") } else { String::new() };
            return Err(format!("it would take too long for an event of {bytes} bytes{lists}"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_filter_may_read_the_largest_event_and_a_long_list_makes_it_a_large_one() {
        let load = |once, each| Load { once, each, additions: 0 };
        assert_eq!(load(20, 0).of(1024 * 1024, 100_000), Ok(20 * 1024 * 1024));
        assert_eq!(load(2, 3).of(1_000, 1_000), Ok(3_002_000));
        let long = load(2, 3).of(1_000, 50_000).unwrap_err();
        assert_eq!(long, "it would take too long for an event of 1000 bytes and up to 50000 elements");
        assert!(load(1, 1).of(1024 * 1024, 1_000).is_err());
        assert!(load(600, 0).of(1024 * 1024, 0).is_err());
        assert!(load(u32::MAX, u32::MAX).of(usize::MAX, usize::MAX).is_err());
    }
}
