//! One clock for several processes: the load generator writes it into bodies, the receiver reads it from them.

use rustix::time::{ClockId, clock_gettime};

/// Microseconds since 1970. `tokio::time::Instant` does not cross processes, and [`process::SystemClock`] tells
/// milliseconds only.
pub(super) fn micros() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    let micros = now.tv_sec.saturating_mul(1_000_000).saturating_add(now.tv_nsec / 1_000);
    u64::try_from(micros).unwrap_or(0)
}
