//! Commands. A value that is put into one never becomes shell text: in a line for the shell each reference is an environment variable, quoted as
//! its place asks for, and in a list of words it is one word or a part of one. What cannot be told safe is refused when the file is read.
//!
//! Reading order: `scan.rs` (a line, quote by quote; `dollar.rs`) → `words.rs`, `carriers.rs` (which words and variables hold a value) → `flow.rs` (who
//! reads what whom writes) → `rules.rs` (where none may stand; `wrappers.rs`, `languages.rs`, `feeding.rs`, `naming.rs`). The rest is tables: `programs.rs`,
//! `choosers.rs`, `options.rs`, `tongues.rs`, `deciding.rs`.

mod carriers;
mod choosers;
mod deciding;
mod dollar;
mod feeding;
mod flow;
mod languages;
mod naming;
mod options;
mod programs;
mod rules;
mod scan;
#[cfg(test)]
mod tests;
mod tongues;
mod words;
mod wrappers;

pub(super) use deciding::is_deciding;

use serde_json::Value;

use crate::expr::{Formula, Piece, Reference, Scope, Text, TextError, Values, as_text};

/// References in one command. More than a line can be read with.
const REFERENCES_MAX: usize = 64;
/// Longest line, in bytes. The shell is given it as one word, of which Linux takes 128 KiB, with the names of its variables in it.
const LINE_MAX_BYTES: usize = 64 * 1024;
/// Longest value of a variable or a word, in bytes: Linux takes 128 KiB for one, with its name and the NUL behind it.
pub const VALUE_MAX_BYTES: usize = 127 * 1024;

/// Names of the variables that stand for references; a number follows.
const VARIABLE: &str = "SANDCLAW_V";

/// Why a command cannot be used, or cannot be run with these values. Holds nothing of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A reference in it is wrong.
    #[error("{0}")]
    Text(#[from] TextError),
    /// A name that is none of ours, and hardly one of the shell's.
    #[error("{error}; if `{name}` is a variable of the shell, write `$${name}`")]
    ShellName {
        /// The name.
        name: String,
        /// Why it is none of ours.
        error: TextError,
    },
    /// A reference where a value could become more than data.
    #[error("{reference} stands {place}; {advice}")]
    Place {
        /// As it was written, and what it is if that cannot be seen.
        reference: String,
        /// Where.
        place: String,
        /// What to do.
        advice: String,
    },
    /// Too many references.
    #[error("has more than {REFERENCES_MAX} references; make steps of it")]
    TooMany,
    /// Too long a line.
    #[error("is longer than {LINE_MAX_BYTES} bytes; write it into a file that the step runs")]
    LongLine,
    /// A value with a NUL character.
    #[error("the value of `{0}` holds a NUL character, which no program can be given; hand it over with `stdin:`")]
    Nul(String),
    /// A value that is too long.
    #[error(
        "the value of `{0}` is longer than {VALUE_MAX_BYTES} bytes, the most a program can be given so; hand it over with `stdin:`"
    )]
    TooLong(String),
    /// A value that the program would take for an option.
    #[error(
        "the value of `{0}` starts with `-`, and the program would take it for an option; write `--` before it, or join it to its option as in `--name={0}`"
    )]
    Option(String),
}

/// A reference that is put into a command.
#[derive(Clone, Debug, PartialEq)]
struct Inserted {
    formula: Formula,
    /// Whether a program would take a value with a hyphen in front for an option.
    begins_word: bool,
}

/// What a command is given beside its words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Names that the author gives to the environment. They are the shell's.
    pub variables: &'a [String],
    /// Those of them whose value holds a reference: where a reference cannot stand, they cannot either.
    pub carrying: &'a [String],
    /// Whether what it reads holds a reference.
    pub stdin_carries: bool,
}

/// A line for `/bin/sh -c`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShellLine {
    written: String,
    script: String,
    inserted: Vec<Inserted>,
}

impl ShellLine {
    /// Reads a line.
    pub fn parse(text: &str, scope: &Scope, given: &Given<'_>) -> Result<Self, CommandError> {
        let (script, inserted) = scan::scan(text, scope, given)?;
        Ok(Self { written: text.to_owned(), script, inserted })
    }

    /// The line as the author wrote it.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The line for the shell. The same for every run: values are only in [`Self::variables`].
    pub fn script(&self) -> &str {
        &self.script
    }

    /// The variables that the line needs in its environment: name and value.
    pub fn variables(&self, values: &Values) -> Result<Vec<(String, String)>, CommandError> {
        let variable = |(number, inserted): (usize, &Inserted)| {
            let value = inserted.formula.value(values)?;
            let value = checked(inserted.formula.as_str(), value, inserted.begins_word)?;
            Ok((variable(number), value))
        };
        self.inserted.iter().enumerate().map(variable).collect()
    }

    /// What it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.inserted.iter().flat_map(|inserted| inserted.formula.references())
    }
}

/// A program and its arguments, without a shell.
#[derive(Clone, Debug, PartialEq)]
pub struct Argv {
    words: Vec<Text>,
}

impl Argv {
    /// Takes words that were read; the first is the program.
    pub fn new(words: Vec<Text>, given: &Given<'_>) -> Result<Self, CommandError> {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(plain) => Ok(plain.clone()),
            Piece::Formula(formula) => Err(format!("${{{}}}", formula.as_str())),
        };
        let read = words.iter().map(|text| words::Word::of_list(text.pieces().iter().map(piece))).collect();
        rules::check_list(read, carriers::Carriers::new(given))?;
        Ok(Self { words })
    }

    /// The program and its arguments, each one word whatever its value.
    pub fn words(&self, values: &Values) -> Result<Vec<String>, CommandError> {
        let mut behind_dashes = false;
        let mut words = Vec::new();
        for word in &self.words {
            let first = word.references().next().map(|reference| reference.as_str().to_owned());
            let begins = matches!(word.pieces().first(), Some(Piece::Formula(_)));
            let value = word.value(values)?;
            let value = checked(first.as_deref().unwrap_or_default(), value, begins && !behind_dashes)?;
            behind_dashes |= word.as_plain() == Some("--");
            words.push(value);
        }
        Ok(words)
    }

    /// The words as they are shown: references in `${…}`.
    pub fn shown(&self) -> Vec<String> {
        self.words.iter().map(shown).collect()
    }

    /// What it refers to.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.words.iter().flat_map(Text::references)
    }
}

/// A text as it is shown to people.
pub(super) fn shown(text: &Text) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Plain(text) => text.clone(),
        Piece::Formula(formula) => format!("${{{}}}", formula.as_str()),
    };
    text.pieces().iter().map(piece).collect()
}

/// The name of the variable of a reference.
fn variable(number: usize) -> String {
    format!("{VARIABLE}{}", number + 1)
}

/// A value as a program can be given it. Numbers are no options, whatever their sign.
fn checked(reference: &str, value: Value, begins_word: bool) -> Result<String, CommandError> {
    let is_number = value.is_number();
    let text = as_text(value);
    if text.contains('\0') {
        return Err(CommandError::Nul(reference.to_owned()));
    }
    if text.len() > VALUE_MAX_BYTES {
        return Err(CommandError::TooLong(reference.to_owned()));
    }
    if begins_word && !is_number && text.starts_with('-') {
        return Err(CommandError::Option(reference.to_owned()));
    }
    Ok(text)
}
