//! Dead letters and what operators do with them.

mod letters;
mod operators;
mod outage;
mod recover;
