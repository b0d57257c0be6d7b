//! Which command of a line reads what another writes: each has a place in its pipeline, and in those around the groups, loops and `$(…)` it stands in.

/// The pipelines around a command from the outside in, each with how many `|` stand before it there.
pub(super) type Path = Vec<(usize, usize)>;

/// Groups in groups that are told apart. An author who needs more has written a program.
const GROUPS_MAX: usize = 32;
/// Words that begin a group, and those that end it.
const GROUPS: [(&str, &str); 7] = [
    ("{", "}"),
    ("if", "fi"),
    ("while", "done"),
    ("until", "done"),
    ("for", "done"),
    ("select", "done"),
    ("case", "esac"),
];

/// Where in the pipelines of a line the walk is.
pub(super) struct Flow {
    path: Path,
    /// What ends the groups that are open.
    open: Vec<&'static str>,
    pipelines: usize,
    /// Whether a `|` was the last that came.
    awaits: bool,
    /// Whether it is not told who reads what: everybody may read everything.
    pub is_loose: bool,
}

impl Default for Flow {
    fn default() -> Self {
        Self { path: vec![(0, 0)], open: Vec::new(), pipelines: 1, awaits: false, is_loose: false }
    }
}

impl Flow {
    pub fn here(&self) -> Path {
        self.path.clone()
    }

    /// `|`.
    pub fn pipe(&mut self) {
        if let Some(last) = self.path.last_mut() {
            last.1 += 1;
        }
        self.awaits = true;
    }

    /// What ends a pipeline; a line that ends behind `|` does not.
    pub fn separate(&mut self) {
        if !self.awaits {
            let pipeline = self.another();
            if let Some(last) = self.path.last_mut() {
                *last = (pipeline, 0);
            }
        }
    }

    /// A word where a command begins. Says whether a command can begin behind it too.
    pub fn word(&mut self, word: &str) -> bool {
        self.awaits = false;
        self.is_loose |= ["function", "coproc"].contains(&word);
        if let Some((_, end)) = GROUPS.iter().find(|(begin, _)| *begin == word) {
            self.begin(end);
            return !["for", "select", "case"].contains(&word);
        }
        self.end(word);
        super::rules::BEFORE.contains(&word)
    }

    /// `(`, or a word that begins a group.
    pub fn begin(&mut self, end: &'static str) {
        self.awaits = false;
        if self.open.len() == GROUPS_MAX {
            self.is_loose = true;
            return;
        }
        let pipeline = self.another();
        self.open.push(end);
        self.path.push((pipeline, 0));
    }

    /// `)`, or a word that may end a group.
    pub fn end(&mut self, end: &str) {
        if self.open.last() == Some(&end) {
            self.open.pop();
            self.path.pop();
        }
    }

    /// Makes room for the pipelines of a part of a word; says how the places in it are called here. What a command writes to `>(…)`
    /// is read as if behind a `|`.
    pub fn inside(&mut self, inner: &Self, is_behind: bool) -> impl Fn(&Path) -> Path + use<> {
        let mut around = self.path.clone();
        if let Some(last) = around.last_mut() {
            last.1 += usize::from(is_behind);
        }
        let from = self.pipelines;
        self.pipelines += inner.pipelines;
        self.is_loose |= inner.is_loose;
        move |path| around.iter().copied().chain(path.iter().map(|(pipeline, at)| (pipeline + from, *at))).collect()
    }

    fn another(&mut self) -> usize {
        self.pipelines += 1;
        self.pipelines - 1
    }
}

/// Whether a word ends a group.
pub(super) fn ends_group(word: &str) -> bool {
    GROUPS.iter().any(|(_, end)| *end == word)
}

/// Whether the one that reads stands behind the one that writes. What is fed to a group is read by all in it.
pub(super) fn feeds(writer: &Path, is_for_group: bool, reader: &Path) -> bool {
    for (writer, reader) in writer.iter().zip(reader) {
        if writer.0 != reader.0 {
            return false;
        }
        if writer.1 != reader.1 {
            return writer.1 < reader.1;
        }
    }
    is_for_group && writer.len() <= reader.len()
}
