//! One expression of a workflow, ready to be asked for its value: a reference alone, or CEL over the references in it.

use std::fmt;
use std::sync::Arc;

use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use cel::{Context, Program};
use serde_json::Value;

use super::reference::{Reference, Values};
use super::rewrite::{self, Rewritten};
use super::scope::Scope;
use super::text_error::TextError;
use super::{ENV, ExprError, TEXT_MAX_BYTES, check, read, values};

/// An expression that was read and checked. Cheap to clone.
#[derive(Clone)]
pub struct Formula(Arc<Read>);

struct Read {
    text: String,
    references: Vec<Reference>,
    /// Nothing for a reference alone, which needs no library to be followed.
    program: Option<Compiled>,
}

struct Compiled {
    program: Program,
    /// What each variable is taken for where it stands.
    places: Vec<Place>,
    has_loop: bool,
}

/// What the place where a reference stands takes it for.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// What it is.
    Value,
    /// A question: `!x`, `x && y`, `x ? y : z`. What is empty, zero or nothing is false, as in JavaScript.
    Question,
    /// It is compared with a number. A text that is a number counts as one, since that is what programs print; what is none counts as
    /// this, with which the comparison is false.
    Number(f64),
}

impl Formula {
    /// Reads all of `text`.
    pub(super) fn parse(text: &str, scope: &Scope) -> Result<Self, TextError> {
        let (rewritten, _) = rewrite::rewrite(bounded(text)?, false, scope)?;
        Self::compile(text, rewritten)
    }

    /// Reads the expression at the beginning of `text`, up to the `}` that ends it; says how many bytes lie before that.
    pub(super) fn parse_braced(text: &str, scope: &Scope) -> Result<(Self, usize), TextError> {
        let mut end = text.len().min(TEXT_MAX_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (rewritten, bytes) = match rewrite::rewrite(&text[..end], true, scope) {
            Err(TextError::Unended) if end < text.len() => return Err(TextError::Expression(ExprError::TooLong)),
            other => other?,
        };
        Ok((Self::compile(&text[..bytes], rewritten)?, bytes))
    }

    /// A reference alone.
    pub(super) fn of(reference: Reference) -> Self {
        Self(Arc::new(Read { text: reference.as_str().to_owned(), references: vec![reference], program: None }))
    }

    fn compile(text: &str, rewritten: Rewritten) -> Result<Self, TextError> {
        let text = text.trim().to_owned();
        if rewritten.references.len() == 1 && rewritten.cel.trim() == rewrite::variable(0) {
            return Ok(Self(Arc::new(Read { text, references: rewritten.references, program: None })));
        }
        let known = check::Known::Variables(rewritten.references.len());
        let (program, uses) = read::read(&rewritten.cel, known).map_err(|error| match error {
            ExprError::Syntax { line, column, reason } => {
                let column = if line == 1 { rewritten.column(column) } else { column };
                TextError::Expression(ExprError::Syntax { line, column, reason: plain(&reason) })
            }
            other => TextError::Expression(other),
        })?;
        let mut places = vec![Place::Value; rewritten.references.len()];
        place(program.expression(), &mut places);
        let program = Some(Compiled { program, places, has_loop: uses.has_loop });
        Ok(Self(Arc::new(Read { text, references: rewritten.references, program })))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// What it refers to, in the order of the text.
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// Whether it is one reference and nothing else.
    pub fn is_reference(&self) -> bool {
        self.0.program.is_none()
    }

    /// Its value. A reference to what is not there is `null`.
    pub fn value(&self, values: &Values) -> Result<Value, TextError> {
        let Read { text, references, program } = &*self.0;
        let Some(compiled) = program else {
            return Ok(references.first().and_then(|reference| reference.find(values)).cloned().unwrap_or_default());
        };
        let mut context = Context::with_env(Arc::clone(&ENV));
        let mut convert = values::Values::new(compiled.has_loop);
        for (number, (reference, place)) in references.iter().zip(&compiled.places).enumerate() {
            let value = reference.find(values).unwrap_or(&Value::Null);
            let value = match place {
                Place::Value => convert.convert(value).map_err(|_| TextError::TooMuch(text.clone()))?,
                Place::Question => cel::Value::Bool(is_truthy(value)),
                Place::Number(otherwise) => cel::Value::Float(as_number(value).unwrap_or(*otherwise)),
            };
            context.add_variable_from_value(rewrite::variable(number), value);
        }
        let value = compiled.program.execute(&context).map_err(|_| TextError::DoesNotFit(text.clone()))?;
        values::to_json(&value).ok_or_else(|| TextError::NoJson(text.clone()))
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Formula").field(&self.0.text).finish()
    }
}

/// Two are equal if they read equal in the same scope.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text && self.0.references == other.0.references
    }
}

/// What counts as yes: not `null`, `false`, `0` or an empty text.
pub(super) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A number, or a text that is one.
fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn bounded(text: &str) -> Result<&str, TextError> {
    if text.len() > TEXT_MAX_BYTES { Err(TextError::Expression(ExprError::TooLong)) } else { Ok(text) }
}

/// A sentence of the parser without the names of our variables.
fn plain(reason: &str) -> String {
    if reason.contains("'_r") {
        "a value stands where an operator or an end is expected".to_owned()
    } else {
        reason.to_owned()
    }
}

/// Notes what each variable is taken for. The depth was checked before.
fn place(expr: &IdedExpr, places: &mut [Place]) {
    let mut note = |operand: &IdedExpr, place: Place| {
        if let Expr::Ident(name) = &operand.expr
            && let Some(slot) = rewrite::number(name).and_then(|number| places.get_mut(number))
        {
            *slot = place;
        }
    };
    match &expr.expr {
        Expr::Call(call) => {
            match (call.func_name.as_str(), &call.args[..]) {
                ("_&&_" | "_||_" | "!_", operands) => {
                    operands.iter().for_each(|operand| note(operand, Place::Question))
                }
                ("_?_:_", [asked, ..]) => note(asked, Place::Question),
                ("_<_" | "_<=_", [less, more]) => compare(less, more, &mut note),
                ("_>_" | "_>=_", [more, less]) => compare(less, more, &mut note),
                _ => {}
            }
            call.target.iter().for_each(|target| place(target, places));
            call.args.iter().for_each(|argument| place(argument, places));
        }
        Expr::Select(select) => place(&select.operand, places),
        Expr::List(list) => list.elements.iter().for_each(|element| place(element, places)),
        Expr::Comprehension(comprehension) => {
            place(&comprehension.iter_range, places);
            place(&comprehension.loop_step, places);
        }
        _ => {}
    }
}

/// What stands in a comparison with a number.
fn compare(less: &IdedExpr, more: &IdedExpr, note: &mut impl FnMut(&IdedExpr, Place)) {
    if is_number(more) {
        note(less, Place::Number(f64::INFINITY));
    }
    if is_number(less) {
        note(more, Place::Number(f64::NEG_INFINITY));
    }
}

fn is_number(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_)) => true,
        Expr::Call(call) => call.func_name == "-_" && call.args.iter().all(is_number),
        _ => false,
    }
}
