//! From text to a checked program, on a thread of its own: the parser goes down the stack with the text, and both that and a
//! panic of it end here.

use std::thread;

use cel::{ParseErrors, Program};

use super::check::{self, Known, Uses};
use super::{ENV, ExprError};

/// Four kilobytes of the worst text (`1+1+1…`) take some 2 MiB of stack in a debug build.
const STACK_BYTES: usize = 32 * 1024 * 1024;

/// Longest sentence of the parser that is passed on, in characters.
const REASON_MAX_CHARS: usize = 160;

/// What the parser says of nesting, between its own structures.
const PARSER_TOO_DEEP: &str = "Recursion limit";

pub(super) fn read(text: &str, known: Known) -> Result<(Program, Uses), ExprError> {
    let read = thread::scope(|scope| {
        let reader = thread::Builder::new().name("expr".to_owned()).stack_size(STACK_BYTES);
        // A program that is refused is also dropped there, which goes down the stack too.
        reader.spawn_scoped(scope, || compile(text, known)).map(|reader| reader.join())
    });
    match read {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => Err(unreadable("the parser gave up")),
        Err(_) => Err(unreadable("there is no thread to read it on")),
    }
}

fn compile(text: &str, known: Known) -> Result<(Program, Uses), ExprError> {
    let program = ENV.compile(text).map_err(|errors| syntax(&errors))?;
    let uses = check::check(program.expression(), known)?;
    Ok((program, uses))
}

fn syntax(errors: &ParseErrors) -> ExprError {
    let Some(first) = errors.errors.first() else { return unreadable("the parser does not say why") };
    if errors.errors.iter().any(|error| error.msg.contains(PARSER_TOO_DEEP)) {
        return ExprError::TooDeep;
    }
    let reason = first.msg.strip_prefix("Syntax error: ").unwrap_or(&first.msg);
    let reason = reason.chars().take(REASON_MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let place = |number: isize| usize::try_from(number).unwrap_or_default().max(1);
    ExprError::Syntax { line: place(first.pos.0), column: place(first.pos.1), reason }
}

fn unreadable(reason: &str) -> ExprError {
    ExprError::Syntax { line: 1, column: 1, reason: reason.to_owned() }
}
