//! What was looked at to know something of files, and how it was then: while all of it is the same, so is what is known.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files and folders, each as it was before it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked(Vec<(PathBuf, Option<Stamp>)>);

/// Enough to see that a file is another one. Its inode and the time of its last change of any kind are in it, because a copy may keep the size
/// and the time of what it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    place: (u64, u64),
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Looked {
    /// To be called before the file is read: what is written while it is read is then seen the next time.
    pub fn note(&mut self, path: &Path) {
        self.0.push((path.to_owned(), stamp(path)));
    }

    /// Whether all of it is as it was, what was not there included.
    pub fn is_unchanged(&self) -> bool {
        self.0.iter().all(|(path, then)| stamp(path) == *then)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let data = fs::metadata(path).ok()?;
    Some(Stamp {
        place: (data.dev(), data.ino()),
        size: data.len(),
        written: (data.mtime(), data.mtime_nsec()),
        changed: (data.ctime(), data.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_same_size_and_time_in_the_place_of_another_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (file, beside) = (folder.path().join("a"), folder.path().join("b"));
        let mut looked = Looked::default();
        looked.note(&file);
        assert!(looked.is_unchanged());
        fs::write(&file, "one").unwrap();
        assert!(!looked.is_unchanged(), "it was not there");
        let mut looked = Looked::default();
        looked.note(&file);
        fs::write(&beside, "two").unwrap();
        let then = fs::metadata(&file).unwrap().modified().unwrap();
        fs::File::options().write(true).open(&beside).unwrap().set_modified(then).unwrap();
        assert!(looked.is_unchanged());
        fs::rename(&beside, &file).unwrap();
        assert!(!looked.is_unchanged());
    }
}
