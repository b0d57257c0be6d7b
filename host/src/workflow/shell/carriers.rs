//! Which variables of a line hold a value that was put in, or name one that does.

use std::collections::BTreeSet;

use super::Given;
use super::words::{Command, Commands, POSITIONAL, Part, Used, Word};

/// Which variables hold a value that was put in.
#[derive(Clone)]
pub(super) struct Carriers<'a> {
    given: &'a Given<'a>,
    own: BTreeSet<String>,
    /// Variables with the name of one that holds a value in their text.
    pointing: BTreeSet<String>,
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
pub(super) const READERS: [&str; 4] = ["read", "mapfile", "readarray", "getopts"];

impl<'a> Carriers<'a> {
    pub fn new(given: &'a Given<'a>) -> Self {
        Self { given, own: BTreeSet::new(), pointing: BTreeSet::new(), any: given.stdin_carries, all: false }
    }

    /// Learns what a line hands on from one variable to another, in whatever order: loops come back.
    pub fn follow(&mut self, commands: &Commands) {
        for _ in 0..PASSES_MAX {
            let before = (self.own.len(), self.pointing.len(), self.any);
            let mut words = commands.ended.iter().flat_map(|command| &command.words);
            self.any |= words.any(|word| self.carried(word).is_some());
            for (to, from) in &commands.defaults {
                if self.carries(from) {
                    self.own.insert(to.clone());
                }
            }
            for Command { words, .. } in &commands.ended {
                self.follow_command(words);
            }
            if before == (self.own.len(), self.pointing.len(), self.any) {
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
            let names_one =
                |word: &&Word| names_in(&word.plain).skip(1).any(|name| self.carries(name) || self.points(name));
            if let Some(name) = Some(word).filter(names_one).and_then(Word::assigns) {
                self.pointing.insert(name.to_owned());
            }
        }
        let begins = words.iter().position(|word| ["for", "select"].contains(&word.plain.as_str()));
        if let Some((name, listed)) = begins.and_then(|at| words[at + 1..].split_first())
            && listed.iter().flat_map(|word| names_in(&word.plain)).any(|name| self.carries(name) || self.points(name))
        {
            self.pointing.insert(name.plain.clone());
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

    /// Whether a variable has the name of one that holds a value in its text.
    pub fn points(&self, name: &str) -> bool {
        self.pointing.contains(name)
    }

    /// A variable in a word that does.
    pub fn pointed<'w>(&self, word: &'w Word) -> Option<&'w str> {
        word.parts.iter().find_map(|part| match &part.used {
            Used::Variable(name) if self.points(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether there are values in the line, or variables that hold one.
    pub fn has_any(&self) -> bool {
        self.any || !self.given.carrying.is_empty()
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

    /// The same, to be put into other words.
    pub fn value<'w>(&self, word: &'w Word) -> Option<&'w Part> {
        self.part(word)
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
            Used::Reference(_) | Used::Stdin => true,
            Used::Variable(name) => self.carries(name),
        }
    }
}

/// The names in a text.
pub(super) fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
}

pub(super) fn shown(part: &Part) -> String {
    match &part.used {
        Used::Reference(written) => format!("`{written}`"),
        Used::Variable(name) => variable_shown(name),
        Used::Stdin => "`stdin`, which holds a value from elsewhere,".to_owned(),
    }
}

/// A variable that carries a value, as messages name it.
pub(super) fn variable_shown(name: &str) -> String {
    format!("`${name}`, which holds a value from elsewhere,")
}
