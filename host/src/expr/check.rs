//! What an expression may be made of. The library would only notice most of this when it is asked, and then every event would
//! silently not match.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

use super::{ExprError, MEMBERS, WHOLE, rewrite};

/// Levels of operators inside each other. Long chains of `&&` and `||` count as few: the parser balances them.
pub(super) const DEPTH_MAX: usize = 64;

/// Functions of their arguments: `size(x)`.
const FUNCTIONS: [&str; 9] = ["size", "string", "int", "uint", "double", "bool", "bytes", "dyn", "type"];
/// Functions of what stands before the dot: `x.size()`.
const METHODS: [&str; 4] = ["size", "contains", "startsWith", "endsWith"];
/// Those that the parser writes out as loops or tests.
const MACROS: [&str; 6] = ["has", "exists", "exists_one", "all", "map", "filter"];

/// Names of types, for comparing with `type(x)`.
pub(super) const TYPES: [&str; 10] =
    ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];

/// Operators and functions whose value is no answer to any question.
const NEVER_BOOL: [&str; 12] =
    ["_+_", "_-_", "_*_", "_/_", "_%_", "-_", "size", "string", "int", "uint", "double", "bytes"];

/// Which variables there are.
#[derive(Clone, Copy)]
pub(super) enum Known {
    /// Those of an event; the expression is a question.
    Event,
    /// So many, with the names that [`rewrite::variable`] gives; the expression may have any value.
    Variables(usize),
}

/// What an expression needs when it is asked.
pub(super) struct Uses {
    /// Of the event.
    pub variables: Vec<&'static str>,
    /// Whether it goes over lists or maps.
    pub has_loop: bool,
}

pub(super) fn check(expression: &IdedExpr, known: Known) -> Result<Uses, ExprError> {
    if matches!(known, Known::Event) && is_never_bool(&expression.expr) {
        return Err(ExprError::NoQuestion);
    }
    let mut walk = Walk { known, uses: Uses { variables: Vec::new(), has_loop: false }, loops: Vec::new() };
    walk.expr(expression, 0)?;
    Ok(walk.uses)
}

/// All that can be called, for a message.
pub(super) fn functions() -> String {
    let methods = METHODS.iter().filter(|name| !FUNCTIONS.contains(name));
    FUNCTIONS.iter().chain(methods).chain(&MACROS).copied().collect::<Vec<_>>().join(", ")
}

fn is_never_bool(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(literal) => !matches!(literal, LiteralValue::Boolean(_)),
        Expr::List(_) | Expr::Map(_) => true,
        Expr::Call(call) => NEVER_BOOL.contains(&call.func_name.as_str()),
        _ => false,
    }
}

struct Walk<'a> {
    known: Known,
    uses: Uses,
    /// The loops around, with the names that each binds.
    loops: Vec<&'a ComprehensionExpr>,
}

impl<'a> Walk<'a> {
    fn expr(&mut self, expr: &'a IdedExpr, depth: usize) -> Result<(), ExprError> {
        if depth > DEPTH_MAX {
            return Err(ExprError::TooDeep);
        }
        let below = depth + 1;
        match &expr.expr {
            Expr::Unspecified => Err(ExprError::NoQuestion),
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.expr(&select.operand, below),
            Expr::Call(call) => {
                let is_known = match &call.target {
                    Some(_) => METHODS.contains(&call.func_name.as_str()),
                    None => is_operator(&call.func_name) || FUNCTIONS.contains(&call.func_name.as_str()),
                };
                if !is_known {
                    return Err(ExprError::UnknownFunction(short(&call.func_name)));
                }
                call.target.iter().try_for_each(|target| self.expr(target, below))?;
                call.args.iter().try_for_each(|argument| self.expr(argument, below))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.expr(element, below)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expr(&entry.key, below)?;
                    self.expr(&entry.value, below)
                }
                EntryExpr::StructField(field) => self.expr(&field.value, below),
            }),
            // There are no message types to make one of.
            Expr::Struct(made) => Err(ExprError::UnknownFunction(short(&made.type_name))),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, below),
        }
    }

    fn comprehension(&mut self, comprehension: &'a ComprehensionExpr, depth: usize) -> Result<(), ExprError> {
        self.uses.has_loop = true;
        if let Some(outer) = self.loops.last()
            && !ranges_over(&comprehension.iter_range, &outer.iter_var)
        {
            return Err(ExprError::NestedLoop);
        }
        self.expr(&comprehension.iter_range, depth)?;
        self.expr(&comprehension.accu_init, depth)?;
        self.loops.push(comprehension);
        let inside = [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result];
        let checked = inside.into_iter().try_for_each(|part| self.expr(part, depth));
        self.loops.pop();
        checked
    }

    fn name(&mut self, name: &str) -> Result<(), ExprError> {
        let is_bound = |around: &&ComprehensionExpr| {
            name == around.iter_var || name == around.accu_var || around.iter_var2.as_deref() == Some(name)
        };
        // A leading dot means the variable outside of all loops.
        let plain = name.strip_prefix('.').unwrap_or(name);
        if self.loops.iter().any(is_bound) {
            return Ok(());
        }
        if let Known::Variables(count) = self.known {
            let is_known = rewrite::number(plain).is_some_and(|number| number < count) || TYPES.contains(&plain);
            return if is_known { Ok(()) } else { Err(ExprError::UnknownVariable(short(plain))) };
        }
        if let Some(variable) = MEMBERS.into_iter().chain([WHOLE]).find(|known| *known == plain) {
            if !self.uses.variables.contains(&variable) {
                self.uses.variables.push(variable);
            }
            return Ok(());
        }
        if TYPES.contains(&plain) { Ok(()) } else { Err(ExprError::UnknownVariable(short(plain))) }
    }
}

/// Whether what is gone over is a member of the variable, such as `x.items` or `x["items"]`. Whatever else it may be, it could
/// be the whole event again at each turn.
fn ranges_over(range: &IdedExpr, variable: &str) -> bool {
    match &range.expr {
        Expr::Ident(name) => name == variable,
        Expr::Select(select) => ranges_over(&select.operand, variable),
        Expr::Call(call) if call.func_name == "_[_]" => match &call.args[..] {
            [of, key] => ranges_over(of, variable) && matches!(key.expr, Expr::Literal(_)),
            _ => false,
        },
        _ => false,
    }
}

/// Operators are calls of functions with names such as `_+_` and `@in`.
fn is_operator(name: &str) -> bool {
    name.contains('_') && !name.contains(|c: char| c.is_ascii_alphanumeric()) || name.starts_with('@')
}

/// A name of the expression, fit for a message.
fn short(name: &str) -> String {
    const NAME_MAX_CHARS: usize = 60;
    name.chars().take(NAME_MAX_CHARS).collect()
}
