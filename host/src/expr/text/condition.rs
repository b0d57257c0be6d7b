//! Whether a step is to run: `$test.success`, `${test.success}`, `$count.json.n > 3 && !$gate.skipped`.

use super::super::ExprError;
use super::super::formula::{Formula, is_truthy};
use super::super::reference::{Reference, Values};
use super::super::scope::Scope;
use super::super::text_error::TextError;

/// A condition that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Formula);

impl Condition {
    /// Reads a condition: all of the text is one expression, whether in `${…}` or not.
    pub fn parse(text: &str, scope: &Scope) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Expression(ExprError::NoQuestion));
        }
        let formula = Formula::parse(text, scope)?;
        let is_text = text.trim_start().starts_with(['"', '\'']) && formula.references().is_empty();
        if is_text { Err(TextError::Expression(ExprError::NoQuestion)) } else { Ok(Self(formula)) }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What it refers to.
    pub fn references(&self) -> &[Reference] {
        self.0.references()
    }

    /// The answer. What is `null`, `false`, `0` or an empty text is no, everything else is yes.
    pub fn is_true(&self, values: &Values) -> Result<bool, TextError> {
        self.0.value(values).map(|value| is_truthy(&value))
    }
}
