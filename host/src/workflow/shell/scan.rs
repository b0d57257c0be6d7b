//! Goes through a line for the shell, quote by quote, and puts a variable in the place of each reference.
//!
//! `$name`, `${…}`: a reference if the name is one that is known here; the shell's if it is written like a variable of the environment (`$HOME`), is one
//! (`env:`), or is special (`$1`, `$?`, `$(date)`); anything else is refused, since it would silently be empty. `$$name` is the shell's
//! `$name` whatever is known.

use super::words::{Commands, Word};
use super::{CommandError, Inserted, REFERENCES_MAX, variable};
use crate::expr::{Formula, Scope, begins_name, formula_at};

/// What to do instead of standing where it cannot be told what the shell makes of a value.
pub(super) const TAKE_OUT: &str =
    "give it a name in the step's `env:` and write `\"$NAME\"` there, or do this part in a step of its own";

pub(super) fn scan(text: &str, scope: &Scope, variables: &[&str]) -> Result<(String, Vec<Inserted>), CommandError> {
    let mut scanner = Scanner {
        text,
        at: 0,
        scope,
        variables,
        script: String::with_capacity(text.len()),
        inserted: Vec::new(),
        commands: Commands::default(),
        doubt: None,
    };
    scanner.all()?;
    Ok((scanner.script, scanner.inserted))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    scope: &'a Scope,
    variables: &'a [&'a str],
    script: String,
    inserted: Vec<Inserted>,
    commands: Commands,
    /// Since when it is not certain how the shell reads on.
    doubt: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    None,
    Double,
    Single,
}

/// What a dollar sign begins.
enum Dollar {
    /// `$$name`: the shell's, without the first sign.
    Escaped,
    Reference(Formula, usize),
    Shell,
}

impl Scanner<'_> {
    fn all(&mut self) -> Result<(), CommandError> {
        let mut quote = Quote::None;
        while let Some(c) = self.peek() {
            match (quote, c) {
                (_, '$') => self.dollar(quote)?,
                (Quote::Single, '\'') | (Quote::Double, '"') => {
                    quote = Quote::None;
                    self.copy(1);
                }
                (Quote::None, '\'' | '"') => {
                    quote = if c == '"' { Quote::Double } else { Quote::Single };
                    self.commands.in_word();
                    self.copy(1);
                }
                (Quote::None | Quote::Double, '\\') => {
                    self.copy(1);
                    if let Some(next) = self.peek() {
                        self.commands.push(next);
                        self.copy(next.len_utf8());
                    }
                }
                (Quote::None | Quote::Double, '`') => self.backticks()?,
                (Quote::None, '#') if !self.commands.is_in_word() => self.comment(),
                (Quote::None, c) => self.unquoted(c)?,
                (_, c) => {
                    self.commands.push(c);
                    self.copy(c.len_utf8());
                }
            }
        }
        if quote != Quote::None {
            let last = self.inserted.last().map(|inserted| inserted.formula.as_str().to_owned());
            if let Some(reference) = last {
                return Err(refused(&reference, "in a line whose quotes do not end", "close them"));
            }
        }
        self.commands.end_command();
        self.commands.check()
    }

    fn unquoted(&mut self, c: char) -> Result<(), CommandError> {
        match c {
            ' ' | '\t' => self.commands.end_word(),
            ';' | '|' | '&' | '\n' | ')' => self.commands.end_command(),
            '(' => {
                self.commands.end_command();
                if self.rest().starts_with("((") {
                    self.doubt = self.doubt.or(Some("behind `((`, inside which the shell computes"));
                }
            }
            '<' | '>' => {
                self.commands.end_word();
                self.commands.redirects();
                if self.rest().starts_with("<<") {
                    self.doubt = self.doubt.or(Some("behind `<<`, where a here-document may hold it"));
                    self.copy(1);
                } else if self.rest()[1..].starts_with('&') {
                    // `2>&1` ends no command.
                    self.copy(1);
                }
            }
            c => self.commands.push(c),
        }
        self.copy(c.len_utf8());
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn copy(&mut self, bytes: usize) {
        self.script.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    /// To the end of the line, untouched.
    fn comment(&mut self) {
        let end = self.rest().find('\n').unwrap_or(self.rest().len());
        self.copy(end);
    }

    fn dollar(&mut self, quote: Quote) -> Result<(), CommandError> {
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

    /// A dollar sign of the shell.
    fn shells(&mut self, quote: Quote) -> Result<(), CommandError> {
        self.commands.push('$');
        self.copy(1);
        if quote == Quote::Single {
            return Ok(());
        }
        match self.peek() {
            Some('(') => {
                if self.rest().starts_with("((") {
                    self.doubt = self.doubt.or(Some("behind `$((`, inside which the shell computes"));
                }
                self.copy(1);
                self.nested(')', "inside `$(…)`")
            }
            Some('{') => {
                self.copy(1);
                self.nested('}', "inside a `${…}` of the shell")
            }
            // Shells do not agree on what a backslash in `$'…'` is.
            Some('\'') if quote == Quote::None => {
                self.doubt = self.doubt.or(Some("behind `$'…'`, which shells read differently"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn what_is_it(&self) -> Result<Dollar, CommandError> {
        let rest = self.rest();
        if let Some(after) = rest.strip_prefix("$$") {
            return Ok(if begins_name(after) || after.starts_with('{') { Dollar::Escaped } else { Dollar::Shell });
        }
        let (name, in_braces) = match rest.strip_prefix("${") {
            Some(inside) => (inside.trim_start_matches([' ', '$', '!', '(', '-']), true),
            None => (&rest[1..], false),
        };
        let is_ours = begins_name(name) && self.scope.longest_name(name).is_some();
        if !is_ours {
            // `${#x}`, `${1}`, `$?`: nothing of ours starts so.
            let is_named = if in_braces { begins_name(&rest[2..]) } else { begins_name(name) };
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
            let name = &name[..end];
            let is_variable = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            if !is_named || is_variable || self.variables.contains(&name) {
                return Ok(Dollar::Shell);
            }
        }
        match formula_at(rest, self.scope) {
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
        if let Some(doubt) = self.doubt {
            return Err(refused(&written, doubt, TAKE_OUT));
        }
        if self.inserted.len() == REFERENCES_MAX {
            return Err(CommandError::TooMany);
        }
        let name = variable(self.inserted.len());
        // Inside double quotes the shell does not look at a value again, so each place is made one.
        match quote {
            Quote::None => self.script.push_str(&format!("\"${{{name}}}\"")),
            Quote::Double => self.script.push_str(&format!("${{{name}}}")),
            Quote::Single => self.script.push_str(&format!("'\"${{{name}}}\"'")),
        }
        self.at += bytes;
        let begins_word = self.commands.reference(written);
        self.inserted.push(Inserted { formula, begins_word });
        Ok(())
    }

    /// What the shell reads as a text of its own, up to what closes it. References cannot stand in it.
    fn nested(&mut self, closer: char, place: &'static str) -> Result<(), CommandError> {
        self.commands.opaque();
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
                        Dollar::Reference(_, bytes) => {
                            return Err(refused(&self.rest()[..bytes], place, TAKE_OUT));
                        }
                        Dollar::Escaped => self.at += 1,
                        Dollar::Shell if self.rest().starts_with("$$") => self.copy(1),
                        Dollar::Shell => {}
                    }
                    self.copy(1);
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
                '#' | '<' if closer == ')' => self.uncertain(),
                '\'' if closer == '}' => self.uncertain(),
                'c' if closer == ')' && self.rest().starts_with("case") => self.uncertain(),
                _ => {}
            }
            self.copy(c.len_utf8());
        }
        if !closers.is_empty() {
            self.uncertain();
        }
        Ok(())
    }

    fn uncertain(&mut self) {
        self.doubt = self.doubt.or(Some("behind a part of which it cannot be told where it ends"));
    }

    fn backticks(&mut self) -> Result<(), CommandError> {
        self.copy(1);
        self.nested('`', "inside backticks")
    }
}

pub(super) fn refused(reference: &str, place: &str, advice: &str) -> CommandError {
    CommandError::Place { reference: reference.to_owned(), place: place.to_owned(), advice: advice.to_owned() }
}

/// One word with its references, for the rules about what programs make of them.
impl Commands {
    fn reference(&mut self, written: String) -> bool {
        let begins_word = self.begins_option();
        let word: &mut Word = self.word();
        word.references.push(written);
        begins_word
    }
}
