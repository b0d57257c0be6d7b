//! Where a component comes from: the binary itself, or a file of the plugins folder.

use super::SandboxError;
use super::compile::digest_of;
use super::folder::PluginFolder;
use crate::model::Digest;

/// The component with the 13 TaskFlow actions, built with the host.
const TASKFLOW_ACTIONS: &[u8] = include_bytes!(env!("SANDCLAW_TASKFLOW_ACTIONS"));

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The component inside the binary that performs the 13 TaskFlow actions.
    BuiltIn,
    /// A file of the plugins folder, perhaps pinned to a digest (`sha256:…`).
    File {
        /// The plain file name.
        name: String,
        /// The digest it must have.
        digest: Option<Digest>,
    },
}

impl Source {
    /// The name in messages and lists.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn => "built-in taskflow-actions",
            Self::File { name, .. } => name,
        }
    }

    /// Whether this file of the plugins folder is it.
    pub fn is_file(&self, file: &str) -> bool {
        matches!(self, Self::File { name, .. } if name == file)
    }

    /// The component's bytes. A pinned file is compared before the compiler sees a byte of it.
    pub fn bytes(&self, folder: Option<&PluginFolder>) -> Result<Vec<u8>, SandboxError> {
        match (self, folder) {
            (Self::BuiltIn, _) => Ok(TASKFLOW_ACTIONS.to_vec()),
            (Self::File { name, digest }, Some(folder)) => {
                let bytes = folder.read(name)?;
                check_pin(name, *digest, &bytes)?;
                Ok(bytes)
            }
            (Self::File { name, .. }, None) => {
                Err(SandboxError::File { file: name.clone(), reason: "there is no plugins folder".into() })
            }
        }
    }
}

fn check_pin(file: &str, pin: Option<Digest>, bytes: &[u8]) -> Result<(), SandboxError> {
    let Some(pin) = pin else { return Ok(()) };
    let found = digest_of(bytes);
    if found == pin {
        return Ok(());
    }
    Err(SandboxError::File {
        file: file.to_owned(),
        reason: format!(
            "its digest is {found}, the config pins {pin}; put the pinned file back, or write the new digest if you trust it"
        ),
    })
}
