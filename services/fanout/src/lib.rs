//! Matches each event against the triggers of the webhooks.
