//! What a filter's failure is called. CEL's own words hold values of the event, which are for nobody's log: these hold none.

use cel::ExecutionError as Error;

use crate::filter::short;

/// In words, for the webhook's owner. Names only what the filter's source names.
pub(crate) fn told(error: &Error, source: &str) -> String {
    if let Error::NoSuchKey(name) = error {
        let name = if source.contains(name.as_str()) {
            format!("'{}'", short(name))
        } else {
            "asked for".to_owned()
        };
        return format!("there is no member {name}: ask with has(…) first");
    }
    if let Error::NoSuchOverload(error) = error {
        let types = error.argument_types().join(" and ");
        return format!("{} cannot be used on {}", operator(error.function()), short(&types));
    }
    if let Error::FunctionError { function, .. } = error {
        return format!("{} cannot make sense of its argument", operator(function));
    }
    if let Error::UnexpectedType { got, want } = error {
        return format!("{} stands where {} should", short(got), short(want));
    }
    let what = if matches!(error, Error::IndexOutOfBounds(_)) {
        "a place lies past the end of its list"
    } else if matches!(error, Error::DivisionByZero(_) | Error::RemainderByZero(_)) {
        "it divides by zero"
    } else if matches!(error, Error::Overflow(..)) {
        "a number grows too large"
    } else if matches!(error, Error::ValuesNotComparable(..)) {
        "it compares what cannot be compared"
    } else {
        "it cannot be computed for this event"
    };
    what.to_owned()
}

/// What a result that is no boolean is.
pub(crate) fn no_boolean(kind: &str) -> String {
    format!("the result is no boolean but {}", short(kind))
}

/// As it is written: `_>_` is CEL's name for `>`.
fn operator(function: &str) -> &str {
    function.trim_matches(['_', '@'])
}
