//! Why a record ends in a dead-letter topic: a closed set.

/// The reason, as the `postbode-reason` header says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeathReason {
    /// An event that cannot be understood.
    Malformed,
    /// An event that is larger than the limit.
    TooLarge,
    /// A delivery whose schedule is spent.
    Exhausted,
    /// The delivery that got 410.
    Gone,
    /// A delivery whose schedule is spent, and whose last attempt policy denied.
    AddressDenied,
    /// A delivery that waited for 72 hours.
    Expired,
    /// A delivery whose webhook is deleted.
    UnknownWebhook,
}

impl DeathReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Exhausted,
        Self::Gone,
        Self::AddressDenied,
        Self::Expired,
        Self::UnknownWebhook,
    ];

    /// Its name in headers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::Exhausted => "exhausted",
            Self::Gone => "gone",
            Self::AddressDenied => "address-denied",
            Self::Expired => "expired",
            Self::UnknownWebhook => "unknown-webhook",
        }
    }

    /// The reason of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}
