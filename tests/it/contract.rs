//! A released version of the contract never changes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Each released version (its folder in `wit/released`) and the SHA-256 of its text. Never edit a line of this table; add one.
const RELEASED: &[(&str, &str)] = &[
    ("0.1.0", "ec9efd3314a051221770216c9d930b7a20efdfb3260b1b53541fe9dd4f927be4"),
    ("hooks-0.1.0", "c70aa469a516bf727066d3a910a086c064ee3e6e20588befec16da05ce245f3c"),
];

/// The packages: the folder that each is developed in, below `wit/`, and the released version that it holds.
const CURRENT: &[(&str, &str)] = &[("", "0.1.0"), ("hooks", "hooks-0.1.0")];

fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

/// All `.wit` files of a package's folder, those of its `deps` too, by name, as one text.
fn text_of(folder: &Path) -> String {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            let is_of_another = path.is_dir() && (path == wit().join("released") || path == wit().join("hooks"));
            if path.is_dir() && !is_of_another {
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
    for (package, version) in CURRENT {
        assert!(RELEASED.iter().any(|(released, _)| released == version));
        assert_eq!(
            text_of(&wit().join(package)),
            text_of(&wit().join("released").join(version)),
            "wit/{package} differs from wit/released/{version}: a change belongs into a new version"
        );
    }
}

#[test]
fn what_the_packages_share_is_one_text() {
    let read = |file: &str| fs::read_to_string(wit().join(file)).unwrap();
    assert_eq!(read("hooks/deps/plugin/types.wit"), read("types.wit"));
    assert_eq!(read("hooks/deps/logging/logging.wit"), read("deps/logging/logging.wit"));
}
