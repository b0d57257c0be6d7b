//! What a dollar sign begins in a line for the shell.
//!
//! `$name`, `${…}`: a reference if the name is one that is known here; the shell's if it is written like a variable of the environment (`$HOME`), is one
//! (`env:`), or is special (`$1`, `$?`, `$(date)`); anything else is refused, since it would silently be empty. `$$name` is the shell's
//! `$name` whatever is known.

use super::scan::{IN_DOCUMENT, Quote, Scanner, refused_here};
use super::{CommandError, Inserted, REFERENCES_MAX, variable};
use crate::expr::{Formula, begins_name, formula_at};

/// What to do instead of standing where it cannot be told what the shell makes of a value.
pub(super) const TAKE_OUT: &str =
    "give it a name in the step's `env:` and write `\"$NAME\"` there, or do this part in a step of its own";
const COMPUTES: &str = "behind `$((`, inside which the shell computes";

/// What a dollar sign begins.
enum Dollar {
    /// `$$name`: the shell's, without the first sign.
    Escaped,
    Reference(Formula, usize),
    Shell,
}

impl Scanner<'_> {
    pub fn dollar(&mut self, quote: Quote) -> Result<(), CommandError> {
        match self.what_is_it()? {
            Dollar::Escaped => {
                self.at += 1;
                self.shells(quote)
            }
            Dollar::Reference(formula, bytes) => self.insert(formula, bytes, quote),
            Dollar::Shell if self.rest().starts_with("$$") => {
                self.commands.push('$');
                self.copy(2);
                Ok(())
            }
            Dollar::Shell => self.shells(quote),
        }
    }

    /// A dollar sign in a text that is copied, and gone through afterwards.
    pub fn dollar_in_text(&mut self) -> Result<(), CommandError> {
        match self.what_is_it()? {
            Dollar::Reference(_, bytes) => {
                let place = self.doubt.unwrap_or(IN_DOCUMENT);
                return Err(refused_here(&self.rest()[..bytes], place));
            }
            Dollar::Escaped => self.at += 1,
            Dollar::Shell if self.rest().starts_with("$$") => self.copy(1),
            Dollar::Shell => {}
        }
        self.copy(1);
        Ok(())
    }

    /// A dollar sign of the shell.
    fn shells(&mut self, quote: Quote) -> Result<(), CommandError> {
        if quote == Quote::Single {
            self.commands.push('$');
            self.copy(1);
            return Ok(());
        }
        self.copy(1);
        self.goes_on();
        let name = self.rest();
        let name = &name[..name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len())];
        let behind = self.rest()[name.len()..].strip_prefix("\\\n");
        if !name.is_empty()
            && behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_alphanumeric() || "_\\".contains(c)))
        {
            self.lost();
        }
        match self.peek() {
            Some('(') => {
                self.copy(1);
                self.goes_on();
                self.nested(')', "inside `$(…)`", quote)
            }
            Some('{') => {
                self.copy(1);
                self.nested('}', "inside a `${…}` of the shell", quote)
            }
            // An old spelling of `$((…))` that some shells still have.
            Some('[') => {
                self.doubt = self.doubt.or(Some("behind `$[`, inside which some shells compute"));
                self.computes_until("]");
                self.commands.push('$');
                Ok(())
            }
            // Shells do not agree on what a backslash in `$'…'` is.
            Some('\'') if quote == Quote::None => {
                self.commands.opaque();
                self.doubt("behind `$'…'`, which shells read differently");
                Ok(())
            }
            Some(c) if begins_name(name) || c.is_ascii_digit() || c == '@' || c == '*' => {
                let name = if begins_name(name) { name } else { &self.rest()[..1] };
                self.commands.variable(name, quote != Quote::None);
                self.commands.opaque();
                self.copy(name.len());
                Ok(())
            }
            _ => {
                self.commands.push('$');
                Ok(())
            }
        }
    }

    fn what_is_it(&self) -> Result<Dollar, CommandError> {
        let rest = self.rest();
        let Some((scope, given)) = self.known else { return Ok(Dollar::Shell) };
        if let Some(after) = rest.strip_prefix("$$") {
            return Ok(if begins_name(after) || after.starts_with('{') { Dollar::Escaped } else { Dollar::Shell });
        }
        let (name, in_braces) = match rest.strip_prefix("${") {
            Some(inside) => (inside.trim_start_matches([' ', '$', '!', '(', '-']), true),
            None => (&rest[1..], false),
        };
        let is_ours = begins_name(name) && scope.longest_name(name).is_some();
        if !is_ours {
            // `${#x}`, `${1}`, `$?`: nothing of ours starts so.
            let is_named = if in_braces { begins_name(&rest[2..]) } else { begins_name(name) };
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
            let name = &name[..end];
            let is_variable = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            if !is_named || is_variable || given.variables.iter().any(|known| known == name) {
                return Ok(Dollar::Shell);
            }
        }
        match formula_at(rest, scope) {
            Ok(Some((formula, bytes))) => Ok(Dollar::Reference(formula, bytes)),
            Ok(None) => Ok(Dollar::Shell),
            Err(error) if is_ours => Err(error.into()),
            Err(error) => {
                let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
                let name = if in_braces { format!("{{{}…}}", &name[..end]) } else { name[..end].to_owned() };
                Err(CommandError::ShellName { name, error })
            }
        }
    }

    fn insert(&mut self, formula: Formula, bytes: usize, quote: Quote) -> Result<(), CommandError> {
        let written = self.rest()[..bytes].to_owned();
        if let Some(why) = self.why_not() {
            return Err(refused_here(&written, why));
        }
        if self.inserted.len() == REFERENCES_MAX {
            return Err(CommandError::TooMany);
        }
        let name = variable(self.inserted.len());
        // Inside double quotes the shell does not look at a value again, so each place is made one.
        match quote {
            Quote::None => self.script.push_str(&format!("\"${{{name}}}\"")),
            Quote::Double | Quote::Here => self.script.push_str(&format!("${{{name}}}")),
            Quote::Single => self.script.push_str(&format!("'\"${{{name}}}\"'")),
        }
        self.at += bytes;
        let begins_word = self.commands.reference(written);
        self.inserted.push(Inserted { formula, begins_word });
        Ok(())
    }

    /// What the shell reads as a text of its own, up to what closes it. References cannot stand in it.
    pub fn nested(&mut self, closer: char, place: &'static str, quote: Quote) -> Result<(), CommandError> {
        let from = self.script.len();
        let mut closers = vec![closer];
        while let (Some(c), Some(&closer)) = (self.peek(), closers.last()) {
            match c {
                '\\' if closer != '\'' => {
                    self.copy(1);
                    self.copy(self.peek().map_or(0, char::len_utf8));
                    continue;
                }
                '$' => {
                    match self.what_is_it()? {
                        Dollar::Reference(_, bytes) => return Err(refused_here(&self.rest()[..bytes], place)),
                        Dollar::Escaped => self.at += 1,
                        Dollar::Shell if self.rest().starts_with("$$") => self.copy(1),
                        Dollar::Shell => {}
                    }
                    self.copy(1);
                    self.goes_on();
                    match self.peek() {
                        Some('(') if closer != '\'' => closers.push(')'),
                        Some('{') if closer != '\'' => closers.push('}'),
                        _ => continue,
                    }
                }
                c if c == closer => _ = closers.pop(),
                '\'' if closer == ')' => closers.push('\''),
                '"' | '`' if closer != '\'' => closers.push(c),
                '(' if closer == ')' => closers.push(')'),
                // Comments, here-documents and `case` may hold brackets and quotes that close nothing; quotes in `${…}` mean different things.
                '#' if closer == ')' && self.is_at_word() => self.uncertain(),
                '<' if closer == ')' && self.rest()[1..].starts_with(['<', '(', '\\']) => self.uncertain(),
                '\'' if closer == '}' => match self.closed_either_way() {
                    Some(bytes) => {
                        self.copy(bytes);
                        continue;
                    }
                    None => self.uncertain(),
                },
                'c' if closer == ')' && self.is_at_word() && self.is_case() => self.uncertain(),
                _ => {}
            }
            self.copy(c.len_utf8());
        }
        let is_closed = closers.is_empty();
        if !is_closed {
            self.uncertain();
        }
        let inside = self.script[from..self.script.len() - usize::from(is_closed)].to_owned();
        self.look_into(&inside, closer, quote != Quote::None);
        Ok(())
    }

    fn look_into(&mut self, inside: &str, closer: char, is_quoted: bool) {
        match closer {
            ')' if inside.starts_with('(') => {
                if !is_surely_computed(inside) {
                    self.doubt = self.doubt.or(Some(COMPUTES));
                }
                self.computes(inside);
                self.inner(inside, Quote::Here, is_quoted);
            }
            '}' => self.parameter(&inside.replace("\\\n", ""), is_quoted),
            // Inside backticks a backslash before one of these is none of the text.
            '`' => {
                let text = inside.replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\");
                self.inner(&text, Quote::None, is_quoted);
            }
            _ => self.inner(inside, Quote::None, is_quoted),
        }
    }

    /// `${NAME…}`: what it uses, and whether the shell takes anything in it for a name or computes with it.
    fn parameter(&mut self, inside: &str, is_quoted: bool) {
        let named = inside.strip_prefix(['#', '!']).unwrap_or(inside);
        let end = named.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(named.len());
        let end = if end == 0 { named.chars().next().map_or(0, char::len_utf8) } else { end };
        let (name, behind) = named.split_at(end);
        let is_default = behind.strip_prefix(':').is_none_or(|behind| behind.starts_with(['-', '=', '+', '?']));
        if inside.starts_with('!') || behind.starts_with(['@', '[']) || !is_default {
            self.computes(inside);
        }
        self.commands.variable(name, is_quoted);
        let since = self.commands.uses();
        self.inner(behind, Quote::Here, is_quoted);
        if behind.trim_start_matches(':').starts_with('=') {
            self.commands.hands_on(since, name);
        }
    }

    /// Whether a word may begin here.
    fn is_at_word(&self) -> bool {
        self.script.ends_with(|c: char| c.is_whitespace() || ";|&(){}!`".contains(c))
    }

    fn is_case(&self) -> bool {
        self.rest().strip_prefix("case").is_some_and(|behind| behind.starts_with([' ', '\t', '\n', '\\']))
    }

    /// The length of `'…'` that ends in the same place whether its quotes are quotes or not.
    fn closed_either_way(&self) -> Option<usize> {
        let length = self.rest()[1..].find('\'')?;
        let is_plain = !self.rest()[1..=length].contains(['}', '"', '$', '`', '\\', '\n']);
        is_plain.then_some(length + 2)
    }

    fn uncertain(&mut self) {
        self.doubt("behind a part of which it cannot be told where it ends");
    }

    pub fn backticks(&mut self, quote: Quote) -> Result<(), CommandError> {
        self.copy(1);
        self.nested('`', "inside backticks", quote)
    }
}

/// Whether `(…)` behind `$(` is nothing but a formula: plain signs, and brackets of which the first is closed by the last.
fn is_surely_computed(inside: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "_ +-*/%<>=!&|^~?:,()$".contains(c);
    let mut open = 0_usize;
    let closed = inside.find(|c| {
        open = open.saturating_add(usize::from(c == '(')).saturating_sub(usize::from(c == ')'));
        open == 0
    });
    !inside.contains("$(") && inside.chars().all(is_sign) && closed == Some(inside.len() - 1)
}
