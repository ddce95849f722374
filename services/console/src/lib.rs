//! The REST API where people manage accounts, keys and webhooks.
