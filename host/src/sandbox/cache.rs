//! Compiled components on disk, so that a start with known components compiles nothing.
//!
//! A file here is native code that the process will run, so it must be the process's own: the folder is made for the owner alone, a folder that others
//! may write to is refused, and each file is read back only if its SHA-256 stands beside it. Nothing is ever loaded from the plugins folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::SandboxError;
use super::compile::digest_of;
use crate::model::Digest;

/// The folder of compiled components.
#[derive(Clone, Debug)]
pub struct CompileCache {
    dir: Arc<Dir>,
    /// Only for wasmtime, which maps files by their path.
    folder: PathBuf,
}

impl CompileCache {
    /// Opens the folder, making it if need be. Refuses one that someone else owns or may write to.
    pub fn open(folder: &Path) -> Result<Self, SandboxError> {
        let refuse = |reason: String| SandboxError::File { file: folder.display().to_string(), reason };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| refuse(format!("the compile cache cannot be made: {cause}")))?;
        let meta = fs::symlink_metadata(folder)
            .map_err(|cause| refuse(format!("the compile cache cannot be read: {cause}")))?;
        if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse("the compile cache must be a folder of the user that runs sandclaw".into()));
        }
        if meta.permissions().mode() & 0o022 != 0 {
            return Err(refuse(
                "others may write to the compile cache, which holds native code; run: chmod 700 on it".into(),
            ));
        }
        let dir = Dir::open_ambient_dir(folder, ambient_authority())
            .map_err(|cause| refuse(format!("the compile cache cannot be opened: {cause}")))?;
        Ok(Self { dir: Arc::new(dir), folder: folder.to_owned() })
    }

    /// The compiled form of the component with this digest, if a good one is there.
    pub(super) fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let (code, sum) = names(engine, digest);
        let bytes = self.dir.read(&code).ok()?;
        let expected = self.dir.read_to_string(&sum).ok()?;
        if digest_of(&bytes).to_string() != expected.trim() {
            tracing::warn!(file = code, "a compiled component does not match its checksum; it will be compiled again");
            return None;
        }
        drop(bytes);
        #[expect(
            unsafe_code,
            reason = "wasmtime's loader trusts its file: only this process writes to the folder, and the checksum was just compared"
        )]
        // SAFETY: the file was made by `Component::serialize` with an engine of these very settings (their hash is in its name), and what it holds has not
        // changed since (checked above).
        let component = unsafe { Component::deserialize_file(engine, self.folder.join(&code)) };
        component
            .inspect_err(|cause| tracing::warn!(file = code, "a compiled component cannot be used: {cause:#}"))
            .ok()
    }

    /// Keeps the compiled form. A failure costs time at the next start and nothing else, so it is only logged.
    pub(super) fn keep(&self, engine: &Engine, digest: Digest, compiled: &[u8]) {
        let (code, sum) = names(engine, digest);
        let checksum = digest_of(compiled).to_string();
        let written = self.write_whole(&code, compiled).and_then(|()| self.write_whole(&sum, checksum.as_bytes()));
        if let Err(cause) = written {
            tracing::warn!(file = code, "a compiled component could not be kept: {cause}");
        }
    }

    /// Writes beside, syncs, renames: after a power cut the file is whole or absent.
    fn write_whole(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let part = format!("{name}.part");
        let mut file = self.dir.create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        self.dir.rename(&part, &self.dir, name)
    }
}

/// Code and checksum, named after the component, the wasmtime version and the engine's settings: any other combination finds nothing.
fn names(engine: &Engine, digest: Digest) -> (String, String) {
    use std::hash::{Hash, Hasher};
    let mut settings = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    let name = format!("{}-{:016x}", digest.to_string().trim_start_matches("sha256:"), settings.finish());
    (format!("{name}.cwasm"), format!("{name}.sha256"))
}
