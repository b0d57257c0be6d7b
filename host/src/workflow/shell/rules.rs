//! Where no value may stand. Some programs run a word as a program or as a text of their own language, and no quoting of the shell's keeps a value
//! harmless there; so neither a reference nor a variable that holds one can stand there at all.
//!
//! This guards an author against mistakes, not against the author: what a line writes to a file and then runs, and what a program makes of its own
//! environment, is not followed.

use super::CommandError;
use super::carriers::{Carriers, names_in, variable_shown};
use super::languages::language;
use super::options::check_options;
use super::programs::{ALSO_WORDS, RUNS_NEXT, evaluator, is_quiet};
use super::scan::{commands_of, refused};
use super::words::{Commands, Word};
use super::wrappers::{programs, wrapper};
use super::{feeding, naming};

/// Words of the shell before a command.
pub(super) const BEFORE: [&str; 9] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{"];
/// To these a hyphen in front of a value does no harm.
pub(super) const NO_OPTIONS: [&str; 7] = ["case", "for", "echo", "printf", "[", "test", "in"];
/// Their words are only data, whatever program one may be the name of; and here words may be taken apart.
pub(super) const ONLY_DATA: [&str; 7] = ["case", "for", "select", "echo", "printf", "[", "test"];
/// Texts in texts that are looked into. An author who needs more has written a program.
pub(super) const DEPTH_MAX: usize = 8;

const IN_QUOTES: &str = "write it in double quotes";
const BY_PROGRAM: &str = "write the program out; `when:` and steps of their own choose between several";
const BY_LINE: &str = "its words are read as a line again; write what is run into a file, and hand the value over with `stdin:` or in a file";

/// Checks a line that was read.
pub(super) fn check_line(commands: &Commands, mut carriers: Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    carriers.follow(commands);
    naming::check_computing(commands, &carriers)?;
    let names = || commands.ended.iter().flat_map(|command| &command.words).map(|word| base(&word.plain));
    if names().any(is_shell) {
        commands.texts.iter().try_for_each(|text| check_inner(text, &carriers, depth))?;
    }
    commands.ended.iter().try_for_each(|command| check_command(&command.words, &carriers, depth))?;
    feeding::check(commands, &carriers, depth)?;
    commands.unclear.iter().try_for_each(|text| check_unclear(text, &carriers))
}

/// Checks the words of a list that is a command.
pub(super) fn check_list(words: Vec<Word>, carriers: Carriers<'_>) -> Result<(), CommandError> {
    check_line(&Commands::of(words), carriers, 0)
}

pub(super) fn check_command(words: &[Word], carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.redirects).collect();
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    let starts = Starts::of(&words, &names);
    let program = starts.program;
    let first = program.map_or("", |at| names[at]);
    inner_texts(&words, &names, carriers, depth)?;
    naming::check(&words, first, program, carriers)?;
    let Some(carrying) = words.iter().find_map(|word| carriers.carried(word)) else { return Ok(()) };
    if ONLY_DATA.contains(&first) {
        return Ok(());
    }
    let found = (0..names.len()).filter(|at| starts.maybe(*at)).find_map(|at| Some((names[at], evaluator(names[at])?)));
    if let Some((name, evaluator)) = found {
        let place = format!("in a command of `{name}`, which may run its words");
        return Err(refused(&carrying, &place, evaluator.advice));
    }
    for (at, name) in names.iter().enumerate().filter(|(at, _)| starts.maybe(*at)) {
        let Some(language) = language(name) else { continue };
        if let Some(value) = language.may_run(&words[at + 1..], carriers).and_then(|word| carriers.carried(word)) {
            return Err(refused(&value, &format!("in a text that `{name}` may run"), language.advice));
        }
        if language.ends_with_its_program() && starts.surely(at) {
            break;
        }
    }
    let found = programs(&words, &names, carriers);
    check_options(&words, &names, program, &found.at, carriers)?;
    let value = |at: Option<usize>| at.and_then(|at| carriers.carried(words[at]));
    if let Some(value) = value(found.chosen) {
        return Err(refused(&value, "where it would choose the program that runs", BY_PROGRAM));
    }
    if let Some(value) = value(found.joined) {
        return Err(refused(&value, "in a command of which the words are run", BY_LINE));
    }
    match words.iter().filter(|word| word.assigns().is_none()).find_map(|word| carriers.falls_apart(word)) {
        Some(value) => Err(refused(&value, "where the shell takes its value apart into words", IN_QUOTES)),
        None => Ok(()),
    }
}

/// Where the program of a command is.
fn program_of(words: &[&Word]) -> Option<usize> {
    words.iter().position(|word| !BEFORE.contains(&word.plain.as_str()) && word.assigns().is_none())
}

/// Where in a command programs may be.
pub(super) struct Starts<'n> {
    names: &'n [&'n str],
    program: Option<usize>,
    /// The program, if it starts none of its words.
    quiet: Option<usize>,
    /// The first word behind which another program starts.
    starter: usize,
}

impl<'n> Starts<'n> {
    pub fn of(words: &[&Word], names: &'n [&'n str]) -> Self {
        let starts_next = |name: &&str| wrapper(name).is_some() || *name == "--" || RUNS_NEXT.contains(name);
        let starter = names.iter().position(starts_next).unwrap_or(names.len());
        let program = program_of(words);
        // `sudo apt-get`; behind options it is not certain which word the program is.
        let behind = program.filter(|at| wrapper(names[*at]).is_some()).map(|at| at + 1);
        let is_known = |at: &usize| names.get(*at).is_some_and(|name| is_quiet(name));
        let quiet = behind.or(program).filter(is_known).filter(|_| !names.contains(&"--"));
        Self { names, program, quiet, starter }
    }

    /// Whether a word is surely a program, or behind what runs one.
    fn surely(&self, at: usize) -> bool {
        Some(at) == self.program || at > self.starter
    }

    /// Whether a word may be a program. Who else starts programs is not known, so most names count wherever they are.
    pub fn maybe(&self, at: usize) -> bool {
        if let Some(program) = self.quiet {
            return at <= program;
        }
        !ALSO_WORDS.contains(&self.names[at]) || self.surely(at)
    }
}

/// What is written out for another shell to read, in single quotes: its variables are those of this one.
fn inner_texts(words: &[&Word], names: &[&str], carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    if !names.iter().any(|name| is_shell(name)) {
        return Ok(());
    }
    let mut texts = words.iter().filter(|word| word.plain.contains(['$', '`', ' ']));
    texts.try_for_each(|word| check_inner(&word.plain, carriers, depth))
}

pub(super) fn is_shell(name: &str) -> bool {
    evaluator(name).is_some_and(|known| known.is_shell) || language(name).is_some_and(|known| known.is_shell)
}

fn check_inner(text: &str, carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    if depth == DEPTH_MAX {
        return check_unclear(text, carriers);
    }
    check_line(&commands_of(text, depth + 1), carriers.clone(), depth + 1)
}

/// A text of which it is not known where its quotes end: it may hold values, or programs that run their words, but not both.
fn check_unclear(text: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-./[".contains(c);
    let words = || text.split(|c| !is_name(c)).filter(|word| !word.is_empty());
    let name = names_in(text).find(|name| carriers.carries(name));
    let runs = words().map(base).find(|name| evaluator(name).is_some() || language(name).is_some());
    match (name, runs) {
        (Some(name), Some(runs)) => {
            let place = format!("with `{runs}` in a part of which it cannot be told how the shell reads it");
            Err(refused(&variable_shown(name), &place, "do this part in a step of its own"))
        }
        _ => Ok(()),
    }
}

/// The name of a program without its folder and its version: `/usr/bin/python3.12` is `python`.
pub(super) fn base(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or(word);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if bare.is_empty() { name } else { bare }
}
