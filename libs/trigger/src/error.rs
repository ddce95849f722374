//! Why an expression is no filter.

use crate::bounds::{MAX_ADDITIONS, MAX_DEPTH, MAX_SOURCE};
use crate::check::VARIABLES;

/// Why an expression is no filter. Each text goes on from the field's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is nothing in it.
    #[error("is empty: write a condition, such as type == \"click\"")]
    Empty,
    /// It has so many bytes, more than [`MAX_SOURCE`].
    #[error("has {0} bytes: {MAX_SOURCE} are allowed")]
    TooLong(usize),
    /// More than [`MAX_DEPTH`] levels.
    #[error("is nested too deeply: {MAX_DEPTH} levels are allowed")]
    TooDeep,
    /// So many `+`, more than [`MAX_ADDITIONS`].
    #[error("has {0} additions (+): {MAX_ADDITIONS} are allowed")]
    TooManyAdditions(u32),
    /// `+` for each element of a list.
    #[error("adds (+) inside a loop: that is not allowed")]
    AddsInLoop,
    /// A loop for each element of a list.
    #[error(
        "has a loop inside another (all, exists, exists_one or filter): that is not allowed, nor one after another"
    )]
    LoopInLoop,
    /// A loop that calls its elements by no name.
    #[error("has a loop whose first argument is no name: write data.tags.exists(tag, …)")]
    LoopWithoutName,
    /// A loop that is written like a function.
    #[error("{}: write it as list.exists(element, condition)", called(.0))]
    LoopAsFunction(String),
    /// `matches`: regular expressions cost what the pattern likes.
    #[error("{}: use contains, startsWith or endsWith; there are no regular expressions", called("matches"))]
    Matches,
    /// `map`: it could copy an event for each of its elements.
    #[error("{}: use list.exists(element, …) instead", called("map"))]
    Map,
    /// A function that is not among those that there are.
    #[error("{}", called(.0))]
    UnknownFunction(String),
    /// A name that is not among those that there are.
    #[error("does not know '{0}': use {known}", known = VARIABLES.join(", "))]
    UnknownName(String),
    /// `has(…)` of something else than a member.
    #[error("asks has(…) for something that is no member: write has(data.name)")]
    HasOfNoMember,
    /// A structure.
    #[error("makes a structure: there are none here")]
    Structure,
    /// The compiler does not say why.
    #[error("cannot be understood")]
    NotUnderstood,
    /// The compiler says why.
    #[error("cannot be understood at line {line}, column {column}: {why}")]
    NotUnderstoodAt {
        /// Counted from 1.
        line: isize,
        /// Counted from 1.
        column: isize,
        /// In the compiler's words.
        why: String,
    },
    /// The compiler broke down.
    #[error("could not be compiled")]
    NotCompiled,
}

fn called(name: &str) -> String {
    format!("calls {name}, which is not known here, or not with these arguments")
}
