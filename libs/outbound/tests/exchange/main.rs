//! Exchanges with scripted receivers on the loopback: strangers that answer well, badly, slowly or not at all.

#![expect(
    clippy::unwrap_used,
    reason = "the receivers are part of the tests: a failure of theirs fails the test"
)]

mod answers;
mod denied;
mod hostile;
mod pool;
mod proxy;
mod receiver;
mod time_outs;
mod tls;
