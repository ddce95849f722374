//! What may stand in a filter: looked up in the expression as it was written, before macros make loops of it.
//!
//! Everything that is not known is refused when a webhook is made, where a person sees it: CEL itself would find a misspelt
//! variable or function only while running. Left out on purpose: regular expressions, whose compilation costs what the
//! pattern likes; `map`, which could copy an event for each of its elements; one loop inside another; `+` in a loop.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, operators};

use crate::bounds::{Load, MAX_ADDITIONS, MAX_DEPTH};
use crate::error::FilterError;

/// What an expression knows of an event.
pub const VARIABLES: [&str; 5] = ["type", "data", "account", "source", "time"];

/// Names of types, as `type(x) == int` says them.
const TYPES: [&str; 9] = ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"];

/// Functions, called alone or on a value.
const FUNCTIONS: [&str; 24] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "int",
    "size",
    "startsWith",
    "string",
    "timestamp",
    "type",
    "uint",
];

const OPERATORS: [&str; 17] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::IN,
];

/// What goes through a list's elements or a map's keys, each under a name.
const LOOPS: [&str; 4] = [operators::ALL, operators::EXISTS, operators::EXISTS_ONE, operators::FILTER];

/// Looks through the whole expression.
///
/// # Errors
/// What may not stand there.
pub(crate) fn check(expression: &IdedExpr) -> Result<Load, FilterError> {
    let mut checker = Checker { load: Load::default(), element: None };
    checker.expression(expression, 1)?;
    if checker.load.additions > MAX_ADDITIONS {
        return Err(FilterError::TooManyAdditions(checker.load.additions));
    }
    Ok(checker.load)
}

struct Checker<'a> {
    load: Load,
    /// What an element is called, inside a loop.
    element: Option<&'a str>,
}

impl<'a> Checker<'a> {
    fn expression(&mut self, node: &'a IdedExpr, depth: usize) -> Result<(), FilterError> {
        if depth > MAX_DEPTH {
            return Err(FilterError::TooDeep);
        }
        let within = depth + 1;
        match &node.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Literal(_) => Ok(()),
            Expr::Select(select) => self.expression(&select.operand, within),
            Expr::Call(call) => self.call(call, within),
            Expr::List(list) => list.elements.iter().try_for_each(|it| self.expression(it, within)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key, within)?;
                    self.expression(&entry.value, within)
                }
                EntryExpr::StructField(_) => Err(FilterError::Structure),
            }),
            Expr::Struct(_) => Err(FilterError::Structure),
            Expr::Comprehension(_) | Expr::Unspecified => Err(FilterError::NotUnderstood),
        }
    }

    fn name(&self, name: &str) -> Result<(), FilterError> {
        if VARIABLES.contains(&name) || TYPES.contains(&name) || self.element == Some(name) {
            return Ok(());
        }
        Err(FilterError::UnknownName(name.to_owned()))
    }

    fn call(&mut self, call: &'a CallExpr, depth: usize) -> Result<(), FilterError> {
        let name = call.func_name.as_str();
        match (&call.target, &call.args[..]) {
            (Some(range), [element, body]) if LOOPS.contains(&name) => {
                return self.each(range, element, body, depth);
            }
            (None, [member]) if name == operators::HAS => {
                if !matches!(member.expr, Expr::Select(_)) {
                    return Err(FilterError::HasOfNoMember);
                }
            }
            (None, _) if name == operators::INDEX || OPERATORS.contains(&name) => {}
            _ if FUNCTIONS.contains(&name) => {}
            _ => return Err(unknown(name)),
        }
        self.count(name)?;
        call.target.iter().try_for_each(|target| self.expression(target, depth))?;
        call.args.iter().try_for_each(|argument| self.expression(argument, depth))
    }

    fn each(
        &mut self,
        range: &'a IdedExpr,
        element: &'a IdedExpr,
        body: &'a IdedExpr,
        depth: usize,
    ) -> Result<(), FilterError> {
        let Expr::Ident(name) = &element.expr else {
            return Err(FilterError::LoopWithoutName);
        };
        if self.element.is_some() {
            return Err(FilterError::LoopInLoop);
        }
        // What the loop goes through counts as part of it: neither another loop nor an addition may stand there.
        self.element = Some("");
        self.expression(range, depth)?;
        self.element = Some(name);
        self.load.each += 1;
        let checked = self.expression(body, depth);
        self.element = None;
        checked
    }

    fn count(&mut self, name: &str) -> Result<(), FilterError> {
        if name == operators::ADD {
            self.load.additions += 1;
            if self.element.is_some() {
                return Err(FilterError::AddsInLoop);
            }
        }
        if self.element.is_some() {
            self.load.each += 1;
        } else {
            self.load.once += 1;
        }
        Ok(())
    }
}

fn unknown(name: &str) -> FilterError {
    match name {
        "matches" => FilterError::Matches,
        "map" => FilterError::Map,
        _ if LOOPS.contains(&name) => FilterError::LoopAsFunction(name.to_owned()),
        _ => FilterError::UnknownFunction(name.to_owned()),
    }
}
