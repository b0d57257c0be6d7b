//! Goes through a line for the shell, quote by quote, and collects its commands; `dollar.rs` puts a variable in the place of each reference.
//! What stands inside `$(…)`, a here-document or the text for another shell is gone through in the same way, to know its commands.

use super::carriers::{Carriers, names_in};
use super::dollar::TAKE_OUT;
use super::flow::Path;
use super::rules::{self, DEPTH_MAX};
use super::words::{Commands, Reads};
use super::{CommandError, Given, Inserted, LINE_MAX_BYTES};
use crate::expr::Scope;

/// Reads and checks a line: the script with its variables, and what they stand for.
pub(super) fn scan(text: &str, scope: &Scope, given: &Given<'_>) -> Result<(String, Vec<Inserted>), CommandError> {
    if text.len() > LINE_MAX_BYTES {
        return Err(CommandError::LongLine);
    }
    let mut scanner = Scanner::new(text, Some((scope, given)), 0);
    scanner.all(Quote::None)?;
    rules::check_line(&scanner.commands, Carriers::new(given), 0)?;
    Ok((scanner.script, scanner.inserted))
}

/// The commands of a text in which there are no references.
pub(super) fn commands_of(text: &str, depth: usize) -> Commands {
    read(text, Quote::None, depth)
}

/// The same of a text that a shell only puts values into, as of a here-document.
pub(super) fn read(text: &str, quote: Quote, depth: usize) -> Commands {
    let mut scanner = Scanner::new(text, None, depth);
    // Only references are refused while a text is read.
    let _ = scanner.all(quote);
    scanner.commands
}

/// A line that goes on in the next.
const GOES_ON: &str = "\\\n";
pub(super) const IN_DOCUMENT: &str = "behind `<<`, where a here-document may hold it";

pub(super) struct Scanner<'a> {
    pub text: &'a str,
    pub at: usize,
    /// What can be referred to; nothing in what was gone through before.
    pub known: Option<(&'a Scope, &'a Given<'a>)>,
    pub script: String,
    pub inserted: Vec<Inserted>,
    pub commands: Commands,
    /// Since when it is not certain how the shell reads on. References are refused then.
    pub doubt: Option<&'static str>,
    /// Whether a here-document has begun whose end is not found, or not surely.
    is_in_document: bool,
    /// Where that is more than doubt on principle.
    unclear_from: Option<usize>,
    /// Here-documents whose texts begin behind this line of the text.
    awaited: Vec<HereDocument>,
    /// Up to where names were taken for computed ones.
    computed_to: usize,
    /// Whether the part that is gone through reads what its command writes.
    is_behind: bool,
    pub depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    Double,
    Single,
    /// A text whose quotes are only text.
    Here,
}

struct HereDocument {
    end: String,
    /// `<<-`: tabs in front of a line are none of it.
    is_indented: bool,
    is_expanded: bool,
    /// Who reads it.
    path: Path,
    /// Whether every shell reads its end alike.
    is_plain: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, known: Option<(&'a Scope, &'a Given<'a>)>, depth: usize) -> Self {
        Self {
            text,
            at: 0,
            known,
            script: String::with_capacity(text.len()),
            inserted: Vec::new(),
            commands: Commands::default(),
            doubt: None,
            is_in_document: false,
            unclear_from: None,
            awaited: Vec::new(),
            computed_to: 0,
            is_behind: false,
            depth,
        }
    }

    fn all(&mut self, mut quote: Quote) -> Result<(), CommandError> {
        while let Some(c) = self.peek() {
            match (quote, c) {
                (_, '$') => self.dollar(quote)?,
                (Quote::Single, '\'') | (Quote::Double, '"') => {
                    quote = Quote::None;
                    self.copy(1);
                }
                (Quote::None, '\'' | '"') => {
                    quote = if c == '"' { Quote::Double } else { Quote::Single };
                    self.commands.word();
                    self.copy(1);
                }
                // A line that goes on: for the shell there is nothing here.
                (Quote::None | Quote::Double | Quote::Here, '\\') if self.rest().starts_with(GOES_ON) => self.goes_on(),
                (Quote::None | Quote::Double | Quote::Here, '\\') => {
                    self.copy(1);
                    if let Some(next) = self.peek() {
                        self.commands.push(next);
                        self.copy(next.len_utf8());
                    }
                }
                (Quote::None | Quote::Double | Quote::Here, '`') => self.backticks(quote)?,
                (Quote::None, '#') if !self.commands.is_in_word() => self.comment(),
                (Quote::None, c) => self.unquoted(c)?,
                (_, c) => {
                    self.commands.push(c);
                    self.copy(c.len_utf8());
                }
            }
        }
        if matches!(quote, Quote::Double | Quote::Single) {
            let last = self.inserted.last().map(|inserted| inserted.formula.as_str().to_owned());
            if let Some(reference) = last {
                return Err(refused(&format!("`{reference}`"), "in a line whose quotes do not end", "close them"));
            }
        }
        if quote != Quote::Here {
            self.commands.end_command();
        }
        if let Some(from) = self.unclear_from {
            self.commands.unclear.push(self.script[from..].to_owned());
        }
        Ok(())
    }

    fn unquoted(&mut self, c: char) -> Result<(), CommandError> {
        match c {
            ' ' | '\t' => self.commands.end_word(),
            '\n' => {
                self.commands.end_command();
                self.commands.flow.separate();
                self.copy(1);
                return self.here_documents();
            }
            ';' | '|' | '&' | ')' => {
                self.commands.end_command();
                match c {
                    ')' => self.commands.flow.end(")"),
                    '|' if !self.is_doubled(c) => {
                        self.commands.flow.pipe();
                        self.copy(usize::from(self.rest().starts_with("|&")));
                    }
                    // `&>` is no end of a pipeline to every shell.
                    '&' if self.rest().starts_with("&>") => {}
                    _ => {
                        self.commands.flow.separate();
                        self.copy(usize::from(self.is_doubled(c)));
                    }
                }
            }
            '(' => {
                // Who reads what a function reads is told where it is called.
                let is_function = self.commands.is_in_command() && self.rest()[1..].trim_start().starts_with(')');
                self.commands.flow.is_loose |= is_function;
                self.commands.end_command();
                self.commands.flow.begin(")");
                if self.rest()[1..].starts_with(GOES_ON) {
                    self.lost();
                }
                if self.rest().starts_with("((") {
                    self.doubt("behind `((`, inside which the shell computes");
                    self.computes_until("))");
                }
            }
            '<' | '>' if self.rest()[1..].starts_with('(') => {
                self.copy(2);
                self.is_behind = c == '>';
                return self.nested(')', "inside `<(…)`", Quote::None);
            }
            '<' | '>' => {
                self.commands.end_word();
                self.commands.redirects(if c == '<' { Reads::File } else { Reads::Nothing });
                let rest = self.rest();
                if rest[1..].starts_with(GOES_ON) {
                    self.lost();
                } else if rest.starts_with("<<<") {
                    self.commands.redirects(Reads::Text);
                    self.doubt = self.doubt.or(Some("behind `<<<`, which not every shell has"));
                    self.copy(2);
                } else if rest.starts_with("<<") {
                    self.here_document();
                    return Ok(());
                } else if rest[1..].starts_with(['&', '|']) {
                    // `2>&1` ends no command.
                    self.copy(1);
                }
            }
            c => self.commands.push(c),
        }
        self.copy(c.len_utf8());
        Ok(())
    }

    /// `<<END`, and on which line it ends. Its text follows behind this line.
    fn here_document(&mut self) {
        self.is_in_document = true;
        let path = self.commands.flow.here();
        self.copy(2);
        let is_indented = self.peek() == Some('-');
        self.copy(usize::from(is_indented));
        let blanks = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.copy(blanks);
        let length =
            self.rest().find([' ', '\t', '\n', ';', '|', '&', '<', '>', '(', ')']).unwrap_or(self.rest().len());
        let end = self.rest()[..length].to_owned();
        self.commands.word();
        self.commands.end_word();
        self.copy(length);
        let is_expanded = !end.contains(['\'', '"', '\\']);
        let bare = end.strip_prefix('\'').and_then(|end| end.strip_suffix('\'')).unwrap_or(&end);
        let is_plain = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let end = end.replace(['\'', '"', '\\'], "");
        self.awaited.push(HereDocument { end, is_indented, is_expanded, path, is_plain });
    }

    fn here_documents(&mut self) -> Result<(), CommandError> {
        let documents = std::mem::take(&mut self.awaited);
        let mut is_certain = !documents.is_empty();
        for document in documents {
            let from = self.script.len();
            let (mut goes_on, mut is_ended) = (false, false);
            while self.at < self.text.len() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                let line = if document.is_indented { line.trim_start_matches('\t') } else { line };
                let is_end = line == document.end && !goes_on;
                let hidden = line.len() - line.trim_end_matches('\\').len();
                goes_on = document.is_expanded && hidden % 2 == 1;
                let end = self.at + self.rest().find('\n').map_or(self.rest().len(), |newline| newline + 1);
                while self.at < end {
                    self.here_character(end)?;
                }
                if is_end {
                    is_ended = true;
                    break;
                }
            }
            let text = self.script[from..].to_owned();
            self.commands.texts.push(if document.is_expanded { text.replace("\\$", "$") } else { text.clone() });
            if document.is_expanded {
                self.commands.redirects(Reads::Text);
                self.inner(&text, Quote::Here, true);
                self.commands.fed_at(document.path);
            }
            is_certain &= is_ended && document.is_plain;
        }
        self.is_in_document &= !is_certain;
        Ok(())
    }

    fn here_character(&mut self, end: usize) -> Result<(), CommandError> {
        if self.peek() == Some('$') {
            return self.dollar_in_text();
        }
        let next = self.rest().find('$').map_or(end, |dollar| (self.at + dollar).min(end));
        self.copy(next - self.at);
        Ok(())
    }

    /// Goes through a part that the shell reads as a text of its own; the word where the walk is uses what the part uses.
    pub fn inner(&mut self, text: &str, quote: Quote, is_quoted: bool) {
        self.commands.opaque();
        if self.depth == DEPTH_MAX {
            self.commands.unclear.push(text.to_owned());
            return;
        }
        let is_behind = std::mem::take(&mut self.is_behind);
        let inner = read(text, quote, self.depth + 1);
        self.commands.absorb(inner, is_quoted, is_behind);
    }

    /// The shell computes with every name in this, and with what that holds.
    pub fn computes(&mut self, text: &str) {
        let text = text.replace(GOES_ON, "");
        let names = names_in(&text).filter(|name| !name.is_empty());
        self.commands
            .computed
            .extend(names.filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned));
    }

    /// The shell computes from here to there. One inside of another has been gone through with it.
    pub fn computes_until(&mut self, end: &str) {
        if self.at >= self.computed_to {
            let length = self.rest().find(end).unwrap_or(self.rest().len());
            self.computes(&self.rest()[..length]);
            self.computed_to = self.at + length;
        }
    }

    /// From here on the quotes may be others than they look.
    pub fn doubt(&mut self, why: &'static str) {
        self.doubt = self.doubt.or(Some(why));
        self.unclear_from = self.unclear_from.or(Some(self.script.len()));
    }

    /// The shell may read all of this otherwise than it is read here.
    pub fn lost(&mut self) {
        self.doubt("behind an operator in the midst of which a line ends");
        self.unclear_from = Some(0);
    }

    /// Why a reference cannot stand where the walk is, if it cannot.
    pub fn why_not(&self) -> Option<&'static str> {
        self.doubt.or(self.is_in_document.then_some(IN_DOCUMENT))
    }

    /// Past each `\` at the end of a line: for the shell there is nothing there.
    pub fn goes_on(&mut self) {
        while self.rest().starts_with(GOES_ON) {
            self.copy(GOES_ON.len());
        }
    }

    fn is_doubled(&self, c: char) -> bool {
        self.rest()[c.len_utf8()..].starts_with(c)
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn copy(&mut self, bytes: usize) {
        self.script.push_str(&self.text[self.at..self.at + bytes]);
        self.at += bytes;
    }

    /// To the end of the line, untouched.
    fn comment(&mut self) {
        let end = self.rest().find('\n').unwrap_or(self.rest().len());
        self.copy(end);
    }
}

/// A value that stands where none can. `reference` is as [`CommandError::Place`] names it.
pub(super) fn refused(reference: &str, place: &str, advice: &str) -> CommandError {
    CommandError::Place { reference: reference.to_owned(), place: place.to_owned(), advice: advice.to_owned() }
}

/// A reference that stands where a variable of the environment could.
pub(super) fn refused_here(written: &str, place: &str) -> CommandError {
    refused(&format!("`{written}`"), place, TAKE_OUT)
}
