//! The components that `build.rs` has built.

use std::path::Path;

/// The bytes of a guest of `tests/guests`.
///
/// # Panics
/// If there is none of that name.
pub fn guest(name: &str) -> Vec<u8> {
    read(&[env!("GUESTS_WASM"), env!("GUESTS_WAT")], name)
}

/// The bytes of a plugin of `plugins/`, by its crate name with underscores.
///
/// # Panics
/// If there is none of that name.
pub fn plugin(name: &str) -> Vec<u8> {
    read(&[env!("PLUGINS_WASM")], name)
}

fn read(folders: &[&str], name: &str) -> Vec<u8> {
    let files = folders.iter().map(|folder| Path::new(folder).join(format!("{name}.wasm")));
    files
        .into_iter()
        .find_map(|file| std::fs::read(file).ok())
        .unwrap_or_else(|| panic!("no component {name}.wasm was built"))
}
