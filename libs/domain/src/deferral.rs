//! Why a delivery is moved aside without an attempt: a closed set.

/// The reason, as metrics say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deferral {
    /// Its webhook's lane holds more than it can send soon.
    Crowded,
    /// Its endpoint is left alone, for failing or for having asked for that.
    LeftAlone,
    /// Its webhook is paused, unverified or disabled.
    Inactive,
    /// This process cannot open its webhook's secrets.
    Sealed,
}

impl Deferral {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Crowded, Self::LeftAlone, Self::Inactive, Self::Sealed];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crowded => "crowded",
            Self::LeftAlone => "left-alone",
            Self::Inactive => "inactive",
            Self::Sealed => "sealed",
        }
    }
}
