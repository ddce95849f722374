//! A filter: a CEL expression that was found fit to run.

use std::sync::LazyLock;
use std::thread;

use cel::{Env, ParseErrors, Program};

use crate::bounds::{Load, MAX_DEPTH, MAX_SOURCE};
use crate::check;
use crate::error::FilterError;

/// A compiled filter.
#[derive(Debug)]
pub struct Filter {
    pub(crate) program: Program,
    pub(crate) load: Load,
}

impl Filter {
    /// Compiles an expression over `type`, `data`, `account`, `source` and `time`.
    ///
    /// It has at most [`MAX_SOURCE`] bytes and [`MAX_DEPTH`] levels, knows only what is listed in `check`, and has no loop
    /// inside another. Whether it is a boolean shows when it runs.
    ///
    /// # Errors
    /// Says what is wrong with it, and where.
    pub fn compile(source: &str) -> Result<Self, FilterError> {
        if source.trim().is_empty() {
            return Err(FilterError::Empty);
        }
        if source.len() > MAX_SOURCE {
            return Err(FilterError::TooLong(source.len()));
        }
        with_room(|| compile(source))
    }
}

/// How messages are shortened.
const MAX_MESSAGE: usize = 200;

/// The parser goes down with the expression, and finds out on the way that it is too deep: the largest source takes a few
/// megabytes.
const STACK: usize = 32 * 1024 * 1024;

/// Expands no macros: shows the expression as it was written.
static PLAIN: LazyLock<Env> = LazyLock::new(|| Env::default().with_optional_support(false));

/// What filters run in: the standard functions and macros.
pub(crate) static STANDARD: LazyLock<std::sync::Arc<Env>> =
    LazyLock::new(|| std::sync::Arc::new(Env::stdlib().with_optional_support(false)));

/// Runs something on a thread with a stack of its own.
fn with_room<T: Send>(work: impl FnOnce() -> Result<T, FilterError> + Send) -> Result<T, FilterError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("filter".to_owned()).stack_size(STACK);
        let running = thread.spawn_scoped(scope, work).map_err(|_| FilterError::NotCompiled)?;
        running.join().unwrap_or(Err(FilterError::NotCompiled))
    })
}

fn compile(source: &str) -> Result<Filter, FilterError> {
    // One level more than is allowed, so that `check` is the one to say so.
    let parser = PLAIN.parser().max_recursion_depth(MAX_DEPTH as u16 + 1);
    let load = check::check(&parser.parse(source).map_err(|errors| told(&errors))?)?;
    let program = STANDARD.compile(source).map_err(|errors| told(&errors))?;
    Ok(Filter { program, load })
}

/// The first error, with its place. The rest are consequences.
fn told(errors: &ParseErrors) -> FilterError {
    if errors.errors.iter().any(|error| error.msg.contains("Recursion limit")) {
        return FilterError::TooDeep;
    }
    let Some(first) = errors.errors.first() else {
        return FilterError::NotUnderstood;
    };
    let message = first.msg.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    let (line, column) = first.pos;
    FilterError::NotUnderstoodAt { line, column, why: short(message) }
}

/// One line, not too long.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
