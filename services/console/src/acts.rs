//! What people can do, whichever door they come in by: REST or a page.
//!
//! An act is asked for by somebody ([`Actor`](crate::rules::access::Actor)), judged by the rules, and done to the world.
//! Its words are those of the REST API: pages speak them too.

mod accounts;
mod audit;
mod conditions;
mod erasure;
mod history;
mod jobs;
mod keys;
mod letter;
mod missed;
mod overview;
mod portal;
pub(crate) mod present;
pub(crate) mod present_history;
mod preview;
mod resend;
pub mod trial;
pub mod verification;
mod webhooks;

/// Chance that is fit for keys.
pub(crate) fn chance(bytes: &mut [u8]) {
    rand::fill(bytes);
}
