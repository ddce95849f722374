//! How much lanes may have together, and what those of one account have.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use crate::{BreakerSettings, Pace, WebhookId};

/// What lanes share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// POSTs that may be open in lanes that are not brisk.
    pub(super) not_brisk: usize,
    /// POSTs that may be open in one account's lanes.
    pub(super) account: usize,
    /// POSTs that may begin per second in one account's lanes.
    pub(super) account_per_second: Option<NonZeroU32>,
    pub(super) breaker: BreakerSettings,
}

/// What an account's lanes hold together.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) open: usize,
    pub(super) pace: Pace,
    pub(super) waiting: VecDeque<WebhookId>,
    pub(super) timed: bool,
}
