//! Where a step stands in a run: the key of its row.

use std::fmt;

/// What the path of a question ends with that a step asks after its own body.
const APPROVAL: &str = ".approval";

/// Where a step stands in a run, for rows of the store: `3`, `3.branch.a`, `3.item.17.2`. Numbers of steps are from 1, of items from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepPath(String);

impl StepPath {
    /// A step of the workflow's own list, from 1.
    pub fn step(number: usize) -> Self {
        Self(number.to_string())
    }

    /// A branch of a `parallel`.
    pub fn branch(&self, id: &str) -> Self {
        Self(format!("{self}.branch.{id}"))
    }

    /// A step, from 1, for an item, from 0.
    pub fn item(&self, index: usize, number: usize) -> Self {
        Self(format!("{self}.item.{index}.{number}"))
    }

    /// A step, from 1, of the workflow that a step calls.
    pub fn called(&self, number: usize) -> Self {
        Self(format!("{self}.flow.{number}"))
    }

    /// The question that a step asks after its own body.
    pub fn approval(&self) -> Self {
        Self(format!("{self}{APPROVAL}"))
    }

    /// The pause of a `for_each` before a batch.
    pub fn pause(&self, batch: usize) -> Self {
        Self(format!("{self}.pause.{batch}"))
    }

    /// What stands inside a step when that is tried again: the rows of an earlier attempt are not those of a later one.
    pub fn attempt(&self, attempt: u32) -> Self {
        if attempt > 1 { Self(format!("{self}~{attempt}")) } else { self.clone() }
    }

    /// The steps around this one, the outermost first, each with the attempt of it that this one belongs to. What a step asks after its own body is
    /// not inside of it. Some of the paths are of no step: `3.branch`.
    pub fn around(&self) -> impl Iterator<Item = (&str, u32)> {
        let step = self.0.strip_suffix(APPROVAL).unwrap_or(&self.0);
        step.match_indices('.').map(|(end, _)| {
            let around = &step[..end];
            match around.rsplit_once('~') {
                Some((step, attempt)) if !attempt.contains('.') => (step, attempt.parse().unwrap_or(1)),
                _ => (around, 1),
            }
        })
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_knows_the_steps_around_it_and_their_attempts() {
        let around =
            |path: &StepPath| path.around().map(|(path, attempt)| (path.to_owned(), attempt)).collect::<Vec<_>>();
        let branch = StepPath::step(3).attempt(2).branch("a");
        assert_eq!(around(&branch), [("3".into(), 2), ("3~2.branch".into(), 1)]);
        let called = branch.called(1);
        assert!(around(&called).contains(&("3~2.branch.a".into(), 1)));
        assert_eq!(around(&called.approval()), around(&called));
        assert_eq!(around(&StepPath::step(3).approval()), []);
    }
}
