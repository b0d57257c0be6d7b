//! Questions about an event, in CEL (the Common Expression Language): `data.channel == "telegram" && data.cost > 1.5`.
//!
//! The operator writes the expression and a sender only the data. What can be known without an event (a misspelt variable,
//! a function that is not there, an answer that is never true or false) is an error when the expression is read; the rest
//! is an error when it is asked, and asks for a cost in proportion to the event's size.
//!
//! And texts with references to what a workflow knows, `部署${deploy.success ? '成功' : '失败'}`: [`Text`], [`Condition`], [`Template`]. Reading order: `scope.rs`
//! (what may be referred to) → `rewrite.rs` (how that becomes CEL) → `formula.rs` → `text/`.

mod check;
mod formula;
mod read;
mod reference;
mod rewrite;
mod scope;
mod suggest;
#[cfg(test)]
mod tests;
mod text;
mod text_error;
mod values;

pub use formula::Formula;
pub use reference::{Part, Reference, Values};
pub use scope::{Scope, Shape};
pub use suggest::closest;
pub use text::{Condition, Piece, RENDERED_MAX_BYTES, Template, Text, as_text, begins_name, formula_at};
pub use text_error::TextError;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program};

/// Longest text of an expression, in bytes. A condition longer than a page is a program: that is what components are for.
pub const TEXT_MAX_BYTES: usize = 4_096;

/// The members of an event that have a variable of their own. One that an event lacks is `null`.
pub const MEMBERS: [&str; 6] = ["id", "type", "timestamp", "instanceId", "session", "data"];
/// The variable that is the whole event.
pub const WHOLE: &str = "event";

/// What an expression can call: CEL's own functions, without dates, patterns and optional values.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let env = Env::stdlib().with_optional_support(false);
    Arc::new(env)
});

/// An expression that was read and checked. Cheap to clone.
#[derive(Clone)]
pub struct Expr(Arc<Checked>);

struct Checked {
    text: String,
    program: Program,
    uses: check::Uses,
}

/// Why an expression cannot be used, or has no answer. One line; holds nothing of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExprError {
    /// The text is too long to be read.
    #[error("longer than {TEXT_MAX_BYTES} bytes; write a component for what needs more")]
    TooLong,
    /// The text is no CEL.
    #[error("not valid CEL at line {line}, column {column}: {reason}")]
    Syntax {
        /// The line of the text, from 1.
        line: usize,
        /// The character of the line, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// Operators stand inside each other too often.
    #[error("nested deeper than {} levels", check::DEPTH_MAX)]
    TooDeep,
    /// There is no such variable.
    #[error("there is no variable `{0}`; there are {members}, {WHOLE}", members = MEMBERS.join(", "))]
    UnknownVariable(String),
    /// There is no such function.
    #[error("there is no function `{0}`; there are {functions}", functions = check::functions())]
    UnknownFunction(String),
    /// Its cost would grow with the square of the event's size.
    #[error(
        "a loop inside a loop may only go over what the outer one's variable holds, as in `data.a.exists(x, x.b.exists(y, …))`"
    )]
    NestedLoop,
    /// Whatever the event, the answer is no answer.
    #[error("never true or false; compare it with something")]
    NoQuestion,
    /// The answer to this event is no answer.
    #[error("its value is neither true nor false")]
    NoAnswer,
    /// The event lacks what it asks for.
    #[error("the event has no such member")]
    NoSuchKey,
    /// The event is too large for an expression with a loop, or nested too deep.
    #[error("the event has more than {} values, or deeper than {} levels", values::LOOP_VALUES_MAX, values::DEPTH_MAX)]
    TooMuch,
    /// Another failure, such as a text where a number is needed.
    #[error("the event's values do not fit its operators")]
    Failed,
}

impl Expr {
    /// Reads an expression and checks what can be checked without an event.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        if text.len() > TEXT_MAX_BYTES {
            return Err(ExprError::TooLong);
        }
        let (program, uses) = read::read(text, check::Known::Event)?;
        Ok(Self(Arc::new(Checked { text: text.to_owned(), program, uses })))
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The answer for an event: an object with the [`MEMBERS`]. Whoever asks takes an error for "does not match".
    pub fn is_true(&self, event: &serde_json::Value) -> Result<bool, ExprError> {
        let Checked { program, uses, .. } = &*self.0;
        let mut context = Context::with_env(Arc::clone(&ENV));
        let mut values = values::Values::new(uses.has_loop);
        for name in &uses.variables {
            let value = if *name == WHOLE { Some(event) } else { event.get(name) };
            context.add_variable_from_value(*name, values.convert(value.unwrap_or(&serde_json::Value::Null))?);
        }
        match program.execute(&context) {
            Ok(cel::Value::Bool(answer)) => Ok(answer),
            Ok(_) => Err(ExprError::NoAnswer),
            Err(cel::ExecutionError::NoSuchKey(_)) => Err(ExprError::NoSuchKey),
            Err(_) => Err(ExprError::Failed),
        }
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.0.text).finish()
    }
}
