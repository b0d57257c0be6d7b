//! What the words of a program with a language of its own are to it: a program, data, or an option.

use super::carriers::Carriers;
use super::programs::cluster;
use super::tongues::{LANGUAGES, Language};
use super::words::Word;

/// The language of a program.
pub(super) fn language(name: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.names.contains(&name))
}

/// What a word is to a program.
enum Kind {
    /// A program follows, in this word or behind it. `is_only` if it runs nothing else then, `is_last` if all behind it is data.
    Code { is_only: bool, is_last: bool },
    /// So many words of data follow.
    Values(usize),
    /// An option that says it all.
    Alone,
    /// A command in front of a program.
    Leading,
    /// No option.
    Operand,
}

/// Names of what a program reads.
pub(super) fn is_stdin(word: &str) -> bool {
    word == "-"
        || word == "/dev/stdin"
        || word.starts_with("/dev/fd/")
        || word.starts_with("/proc/") && word.contains("/fd/")
}

impl Language {
    /// Whether it runs what it reads when these are its words.
    pub fn reads(&self, behind: &[&Word]) -> bool {
        if self.always_reads {
            return true;
        }
        let (mut at, mut operands) = (0, 0);
        while let Some(word) = behind.get(at) {
            let (plain, next) = (word.plain.as_str(), behind.get(at + 1).map_or("", |next| next.plain.as_str()));
            at += 1;
            if self.reads
                && cluster(plain).is_some_and(|letters| letters.contains(|letter| self.reading.contains(letter)))
            {
                return true;
            }
            match self.kind(plain) {
                // `-f -`, `-f-`, `--file=-`.
                Kind::Code { .. }
                    if is_stdin(next) || plain.ends_with("f-") || plain.ends_with("=-") || plain.contains("/dev/") =>
                {
                    return true;
                }
                Kind::Code { is_only: true, .. } => return false,
                Kind::Code { .. } => at += usize::from(!plain.contains('=')),
                Kind::Operand if is_stdin(plain) => return self.reads,
                Kind::Operand if operands < self.data => operands += 1,
                Kind::Operand => return false,
                Kind::Values(count) => at += count,
                Kind::Alone | Kind::Leading => {}
            }
        }
        self.reads
    }

    /// The first of its words that carries a value and may be a program to it.
    pub fn may_run<'w>(&self, behind: &[&'w Word], carriers: &Carriers) -> Option<&'w Word> {
        let mut has_program = false;
        let (mut at, mut operands) = (0, 0);
        while let Some(word) = behind.get(at).copied() {
            let carries = carriers.carried(word).is_some();
            at += 1;
            if has_program && self.ends_with_its_program() {
                return None;
            }
            match self.kind(&word.plain) {
                Kind::Code { is_only, is_last } => {
                    let program = behind.get(at).copied();
                    if let Some(carrying) =
                        [Some(word), program].into_iter().flatten().find(|word| carriers.carried(word).is_some())
                    {
                        return Some(carrying);
                    }
                    if is_last {
                        return None;
                    }
                    has_program |= is_only;
                    at += usize::from(is_only || !word.plain.contains('='));
                }
                Kind::Values(_) if carries && !self.is_joined(carriers.before(word)) => return Some(word),
                Kind::Values(count) => at += count,
                Kind::Alone if carries && !self.is_joined(carriers.before(word)) => return Some(word),
                Kind::Alone | Kind::Leading => {}
                Kind::Operand if operands < self.data => operands += 1,
                Kind::Operand if carries && (self.every_word || !has_program) => return Some(word),
                Kind::Operand => has_program = true,
            }
        }
        None
    }

    /// Whether all behind its program is data to it.
    pub fn ends_with_its_program(&self) -> bool {
        !self.options_behind && !self.every_word
    }

    fn kind(&self, word: &str) -> Kind {
        let only = Kind::Code { is_only: true, is_last: false };
        let name = word.split('=').next().unwrap_or(word);
        if self.last.contains(&name) {
            return Kind::Code { is_only: true, is_last: true };
        }
        if self.side.contains(&name) {
            return Kind::Code { is_only: false, is_last: false };
        }
        if self.code_long.contains(&name) {
            return only;
        }
        let Some(letters) = word.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty()) else {
            return if self.leading.contains(&word) { Kind::Leading } else { Kind::Operand };
        };
        if letters == "-" {
            return Kind::Alone;
        }
        if let Some((_, count)) = self.values.iter().find(|(known, _)| *known == word) {
            return Kind::Values(*count);
        }
        // `-eo pipefail`, `-uapp`: what is behind a letter that takes a value is that value.
        for (at, letter) in self.letters(word).char_indices() {
            if self.code.contains(letter) {
                return only;
            }
            if self.side.contains(&format!("-{letter}").as_str()) {
                return Kind::Code { is_only: false, is_last: false };
            }
            let is_last = at + letter.len_utf8() == letters.len();
            let known =
                self.values.iter().find(|(known, _)| cluster(known) == Some(&letters[at..at + letter.len_utf8()]));
            if let Some((_, count)) = known {
                return if is_last { Kind::Values(*count) } else { Kind::Alone };
            }
        }
        Kind::Alone
    }

    /// The letters of an option. Where every other word is data, none may be taken for a word because there are many.
    fn letters<'w>(&self, word: &'w str) -> &'w str {
        let any = word.strip_prefix('-').filter(|letters| self.data == usize::MAX && !letters.starts_with('-'));
        any.or(cluster(word)).unwrap_or_default()
    }

    /// Whether what follows in the same word is data: `--arg=…`, `-v…`.
    fn is_joined(&self, before: &str) -> bool {
        self.values.iter().any(|(known, _)| before.starts_with(known) && before.len() >= known.len())
    }
}
