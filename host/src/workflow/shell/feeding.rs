//! What is read by programs that run what they read, or that `xargs` makes words of.

use super::CommandError;
use super::carriers::{Carriers, shown};
use super::flow::feeds;
use super::languages::language;
use super::programs::{FILLERS, evaluator};
use super::rules::{DEPTH_MAX, ONLY_DATA, Starts, base, check_command, is_shell};
use super::scan::{commands_of, refused};
use super::tongues::Language;
use super::words::{Command, Commands, Part, Reads, Used, Word};
use super::wrappers::has_value;

/// Print files, or databases, that their words name.
const PRINTERS: [&str; 11] =
    ["cat", "zcat", "gunzip", "gzip", "bzcat", "bunzip", "xzcat", "unxz", "zstdcat", "pg_dump", "mysqldump"];
const IN_STEPS: &str = "hand it over with `stdin:` to a step of its own, or write what is run into a file";
/// Commands in one line of which it is told who reads what.
const COMMANDS_MAX: usize = 1024;
/// `xargs` hands over many words; so many are looked at.
const WORDS_HANDED_OVER: usize = 4;

/// Whether nothing that holds a value is read by a program that runs what it reads.
pub(super) fn check(commands: &Commands, carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    let is_loose = commands.flow.is_loose || commands.ended.len() > COMMANDS_MAX;
    let holding = |(at, command)| Some((at, command, value(command, carriers)?));
    let holding = commands.ended.iter().enumerate().filter_map(holding);
    let writers: Vec<(usize, &Command, &Part)> = holding.take(if is_loose { 2 } else { usize::MAX }).collect();
    for (at, command) in commands.ended.iter().enumerate().filter(|(_, command)| may_read(command, depth)) {
        // A database takes what stands in a file that a value names, as `psql db < "$FILE"`.
        let names_files = !is_loose && is_for_files(command, depth);
        let is_text = |word: &&Word| word.reads == Reads::Text || word.reads == Reads::File && !names_files;
        let redirected = command.words.iter().filter(is_text).find_map(|word| carriers.value(word));
        let is_upstream = |(other, writer, _): &&(usize, &Command, &Part)| {
            *other != at
                && (is_loose || feeds(&writer.path, writer.is_for_group(), &command.path))
                && !(names_files && prints_file(writer))
        };
        let written = || writers.iter().find(is_upstream).map(|(.., value)| *value);
        let stdin = Part { at: 0, used: Used::Stdin, is_quoted: true };
        if let Some(value) = redirected.or_else(written).or_else(|| carriers.is_fed().then_some(&stdin)) {
            check_read(command, value, carriers, depth)?;
        }
    }
    Ok(())
}

/// Whether all in a command that runs what it reads are databases.
fn is_for_files(command: &Command, depth: usize) -> bool {
    let words = of_program(command);
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    filler(&names).is_none() && !runs(&words, &names, depth, &|known| known.data == 0)
}

/// Whether a command prints what stands in its files, and nothing of its words.
fn prints_file(command: &Command) -> bool {
    of_program(command).first().is_some_and(|word| PRINTERS.contains(&base(&word.plain)))
}

fn value<'w>(command: &'w Command, carriers: &Carriers<'_>) -> Option<&'w Part> {
    command.words.iter().find_map(|word| carriers.value(word))
}

/// Whether a command might do anything with what it reads but take it for data.
fn may_read(command: &Command, depth: usize) -> bool {
    let words = of_program(command);
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    filler(&names).is_some() || runs(&words, &names, depth, &|_| true)
}

/// Whether a command that reads a value does no harm.
fn check_read(command: &Command, value: &Part, carriers: &Carriers<'_>, depth: usize) -> Result<(), CommandError> {
    let words = of_program(command);
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    let filled = filler(&names).filter(|at| names[*at] == "xargs").map(|at| filled(&words, at, value));
    let is_harmless = match &filled {
        Some(filled) => filled.is_empty() || check_command(filled, carriers, depth).is_ok(),
        None => false,
    };
    if is_harmless && !runs(&words, &names, depth, &|_| true) {
        return Ok(());
    }
    Err(refused(&shown(value), "in a line with a program that runs what it reads", IN_STEPS))
}

fn of_program(command: &Command) -> Vec<&Word> {
    command.words.iter().filter(|word| !word.redirects).collect()
}

fn filler(names: &[&str]) -> Option<usize> {
    names.iter().position(|name| FILLERS.contains(name)).filter(|_| !is_only_data(names))
}

fn is_only_data(names: &[&str]) -> bool {
    names.iter().find(|name| !super::rules::BEFORE.contains(name)).is_some_and(|name| ONLY_DATA.contains(name))
}

/// Whether a command runs what it reads, in a language that counts. What `xargs` starts reads nothing.
fn runs(words: &[&Word], names: &[&str], depth: usize, counts: &dyn Fn(&Language) -> bool) -> bool {
    let end = names.iter().position(|name| *name == "xargs").unwrap_or(names.len());
    let starts = Starts::of(words, names);
    let reads = |at: usize| {
        language(names[at]).is_some_and(|known| counts(known) && known.reads(&words[at + 1..]))
            || evaluator(names[at]).is_some_and(|known| known.reads(names[at], &words[at + 1..]))
    };
    let is_given_line =
        names.iter().any(|name| is_shell(name) || evaluator(name).is_some_and(|known| known.is_remote()));
    !is_only_data(names)
        && ((0..end).any(|at| starts.maybe(at) && reads(at))
            || is_given_line && words[..end].iter().any(|word| runs_inside(&word.plain, depth, counts)))
}

/// Whether a command in a line that is written out does.
fn runs_inside(text: &str, depth: usize, counts: &dyn Fn(&Language) -> bool) -> bool {
    text.contains(char::is_whitespace)
        && depth < DEPTH_MAX
        && commands_of(text, depth + 1).ended.iter().any(|command| {
            let words = of_program(command);
            let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
            runs(&words, &names, depth + 1, counts)
        })
}

/// The command that `xargs` at this place starts, with a value wherever it puts what it reads.
fn filled(words: &[&Word], xargs: usize, value: &Part) -> Vec<Word> {
    let values = super::wrappers::wrapper("xargs").map_or("", |xargs| xargs.values);
    let mut placeholder = None;
    let mut at = xargs + 1;
    while let Some(option) = words.get(at).map(|word| word.plain.as_str()).filter(|option| option.starts_with('-')) {
        let next = words.get(at + 1).map_or("", |word| word.plain.as_str());
        // `-I{}`, `-0I {}`: what is behind the letter, or in the next word.
        let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-')).unwrap_or_default();
        let flags = letters.trim_start_matches(|letter: char| "0prtxo".contains(letter));
        if let Some(text) = flags.strip_prefix(['I', 'J']) {
            placeholder = Some(if text.is_empty() { next } else { text });
        } else if option == "--replace" || flags == "i" {
            placeholder = Some("{}");
        } else if let Some(text) = option.strip_prefix("--replace=").or(flags.strip_prefix('i')) {
            placeholder = Some(text);
        }
        at += 1 + usize::from(has_value(values, option));
    }
    let behind = words.get(at..).unwrap_or_default();
    match placeholder.filter(|text| !text.is_empty()) {
        _ if behind.is_empty() => Vec::new(),
        Some(text) => behind.iter().map(|word| word.with(text, value)).collect(),
        None => {
            let handed_over = std::iter::repeat_with(|| Word::holding(value)).take(WORDS_HANDED_OVER);
            behind.iter().map(|word| (*word).clone()).chain(handed_over).collect()
        }
    }
}
