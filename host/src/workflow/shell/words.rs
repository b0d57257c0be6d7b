//! The words of a line, without their quotes: what of each is written out, and which references and variables stand where in it. [`Carriers`]
//! knows which of those variables hold a value that was put in.

use std::collections::BTreeSet;

use super::Given;

/// A word as it was written, without its quotes.
#[derive(Default)]
pub(super) struct Word {
    /// What is written out; [`UNKNOWN`] stands for what is not.
    pub plain: String,
    parts: Vec<Part>,
    /// Whether it is where something is read from or written to.
    pub redirects: bool,
}

/// Stands in a word for what is known only when it runs.
const UNKNOWN: char = '\u{fffd}';
/// The name for all that the shell itself was given: `$1`, `$@`, and `$_`.
const POSITIONAL: &str = "@";

struct Part {
    /// Bytes of the plain text before it.
    at: usize,
    used: Used,
    is_quoted: bool,
}

enum Used {
    /// As it was written.
    Reference(String),
    /// A variable of the shell.
    Variable(String),
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

    fn put(&mut self, used: Used, is_quoted: bool) {
        self.parts.push(Part { at: self.plain.len(), used, is_quoted });
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

/// The commands of a line, as far as they have been read.
#[derive(Default)]
pub(super) struct Commands {
    pub ended: Vec<Vec<Word>>,
    words: Vec<Word>,
    current: Option<Word>,
    redirects: bool,
    /// Whether one command reads what another, or the line, writes.
    pub feeds: bool,
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
        Self { ended: vec![words], ..Self::default() }
    }

    pub fn word(&mut self) -> &mut Word {
        let redirects = std::mem::take(&mut self.redirects);
        self.current.get_or_insert_with(|| Word { redirects, ..Word::default() })
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

    pub fn redirects(&mut self) {
        self.redirects = true;
    }

    pub fn end_word(&mut self) {
        self.words.extend(self.current.take());
    }

    pub fn end_command(&mut self) {
        self.end_word();
        self.redirects = false;
        if !self.words.is_empty() {
            self.ended.push(std::mem::take(&mut self.words));
        }
    }

    /// Takes over the commands inside a part of a word. What they use, the word uses.
    pub fn absorb(&mut self, inner: Self, is_quoted: bool) {
        for part in inner.ended.iter().flatten().chain(&inner.current).flat_map(|word| &word.parts) {
            if let Used::Variable(name) = &part.used {
                self.variable(name, is_quoted);
            }
        }
        self.ended.extend(inner.ended);
        self.feeds |= inner.feeds;
        self.computed.extend(inner.computed);
        self.defaults.extend(inner.defaults);
        self.unclear.extend(inner.unclear);
        self.texts.extend(inner.texts);
    }

    /// Whether a value that came now would be taken for an option if it started with a hyphen.
    fn begins_option(&self) -> bool {
        let at_start = match &self.current {
            Some(word) => word.plain.is_empty() && !word.redirects,
            None => !self.redirects,
        };
        let first = self.words.iter().find(|word| !super::rules::BEFORE.contains(&word.plain.as_str()));
        let takes_options = first.is_none_or(|word| !super::rules::NO_OPTIONS.contains(&word.plain.as_str()));
        let behind_dashes = self.words.iter().any(|word| word.plain == "--" && word.parts.is_empty());
        at_start && takes_options && !behind_dashes
    }
}

/// Which variables hold a value that was put in.
#[derive(Clone)]
pub(super) struct Carriers<'a> {
    given: &'a Given<'a>,
    own: BTreeSet<String>,
    /// Whether any value is put into the line at all, and so may be in what it reads and in `$1`.
    pub any: bool,
    /// Whether it was given up to find out, so that every variable counts.
    all: bool,
}

/// How often a line is gone through for what its variables hand on. Each time all that is handed on forwards is found, so this is for loops in loops.
const PASSES_MAX: usize = 16;
/// Variables that each command gets and that hold what a request brought; the last, what stands for a reference.
const FROM_REQUEST: [&str; 3] = ["LOBSTER_ARG_", "LOBSTER_ARGS_JSON", super::VARIABLE];
/// Builtins of the shell that put what they read into the variables they name.
const READERS: [&str; 4] = ["read", "mapfile", "readarray", "getopts"];

impl<'a> Carriers<'a> {
    pub fn new(given: &'a Given<'a>) -> Self {
        Self { given, own: BTreeSet::new(), any: given.stdin_carries, all: false }
    }

    /// Learns what a line hands on from one variable to another, in whatever order: loops come back.
    pub fn follow(&mut self, commands: &Commands) {
        for _ in 0..PASSES_MAX {
            let before = (self.own.len(), self.any);
            self.any |= commands.ended.iter().flatten().any(|word| self.carried(word).is_some());
            for (to, from) in &commands.defaults {
                if self.carries(from) {
                    self.own.insert(to.clone());
                }
            }
            for words in &commands.ended {
                self.follow_command(words);
            }
            if before == (self.own.len(), self.any) {
                return;
            }
        }
        self.all = self.any;
    }

    fn follow_command(&mut self, words: &[Word]) {
        for word in words {
            if let Some(name) = word.assigns().filter(|name| !self.own.contains(*name))
                && self.carried(word).is_some()
            {
                self.own.insert(name.to_owned());
            }
        }
        let plain: Vec<&str> = words.iter().map(|word| word.plain.as_str()).collect();
        let carries = words.iter().any(|word| self.carried(word).is_some());
        if let Some(at) = plain.iter().position(|word| READERS.contains(word)).filter(|_| self.any) {
            self.own
                .extend(plain[at + 1..].iter().filter(|word| !word.starts_with('-')).map(|name| (*name).to_owned()));
        }
        for (at, word) in plain.iter().enumerate().filter(|_| carries) {
            if matches!(*word, "for" | "select" | "-v")
                && let Some(name) = plain.get(at + 1)
            {
                self.own.insert((*name).to_owned());
            }
        }
    }

    /// Whether the line reads a value.
    pub fn is_fed(&self) -> bool {
        self.given.stdin_carries
    }

    /// Whether a variable holds a value that was put in.
    pub fn carries(&self, name: &str) -> bool {
        if name == POSITIONAL {
            return self.any;
        }
        let is_given = self.given.variables.iter().any(|known| known == name);
        self.all
            || self.own.contains(name)
            || self.given.carrying.iter().any(|known| known == name)
            || (!is_given && FROM_REQUEST.iter().any(|prefix| name.starts_with(prefix)))
    }

    /// The first value in a word, as messages name it.
    pub fn carried(&self, word: &Word) -> Option<String> {
        self.part(word).map(shown)
    }

    /// A value in a word that the shell would take apart.
    pub fn falls_apart(&self, word: &Word) -> Option<String> {
        word.parts.iter().find(|part| !part.is_quoted && self.is_carrying(part)).map(shown)
    }

    /// What a word has before its first value.
    pub fn before<'w>(&self, word: &'w Word) -> &'w str {
        self.part(word).map_or(&word.plain, |part| &word.plain[..part.at])
    }

    fn part<'w>(&self, word: &'w Word) -> Option<&'w Part> {
        word.parts.iter().find(|part| self.is_carrying(part))
    }

    fn is_carrying(&self, part: &Part) -> bool {
        match &part.used {
            Used::Reference(_) => true,
            Used::Variable(name) => self.carries(name),
        }
    }
}

fn shown(part: &Part) -> String {
    match &part.used {
        Used::Reference(written) => format!("`{written}`"),
        Used::Variable(name) => variable_shown(name),
    }
}

/// A variable that carries a value, as messages name it.
pub(super) fn variable_shown(name: &str) -> String {
    format!("`${name}`, which holds a value from elsewhere,")
}
