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
/// Those calls times the event's size, for each of them may read all of it. Some tenths of a second, at worst.
pub const MAX_FILTER_BYTES_READ: u64 = 512 * 1024 * 1024;
/// The same, over all the filters that run for one event: about a second, at worst.
pub const MAX_EVENT_BYTES_READ: u64 = 2 * 1024 * 1024 * 1024;
/// What a value counts beside its bytes: comparing two small values takes as long as searching so much text.
pub const VALUE_BYTES: u64 = 32;

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
    pub(crate) fn of(self, event: Size) -> Result<u64, String> {
        let Size { bytes, values, longest } = event;
        let calls = u64::from(self.once).saturating_add(u64::from(self.each).saturating_mul(longest));
        let read = calls.saturating_mul(bytes.saturating_add(values.saturating_mul(VALUE_BYTES)));
        if calls > MAX_CALLS || read > MAX_FILTER_BYTES_READ {
            let loops = if self.each > 0 { format!(", up to {longest} in one list") } else { String::new() };
            return Err(format!(
                "it would take too long for an event of {bytes} bytes with {values} values{loops}"
            ));
        }
        Ok(read)
    }
}

/// How large an event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes of its data.
    pub(crate) bytes: u64,
    /// Values in it: members and elements, at every level.
    pub(crate) values: u64,
    /// Elements of its longest list, or members of its longest map.
    pub(crate) longest: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_filter_may_read_the_largest_event_and_a_long_list_makes_it_a_large_one() {
        let load = |once, each| Load { once, each, additions: 0 };
        let size = |bytes, values, longest| Size { bytes, values, longest };
        assert_eq!(load(20, 0).of(size(1024 * 1024, 0, 9)), Ok(20 * 1024 * 1024));
        assert_eq!(load(2, 3).of(size(1_000, 10, 1_000)), Ok(3_002 * 1_320));
        let long = load(2, 3).of(size(1_000, 50_000, 50_000)).unwrap_err();
        let told =
            "it would take too long for an event of 1000 bytes with 50000 values, up to 50000 in one list";
        assert_eq!(long, told);
        assert!(load(1, 1).of(size(1024 * 1024, 1_000, 1_000)).is_err());
        assert!(load(300, 0).of(size(1024 * 1024, 9, 9)).is_ok());
        assert!(load(600, 0).of(size(1024 * 1024, 9, 9)).is_err());
        assert!(load(60, 0).of(size(1024 * 1024, 500_000, 9)).is_err(), "so many values take their time");
        assert!(load(u32::MAX, u32::MAX).of(size(u64::MAX, u64::MAX, u64::MAX)).is_err());
    }
}
