//! A filter: a CEL expression that was found fit to run.

use std::sync::LazyLock;
use std::thread;

use cel::{Env, ParseErrors, Program};

use crate::bounds::{Load, MAX_DEPTH, MAX_SOURCE};
use crate::check;

/// A compiled filter.
#[derive(Debug)]
pub struct Filter {
    pub(crate) program: Program,
    pub(crate) load: Load,
}

/// Why an expression is no filter: a sentence that goes on from the field's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

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
            return Err(FilterError("is empty: write a condition, such as type == \"click\"".to_owned()));
        }
        if source.len() > MAX_SOURCE {
            return Err(FilterError(format!("has {} bytes: {MAX_SOURCE} are allowed", source.len())));
        }
        with_room(|| compile(source)).map_err(FilterError)
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
fn with_room<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("filter".to_owned()).stack_size(STACK);
        let failed = || "could not be compiled".to_owned();
        let running = thread.spawn_scoped(scope, work).map_err(|_| failed())?;
        running.join().unwrap_or_else(|_| Err(failed()))
    })
}

fn compile(source: &str) -> Result<Filter, String> {
    // One level more than is allowed, so that `check` is the one to say so.
    let parser = PLAIN.parser().max_recursion_depth(MAX_DEPTH as u16 + 1);
    let load = check::check(&parser.parse(source).map_err(|errors| told(&errors))?)?;
    let program = STANDARD.compile(source).map_err(|errors| told(&errors))?;
    Ok(Filter { program, load })
}

/// The first error, with its place. The rest are consequences.
fn told(errors: &ParseErrors) -> String {
    if errors.errors.iter().any(|error| error.msg.contains("Recursion limit")) {
        return check::too_deep();
    }
    let Some(first) = errors.errors.first() else {
        return "cannot be understood".to_owned();
    };
    let message = first.msg.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    let (line, column) = first.pos;
    format!("cannot be understood at line {line}, column {column}: {}", short(message))
}

/// One line, not too long.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
