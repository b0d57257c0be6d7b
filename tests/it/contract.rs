//! A released version of the contract never changes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Each released version and the SHA-256 of its text. Never edit a line of this table; add one.
const RELEASED: &[(&str, &str)] = &[("0.1.0", "ec9efd3314a051221770216c9d930b7a20efdfb3260b1b53541fe9dd4f927be4")];

/// The version that `wit/` itself holds.
const CURRENT: &str = "0.1.0";

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// All `.wit` files of a folder, those of its `deps` too, by name, as one text.
fn text_of(folder: &Path) -> String {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("released") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wit") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().fold(String::new(), |mut text, file| {
        let _ =
            write!(text, "// {}\n{}", file.strip_prefix(folder).unwrap().display(), fs::read_to_string(file).unwrap());
        text
    })
}

#[test]
fn the_text_of_a_released_version_never_changes() {
    for (version, expected) in RELEASED {
        let found = format!("{:x}", Sha256::digest(text_of(&wit().join("released").join(version))));
        assert_eq!(
            &found, expected,
            "wit/released/{version} was changed; undo that, and put the change into a new version"
        );
    }
}

#[test]
fn the_contract_in_use_is_the_released_one() {
    assert!(RELEASED.iter().any(|(version, _)| *version == CURRENT));
    let frozen = text_of(&wit().join("released").join(CURRENT));
    assert_eq!(
        text_of(&wit()),
        frozen,
        "wit/ differs from wit/released/{CURRENT}: a change belongs into a new version"
    );
}
