//! Problems and warnings of a workflow file, of whoever finds them.

use super::super::problem::Problem;
use super::ConfigErrors;
use super::model::{Findings, Spot};

impl Findings {
    /// None so far.
    pub fn of(file: &str) -> Self {
        Self { file: file.to_owned(), problems: Vec::new(), warnings: Vec::new() }
    }

    /// Something that is wrong.
    pub fn problem(&mut self, at: &Spot, message: impl Into<String>) {
        let problem =
            Problem { file: self.file.clone(), line: Some(at.line), path: at.path.clone(), message: message.into() };
        // Two readers may stumble over one thing.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Something that is strange, and allowed.
    pub fn warn(&mut self, at: &Spot, message: &str) {
        self.warnings.push(format!("{}:{}: {}: {message}", self.file, at.line, at.path));
    }

    /// Whether nothing is wrong so far.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// The warnings, if nothing is wrong; otherwise everything that is.
    pub fn finish(self) -> Result<Vec<String>, ConfigErrors> {
        if self.problems.is_empty() { Ok(self.warnings) } else { Err(ConfigErrors::new(&self.file, self.problems)) }
    }
}
