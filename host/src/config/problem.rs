//! What is wrong with a config file. Problems are collected, never thrown one by one: the operator sees all of them at
//! once, each with the place and what to do. A message may quote names, never a value that could be a secret.

use std::fmt;

/// Longest piece of the file that a message quotes, in characters: enough to recognise it, too little to flood a log.
const QUOTE_MAX_CHARS: usize = 80;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1, if the problem has one.
    pub line: Option<usize>,
    /// The dotted path of the value; empty for the file as a whole.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Everything that is wrong with a config file, by line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    file: String,
    problems: Vec<Problem>,
}

impl ConfigErrors {
    /// The problems of `file`.
    pub(super) fn new(file: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line);
        Self { file: file.to_owned(), problems }
    }

    /// One problem that makes looking for others pointless.
    pub(super) fn one(file: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        let problem = Problem { file: file.to_owned(), line, path: String::new(), message: message.into() };
        Self::new(file, vec![problem])
    }

    /// What is wrong with a file as a whole.
    pub fn of_file(file: &str, message: &str) -> Self {
        Self::one(file, None, message)
    }

    /// The problems, by line.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        match self.problems.len() {
            1 => write!(f, "1 problem in {}; nothing of it was used", self.file),
            count => write!(f, "{count} problems in {}; nothing of it was used", self.file),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// A piece of the file, made fit for a message: short, on one line, and unable to steer a terminal.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE_MAX_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTE_MAX_CHARS).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2J\nb"), "`a\\u{1b}[2J\\nb`");
        assert_eq!(quoted(&"é".repeat(81)), format!("`{}…`", "é".repeat(80)));
    }

    #[test]
    fn problems_are_printed_by_line_and_counted() {
        let problem = |line, path: &str, message: &str| Problem {
            file: "x.json5".to_owned(),
            line,
            path: path.to_owned(),
            message: message.to_owned(),
        };
        let errors = ConfigErrors::new("x.json5", vec![problem(Some(7), "a.b", "late"), problem(Some(2), "", "early")]);
        let printed = "x.json5:2: early\nx.json5:7: a.b: late\n2 problems in x.json5; nothing of it was used";
        assert_eq!(errors.to_string(), printed);
    }
}
