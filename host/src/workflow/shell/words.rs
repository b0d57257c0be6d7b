//! The words of a line, without their quotes: what of each is written out, and which references and variables stand where in it.

use super::flow::{Flow, Path, ends_group};

/// A word as it was written, without its quotes.
#[derive(Clone, Default)]
pub(super) struct Word {
    /// What is written out; [`UNKNOWN`] stands for what is not.
    pub plain: String,
    pub parts: Vec<Part>,
    /// Whether it is where something is read from or written to.
    pub redirects: bool,
    /// What is read from it.
    pub reads: Reads,
}

/// What a command reads from a word behind `<`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reads {
    #[default]
    Nothing,
    /// What stands in the file of this name.
    File,
    /// The word itself.
    Text,
}

/// Stands in a word for what is known only when it runs.
const UNKNOWN: char = '\u{fffd}';
/// The name for all that the shell itself was given: `$1`, `$@`, and `$_`.
pub(super) const POSITIONAL: &str = "@";

#[derive(Clone)]
pub(super) struct Part {
    /// Bytes of the plain text before it.
    pub at: usize,
    pub used: Used,
    pub is_quoted: bool,
}

#[derive(Clone)]
pub(super) enum Used {
    /// As it was written.
    Reference(String),
    /// A variable of the shell.
    Variable(String),
    /// What the line is given to read.
    Stdin,
}

impl Word {
    /// A word of a list, which no shell sees.
    pub fn of_list(pieces: impl Iterator<Item = Result<String, String>>) -> Self {
        let mut word = Self::default();
        for piece in pieces {
            match piece {
                Ok(plain) => word.plain.push_str(&plain),
                Err(reference) => word.put(Used::Reference(reference), true),
            }
        }
        word
    }

    /// The same with a value wherever this text stands in it.
    pub fn with(&self, text: &str, value: &Part) -> Self {
        let mut word = self.clone();
        let put = word.plain.match_indices(text).map(|(at, _)| Part { at, ..value.clone() });
        word.parts.extend(put.collect::<Vec<_>>());
        word.parts.sort_by_key(|part| part.at);
        word
    }

    /// A word that is a value and nothing else.
    pub fn holding(value: &Part) -> Self {
        Self { parts: vec![Part { at: 0, is_quoted: true, ..value.clone() }], ..Self::default() }
    }

    fn put(&mut self, used: Used, is_quoted: bool) {
        self.parts.push(Part { at: self.plain.len(), used, is_quoted });
    }

    /// What stands in the brackets of `NAME[…]`, which the shell computes.
    pub fn subscript(&self) -> Option<&str> {
        let (name, behind) = self.plain.split_once('[')?;
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        behind.rsplit_once(']').map(|(inside, _)| inside).filter(|_| is_name)
    }

    /// The name in `NAME=…` or `NAME+=…`, if all of it is written out.
    pub fn assigns(&self) -> Option<&str> {
        let (name, _) = self.plain.split_once('=')?;
        let is_before = self.parts.first().is_none_or(|part| part.at > name.len());
        let name = name.strip_suffix('+').unwrap_or(name);
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (is_name && is_before).then_some(name)
    }
}

/// A command of a line.
pub(super) struct Command {
    pub words: Vec<Word>,
    pub path: Path,
}

impl Command {
    /// Whether all that it has is what a group reads and writes.
    pub fn is_for_group(&self) -> bool {
        self.words.iter().all(|word| word.redirects || ends_group(&word.plain))
    }
}

/// The commands of a line, as far as they have been read.
#[derive(Default)]
pub(super) struct Commands {
    pub ended: Vec<Command>,
    words: Vec<Word>,
    current: Option<Word>,
    /// Whether the next word is where something is written to, or read from.
    redirects: Option<Reads>,
    /// Whether a command has begun, so that its words are only words.
    has_begun: bool,
    pub flow: Flow,
    /// Variables in places where the shell computes with them or looks up what they name.
    pub computed: Vec<String>,
    /// `${to:=$from}`.
    pub defaults: Vec<(String, String)>,
    /// Texts of here-documents, as who reads them gets them but for the values.
    pub texts: Vec<String>,
    /// What was read without knowing where its quotes end.
    pub unclear: Vec<String>,
}

impl Commands {
    /// One command, of words that are known.
    pub fn of(words: Vec<Word>) -> Self {
        let path = Flow::default().here();
        Self { ended: vec![Command { words, path }], ..Self::default() }
    }

    pub fn word(&mut self) -> &mut Word {
        let redirects = self.redirects.take();
        let reads = redirects.unwrap_or_default();
        self.current.get_or_insert_with(|| Word { redirects: redirects.is_some(), reads, ..Word::default() })
    }

    pub fn is_in_word(&self) -> bool {
        self.current.is_some()
    }

    pub fn push(&mut self, c: char) {
        self.word().plain.push(c);
    }

    /// A part whose value nobody knows.
    pub fn opaque(&mut self) {
        self.push(UNKNOWN);
    }

    /// A reference. Says whether a hyphen in front of its value would make it an option.
    pub fn reference(&mut self, written: String) -> bool {
        let begins_option = self.begins_option();
        self.word().put(Used::Reference(written), true);
        begins_option
    }

    /// A variable of the shell.
    pub fn variable(&mut self, name: &str, is_quoted: bool) {
        let is_positional = name == "_" || name == "*" || name.bytes().all(|b| b.is_ascii_digit());
        let name = if is_positional { POSITIONAL } else { name };
        self.word().put(Used::Variable(name.to_owned()), is_quoted);
    }

    /// How much the word where the walk is uses by now.
    pub fn uses(&self) -> usize {
        self.current.as_ref().map_or(0, |word| word.parts.len())
    }

    /// `${to:=…}`: the variables that the word has used since then are handed on.
    pub fn hands_on(&mut self, since: usize, to: &str) {
        for part in self.current.iter().flat_map(|word| word.parts.iter().skip(since)) {
            if let Used::Variable(from) = &part.used {
                self.defaults.push((to.to_owned(), from.clone()));
            }
        }
    }

    /// The next word is where something is read from, or written to.
    pub fn redirects(&mut self, reads: Reads) {
        self.redirects = Some(reads);
    }

    pub fn end_word(&mut self) {
        let Some(word) = self.current.take() else { return };
        if !self.has_begun {
            self.has_begun = !word.redirects && !self.flow.word(&word.plain);
        }
        self.words.push(word);
    }

    pub fn end_command(&mut self) {
        self.end_word();
        self.redirects = None;
        self.has_begun = false;
        if !self.words.is_empty() {
            // `exec` with no program changes what all behind it read and write.
            self.flow.is_loose |=
                self.words.iter().any(|word| word.plain == "exec") && self.words.iter().any(|word| word.redirects);
            self.ended.push(Command { words: std::mem::take(&mut self.words), path: self.flow.here() });
        }
    }

    /// What is fed to the command at this place.
    pub fn fed_at(&mut self, path: Path) {
        self.end_word();
        if !self.words.is_empty() {
            self.ended.push(Command { words: std::mem::take(&mut self.words), path });
        }
    }

    /// Whether the words of a command have begun.
    pub fn is_in_command(&self) -> bool {
        self.current.is_some() || !self.words.is_empty()
    }

    /// Takes over the commands inside a part of a word. What they use, the word uses.
    pub fn absorb(&mut self, inner: Self, is_quoted: bool, is_behind: bool) {
        let words = inner.ended.iter().flat_map(|command| &command.words).chain(&inner.current);
        for part in words.flat_map(|word| &word.parts) {
            if let Used::Variable(name) = &part.used {
                self.variable(name, is_quoted);
            }
        }
        let place = self.flow.inside(&inner.flow, is_behind);
        self.ended.extend(inner.ended.into_iter().map(|command| Command { path: place(&command.path), ..command }));
        self.computed.extend(inner.computed);
        self.defaults.extend(inner.defaults);
        self.unclear.extend(inner.unclear);
        self.texts.extend(inner.texts);
    }

    /// Whether a value that came now would be taken for an option if it started with a hyphen.
    fn begins_option(&self) -> bool {
        let at_start = match &self.current {
            Some(word) => word.plain.is_empty() && !word.redirects,
            None => self.redirects.is_none(),
        };
        let first = self.words.iter().find(|word| !super::rules::BEFORE.contains(&word.plain.as_str()));
        let takes_options = first.is_none_or(|word| !super::rules::NO_OPTIONS.contains(&word.plain.as_str()));
        let behind_dashes = self.words.iter().any(|word| word.plain == "--" && word.parts.is_empty());
        at_start && takes_options && !behind_dashes
    }
}
