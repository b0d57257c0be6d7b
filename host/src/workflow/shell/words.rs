//! What programs make of their words. Some run a word as a program or as a text of their own language, and no quoting of the shell's keeps a value
//! harmless there; so a reference cannot stand there at all.

use super::CommandError;
use super::scan::{TAKE_OUT, refused};
use crate::expr::{Piece, Text};

/// Shells: a word behind `-c` is a program to them, and so is what they read.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox"];
/// What takes its words together for a text of the shell's, here or elsewhere, or computes with them.
const EVALUATORS: [&str; 13] =
    ["eval", "ssh", "rsh", "source", "trap", "let", "declare", "typeset", "[[", "watch", "su", "alias", "crontab"];
/// Programs with a language of their own, in which a word is often a program.
const INTERPRETERS: [&str; 26] = [
    "awk",
    "gawk",
    "mawk",
    "sed",
    "perl",
    "python",
    "ruby",
    "node",
    "nodejs",
    "php",
    "lua",
    "osascript",
    "make",
    "pwsh",
    "powershell",
    "deno",
    "bun",
    "tclsh",
    "Rscript",
    "flock",
    "script",
    "runuser",
    "parallel",
    "psql",
    "mysql",
    "jq",
];
/// What runs the word that follows.
const WRAPPERS: [&str; 14] = [
    "sudo", "doas", "env", "exec", "nohup", "command", "builtin", "nice", "time", "setsid", "xargs", "timeout",
    "stdbuf", "chroot",
];
/// What puts what it reads into the words of another program.
const FILLERS: [&str; 2] = ["xargs", "parallel"];
/// Words of the shell before a command.
const BEFORE: [&str; 9] = ["if", "then", "else", "elif", "do", "while", "until", "!", "{"];
/// To these a hyphen in front of a value does no harm.
const NO_OPTIONS: [&str; 7] = ["case", "for", "echo", "printf", "[", "test", "in"];
/// Variables that decide which programs run, and what runs in them.
const DECIDING: [&str; 14] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "PS4",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "NODE_OPTIONS",
    "PERL5OPT",
    "RUBYOPT",
    "GIT_SSH_COMMAND",
    "GIT_SSH",
    "EDITOR",
];

/// A word as it was written, without its quotes.
#[derive(Default)]
pub(super) struct Word {
    /// What is not a reference.
    plain: String,
    pub references: Vec<String>,
    /// Whether it is where something is read from or written to.
    redirects: bool,
}

/// The commands of a line, as far as they have been read.
#[derive(Default)]
pub(super) struct Commands {
    ended: Vec<Vec<Word>>,
    words: Vec<Word>,
    current: Option<Word>,
    redirects: bool,
}

impl Commands {
    pub fn word(&mut self) -> &mut Word {
        let redirects = std::mem::take(&mut self.redirects);
        self.current.get_or_insert_with(|| Word { redirects, ..Word::default() })
    }

    pub fn in_word(&mut self) {
        self.word();
    }

    pub fn is_in_word(&self) -> bool {
        self.current.is_some()
    }

    pub fn push(&mut self, c: char) {
        self.word().plain.push(c);
    }

    /// A part whose value nobody knows.
    pub fn opaque(&mut self) {
        self.word().plain.push('\u{fffd}');
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

    /// Whether a value that came now would be taken for an option if it started with a hyphen.
    pub fn begins_option(&self) -> bool {
        let at_start = match &self.current {
            Some(word) => word.plain.is_empty() && !word.redirects,
            None => !self.redirects,
        };
        let first = self.words.iter().find(|word| !BEFORE.contains(&word.plain.as_str()));
        let takes_options = first.is_none_or(|word| !NO_OPTIONS.contains(&word.plain.as_str()));
        let behind_dashes = self.words.iter().any(|word| word.plain == "--" && word.references.is_empty());
        at_start && takes_options && !behind_dashes
    }

    /// Whether no reference stands where its value could run.
    pub fn check(&self) -> Result<(), CommandError> {
        self.ended.iter().try_for_each(|words| check(words))?;
        let any = self.ended.iter().flatten().find_map(|word| word.references.first());
        let reads_a_program = |words: &Vec<Word>| {
            let words: Vec<&Word> = words.iter().filter(|word| !word.redirects).collect();
            let runs = |name: &str| SHELLS.contains(&name) || INTERPRETERS.contains(&name);
            let Some(at) = words.iter().position(|word| runs(base(&word.plain))) else { return false };
            let is_filled_in = words[..at].iter().any(|word| FILLERS.contains(&base(&word.plain)));
            is_filled_in || words[at + 1..].iter().all(|word| word.plain.starts_with('-'))
        };
        match any {
            Some(reference) if self.ended.iter().any(reads_a_program) => {
                let place = "in a line with a program that runs what it reads";
                Err(refused(reference, place, TAKE_OUT))
            }
            _ => Ok(()),
        }
    }
}

/// Words of a list that is a command; no shell will see them.
pub(super) fn check_argv(words: &[Text]) -> Result<(), CommandError> {
    let word = |text: &Text| Word {
        plain: text.pieces().iter().map(|piece| if let Piece::Plain(plain) = piece { plain } else { "" }).collect(),
        references: text.references().map(|reference| format!("${{{}}}", reference.as_str())).collect(),
        redirects: false,
    };
    let words: Vec<Word> = words.iter().map(word).collect();
    // A word behind the text of a program is data to it: `sh -c 'echo "$1"' sh ${x}`.
    let is_shell = words.first().is_some_and(|word| SHELLS.contains(&base(&word.plain)));
    let option = words.iter().position(|word| is_code_option(&word.plain));
    match option {
        Some(at) if is_shell && words.get(at + 1).is_some_and(|word| word.references.is_empty()) => check(&words[..at]),
        _ => check(&words),
    }
}

fn check(words: &[Word]) -> Result<(), CommandError> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.redirects).collect();
    let Some(reference) = words.iter().find_map(|word| word.references.first()) else { return Ok(()) };
    let names: Vec<&str> = words.iter().map(|word| base(&word.plain)).collect();
    // `.` is a command only in front; elsewhere it is a folder.
    let sourced = names.first().filter(|name| **name == ".");
    if let Some(name) = sourced.or_else(|| names.iter().find(|name| EVALUATORS.contains(name))) {
        return Err(refused(reference, &format!("in a command of `{name}`, which may run its words"), TAKE_OUT));
    }
    if let Some(at) = names.iter().position(|name| SHELLS.contains(name))
        && words[at + 1..].iter().any(|word| is_code_option(&word.plain))
    {
        return Err(refused(reference, &format!("in a command of `{} -c`, which runs its words", names[at]), TAKE_OUT));
    }
    if let Some(at) = names.iter().position(|name| INTERPRETERS.contains(name)) {
        let glued = |word: &&&Word| !word.references.is_empty() && !word.plain.is_empty() && assigned(word).is_none();
        let after_code = words[at + 1..].windows(2).find(|pair| is_code_option(&pair[0].plain)).map(|pair| pair[1]);
        let code = after_code.filter(|word| !word.references.is_empty());
        if let Some(word) = code.or_else(|| words[at + 1..].iter().find(glued).copied()) {
            let reference = word.references.first().unwrap_or(reference);
            return Err(refused(reference, &format!("in a text that `{}` may run", names[at]), TAKE_OUT));
        }
    }
    check_program(&words)
}

/// Whether no reference chooses the program, alone or behind what runs the word that follows.
fn check_program(words: &[&Word]) -> Result<(), CommandError> {
    let mut is_program = true;
    for word in words {
        let name = base(&word.plain);
        if let Some((variable, reference)) = assigned(word) {
            if is_program && is_deciding(variable) {
                return Err(refused(
                    reference,
                    &format!("in {variable}, which decides what runs"),
                    "write its value out",
                ));
            }
            continue;
        }
        if let (true, Some(reference)) = (is_program, word.references.first()) {
            let advice = "write the program out; `when:` and steps of their own choose between several";
            return Err(refused(reference, "where it would choose the program that runs", advice));
        }
        let is_option = word.plain.starts_with('-') || (is_program && word.plain.contains('='));
        let runs_next = WRAPPERS.contains(&name) || SHELLS.contains(&name) || INTERPRETERS.contains(&name);
        let is_number = word.plain.starts_with(|c: char| c.is_ascii_digit());
        is_program = runs_next || BEFORE.contains(&name) || (is_program && (is_option || is_number));
    }
    Ok(())
}

/// `-c`, `-ec`, `-e`: what follows is a program.
fn is_code_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| {
        !flags.is_empty() && !flags.starts_with('-') && flags.len() <= 4 && flags.contains(['c', 'e', 'r'])
    }) || word == "--eval"
}

/// The name and the first reference of `NAME=…`.
fn assigned(word: &Word) -> Option<(&str, &String)> {
    let (name, _) = word.plain.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    word.references.first().filter(|_| is_name).map(|reference| (name, reference))
}

/// Whether a variable decides what runs.
pub(in super::super) fn is_deciding(variable: &str) -> bool {
    DECIDING.contains(&variable) || variable.starts_with("LD_") || variable.starts_with("DYLD_")
}

/// The name of a program without its folder and its version: `/usr/bin/python3.12` is `python`.
fn base(word: &str) -> &str {
    let name = word.rsplit('/').next().unwrap_or(word);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if bare.is_empty() { name } else { bare }
}
