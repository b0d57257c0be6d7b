//! The folder that operators drop components into. Files are opened through a directory handle, by plain name, so nothing in a config or in the folder
//! can lead the host to a file elsewhere.

use std::io::Read;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::SandboxError;

/// The largest component that is read. CPython in a component is 18 MB; compiling something several times as large would take a minute of CPU.
const COMPONENT_MAX_BYTES: u64 = 64 << 20;

/// The plugins folder.
pub struct PluginFolder {
    dir: Dir,
    path: PathBuf,
}

impl PluginFolder {
    /// Opens the folder, making it if it is not there.
    pub fn open(path: &Path) -> Result<Self, SandboxError> {
        let failed = |cause: std::io::Error| SandboxError::File {
            file: path.display().to_string(),
            reason: format!("the plugins folder cannot be opened: {cause}"),
        };
        std::fs::create_dir_all(path).map_err(failed)?;
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the component files in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .dir
            .entries()
            .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
            .unwrap_or_default();
        names.retain(|name| is_component_name(name));
        names.sort();
        names
    }

    /// The bytes of one file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, SandboxError> {
        let failed = |reason: String| SandboxError::File { file: name.to_owned(), reason };
        if !is_component_name(name) {
            return Err(failed("not the plain name of a .wasm file".into()));
        }
        let file = self.dir.open(name).map_err(|cause| {
            failed(match cause.kind() {
                std::io::ErrorKind::NotFound => format!("not in the plugins folder {}", self.path.display()),
                _ => format!("cannot be opened: {cause}"),
            })
        })?;
        let meta = file.metadata().map_err(|cause| failed(format!("cannot be read: {cause}")))?;
        if !meta.is_file() {
            return Err(failed("not a file".into()));
        }
        let mut bytes = Vec::new();
        file.take(COMPONENT_MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|cause| failed(format!("cannot be read: {cause}")))?;
        if bytes.len() as u64 > COMPONENT_MAX_BYTES {
            return Err(failed(format!("larger than {} MiB, the most that is compiled", COMPONENT_MAX_BYTES >> 20)));
        }
        Ok(bytes)
    }
}

/// Editors and copy tools write under hidden or other names first; those are not looked at.
pub(super) fn is_component_name(name: &str) -> bool {
    name.ends_with(".wasm") && !name.starts_with('.') && !name.contains(['/', '\\'])
}
