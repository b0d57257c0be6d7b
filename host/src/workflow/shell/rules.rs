//! Where no value may stand. Some programs run a word as a program or as a text of their own language, and no quoting of the shell's keeps a value
//! harmless there; so neither a reference nor a variable that holds one can stand there at all.
//!
//! This guards an author against mistakes, not against the author: what a line writes to a file and then runs, and what a program makes of its own
//! environment, is not followed.

use super::CommandError;
use super::deciding::is_deciding;
use super::languages::language;
use super::programs::{ALSO_WORDS, BY_SHELL, COMPUTING, FILLERS, RUNS_NEXT, evaluator, takes_code, wrapper};
use super::scan::{commands_of, refused};
use super::words::{Carriers, Commands, Word, variable_shown};

/// Words of the shell before a command.
pub(super) const BEFORE: [&str; 9] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{"];
/// To these a hyphen in front of a value does no harm.
pub(super) const NO_OPTIONS: [&str; 7] = ["case", "for", "echo", "printf", "[", "test", "in"];
/// Their words are only data, whatever program one may be the name of; and here words may be taken apart.
const ONLY_DATA: [&str; 7] = ["case", "for", "select", "echo", "printf", "[", "test"];
/// Builtins whose words are names of variables. With `a[$(…)]` for a name some shells run what is in it.
const NAMING: [&str; 9] = ["export", "readonly", "local", "read", "unset", "mapfile", "readarray", "getopts", "enable"];
/// Texts in texts that are looked into. An author who needs more has written a program.
pub(super) const DEPTH_MAX: usize = 8;

const IN_ENV: &str = "write its value out, or take a name of your own";
const IN_QUOTES: &str = "write it in double quotes";
const IN_STEPS: &str = "hand it over with `stdin:` to a step of its own, or write what is run into a file";

/// Checks a line that was read.
pub(super) fn check_line(commands: &Commands, mut carriers: Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    carriers.follow(commands);
    commands.computed.iter().try_for_each(|name| check_computed(name, &carriers))?;
    let names = || commands.ended.iter().flatten().map(|word| base(&word.plain));
    if names().any(is_shell) {
        commands.texts.iter().try_for_each(|text| check_inner(text, &carriers, depth))?;
    }
    for words in &commands.ended {
        check_command(words, &carriers, depth)?;
    }
    let carried = |words: &Vec<Word>| words.iter().find_map(|word| carriers.carried(word));
    let holding = commands.ended.iter().enumerate().filter_map(|(at, words)| Some((at, carried(words)?)));
    let written: Vec<(usize, String)> = holding.take(if commands.feeds { 2 } else { 0 }).collect();
    for (at, words) in commands.ended.iter().enumerate() {
        fed(&written, at, words, &carriers)?;
    }
    commands.unclear.iter().try_for_each(|text| check_unclear(text, &carriers))
}

/// Checks the words of a list that is a command.
pub(super) fn check_list(words: Vec<Word>, carriers: Carriers<'_>) -> Result<(), CommandError> {
    check_line(&Commands::of(words), carriers, 0)
}

/// Whether the shell may compute with a name.
fn check_computed(name: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    if !carriers.carries(name) {
        return Ok(());
    }
    let advice = "some shells run what is in it; compute in `${…}`, which does so without the shell";
    Err(refused(&variable_shown(name), "where the shell computes with it or takes it for a name", advice))
}

fn check_command(words: &[Word], carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.redirects).collect();
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    let starts = Starts::of(&words, &names);
    let program = starts.program;
    let first = program.map_or("", |at| names[at]);
    inner_texts(&words, &names, carriers, depth)?;
    if COMPUTING.contains(&first) {
        let texts = words.iter().flat_map(|word| word.plain.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
        texts.into_iter().try_for_each(|name| check_computed(name, carriers))?;
    }
    let carrying = words.iter().find_map(|word| carriers.carried(word));
    let Some(carrying) = carrying else { return Ok(()) };
    check_assignments(&words, first, carriers)?;
    check_names(&words, program, carriers)?;
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
    check_options(&words, &names, program, carriers)?;
    check_program(&words, &names, carriers)?;
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
struct Starts<'n> {
    names: &'n [&'n str],
    program: Option<usize>,
    /// The first word behind which another program starts.
    starter: usize,
}

impl<'n> Starts<'n> {
    fn of(words: &[&Word], names: &'n [&'n str]) -> Self {
        let starts_next = |name: &&str| wrapper(name).is_some() || *name == "--" || RUNS_NEXT.contains(name);
        let starter = names.iter().position(starts_next).unwrap_or(names.len());
        Self { names, program: program_of(words), starter }
    }

    /// Whether a word is surely a program, or behind what runs one.
    fn surely(&self, at: usize) -> bool {
        Some(at) == self.program || at > self.starter
    }

    /// Whether a word may be a program. Who else starts programs is not known, so most names count wherever they are.
    fn maybe(&self, at: usize) -> bool {
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

fn is_shell(name: &str) -> bool {
    evaluator(name).is_some_and(|known| known.is_shell) || language(name).is_some_and(|known| known.is_shell)
}

fn check_inner(text: &str, carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    if depth == DEPTH_MAX {
        return check_unclear(text, carriers);
    }
    check_line(&commands_of(text, depth + 1), carriers.clone(), depth + 1)
}

/// Whether no value is in a variable that decides what runs.
fn check_assignments(words: &[&Word], first: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let mut assigns_all = NAMING.contains(&first) || COMPUTING.contains(&first);
    let mut is_front = true;
    for word in words {
        let name = word.assigns();
        if let (Some(name), Some(value)) = (name, carriers.carried(word))
            && (is_front || assigns_all)
            && is_deciding(name)
        {
            return Err(refused(&value, &format!("in {name}, which decides what programs do"), IN_ENV));
        }
        assigns_all |= base(&word.plain) == "env";
        is_front &= name.is_some() || BEFORE.contains(&word.plain.as_str());
    }
    let named = words.iter().map(|word| word.plain.as_str());
    let set = match first {
        "for" | "select" => named.clone().skip_while(|word| *word != first).nth(1),
        "read" | "mapfile" | "readarray" => named.clone().find(|name| is_deciding(name) && carriers.carries(name)),
        _ => None,
    };
    match set.filter(|name| is_deciding(name)) {
        Some(name) => Err(refused(&variable_shown(name), "where it decides what programs do", IN_ENV)),
        None => Ok(()),
    }
}

/// Whether no value is the name of a variable.
fn check_names(words: &[&Word], program: Option<usize>, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let Some(at) = program else { return Ok(()) };
    let behind = &words[at + 1..];
    let named = match base(&words[at].plain) {
        name if NAMING.contains(&name) => {
            behind.iter().find(|word| word.assigns().is_none() && carriers.carried(word).is_some())
        }
        "printf" | "test" | "[" => behind
            .windows(2)
            .find(|pair| pair[0].plain == "-v" && carriers.carried(pair[1]).is_some())
            .map(|pair| &pair[1]),
        "for" | "select" => behind.first().filter(|word| carriers.carried(word).is_some()),
        _ => None,
    };
    match named.and_then(|word| carriers.carried(word)) {
        Some(value) => Err(refused(&value, "where it names a variable", "write the name out")),
        None => Ok(()),
    }
}

/// Whether no value is behind an option that hands over a program, in a word of its own or in the same.
fn check_options(
    words: &[&Word],
    names: &[&str],
    program: Option<usize>,
    carriers: &Carriers<'_>,
) -> Result<(), CommandError> {
    let Some(first) = program else { return Ok(()) };
    for at in first + 1..words.len() {
        let Some(value) = carriers.carried(words[at]) else { continue };
        let before = carriers.before(words[at]);
        let option = if before.starts_with('-') { before } else { words[at - 1].plain.as_str() };
        let option = match option.split_once('=') {
            Some((option, _)) => option,
            // `-c'run $x'`: a text of several words behind a letter.
            None if option.contains(char::is_whitespace) => option.get(..2).unwrap_or(option),
            None => option,
        };
        // It is enough that one of the words before is a program that knows the option for data.
        let takes = |name: usize| {
            let is_its_own = !names[name..at].contains(&"--");
            let (known, next) = if is_its_own { (names[name], names.get(name + 1).copied()) } else { ("", None) };
            takes_code(known, next.unwrap_or_default(), option)
        };
        if option.starts_with('-') && (first..at).all(takes) {
            let place = format!("behind `{option}`, with which programs are told what to run");
            return Err(refused(&value, &place, BY_SHELL));
        }
    }
    Ok(())
}

/// Whether no value chooses the program, alone or behind what runs the word that follows.
fn check_program(words: &[&Word], names: &[&str], carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let mut is_program = true;
    let mut around = None;
    let mut operands = 0;
    let mut is_value = false;
    for (word, name) in words.iter().zip(names) {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if RUNS_NEXT.contains(&word.plain.as_str()) {
            is_program = true;
            continue;
        }
        if !is_program || (word.assigns().is_some()) {
            continue;
        }
        if let Some(value) = carriers.carried(word) {
            let is_option = around.is_some() && carriers.before(word).starts_with('-');
            if is_option || operands > 0 {
                operands -= usize::from(!is_option);
                continue;
            }
            let advice = "write the program out; `when:` and steps of their own choose between several";
            return Err(refused(&value, "where it would choose the program that runs", advice));
        }
        if let Some(wrapper) = wrapper(name) {
            (around, operands) = (Some(wrapper), wrapper.operands);
        } else if let Some(wrapper) = around.filter(|_| word.plain.starts_with(['-', '+'])) {
            is_value = wrapper.has_value(&word.plain);
        } else if operands > 0 {
            operands -= 1;
        } else {
            is_program = BEFORE.contains(name);
        }
    }
    Ok(())
}

/// Whether nothing that holds a value is read by a program that runs what it reads. `written` are commands that hold one and may be read.
fn fed(written: &[(usize, String)], at: usize, words: &[Word], carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let plain: Vec<&Word> = words.iter().filter(|word| !word.redirects).collect();
    let runs = |at: usize| {
        let (name, behind) = (base(&plain[at].plain), &plain[at + 1..]);
        language(name).is_some_and(|known| known.reads(behind))
            || evaluator(name).is_some_and(|known| known.reads(name, behind))
    };
    let all: Vec<&str> = plain.iter().map(|word| base(&word.plain)).collect();
    let names = || all.iter().copied();
    let starts = Starts::of(&plain, &all);
    if starts.program.is_some_and(|at| ONLY_DATA.contains(&base(&plain[at].plain))) {
        return Ok(());
    }
    let filler = names().position(|name| FILLERS.contains(&name));
    let is_filled = filler.is_some_and(|filler| {
        let mut behind = names().skip(filler + 1).filter(|name| !name.starts_with('-'));
        let runs = |name: &str| language(name).is_some() || evaluator(name).is_some() || name.contains("{}");
        let is_bare = |name: &str| wrapper(name).is_some();
        let last = names().next_back().unwrap_or_default();
        is_bare(last) && filler + 1 < plain.len() || behind.any(runs)
    });
    if !is_filled && !(0..plain.len()).any(|at| starts.maybe(at) && runs(at)) {
        return Ok(());
    }
    let redirected = words.iter().filter(|word| word.redirects).find_map(|word| carriers.carried(word));
    let other = || written.iter().find(|(other, _)| *other != at).map(|(_, value)| value.clone());
    let read = redirected.or_else(other);
    let read = read.or_else(|| carriers.is_fed().then(|| "`stdin`, which holds a value from elsewhere,".to_owned()));
    match read {
        Some(value) => Err(refused(&value, "in a line with a program that runs what it reads", IN_STEPS)),
        None => Ok(()),
    }
}

/// A text of which it is not known where its quotes end: it may hold values, or programs that run their words, but not both.
fn check_unclear(text: &str, carriers: &Carriers<'_>) -> Result<(), CommandError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-./[".contains(c);
    let words = || text.split(|c| !is_name(c)).filter(|word| !word.is_empty());
    let name = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).find(|name| carriers.carries(name));
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
fn base(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or(word);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if bare.is_empty() { name } else { bare }
}
