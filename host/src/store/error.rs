//! What can go wrong with the store, and what to do next.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

use crate::model::AgentId;

/// Why the store could not be opened, or could not do what was asked. Nothing was stored. Cloneable, because one failed commit
/// is the answer to everybody who waited for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another server holds the folder.
    #[error("the state folder {} is in use by process {pid}: stop that one, or give this one a folder of its own", dir.display())]
    InUse {
        /// The state folder.
        dir: PathBuf,
        /// The process id that the lock file names, or `unknown`.
        pid: String,
    },
    /// There is nothing to open beside a server.
    #[error("there is no database at {}: start the server once, or name the state folder that it uses", path.display())]
    Missing {
        /// Where the database was expected.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is an SQLite database of another program: move it away, or choose another state folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later release.
    #[error(
        "{} was written by a newer sandclaw (schema {found}, this one knows up to {known}): run that release or a later one, \
         or restore a backup from before the upgrade", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The latest schema version known here.
        known: u32,
    },
    /// The file was written by an earlier release, and only a server may migrate it.
    #[error("{} has schema {found} and {known} is needed: start the server once, it migrates the database", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The schema version needed.
        known: u32,
    },
    /// The state folder or a file in it cannot be used.
    #[error("cannot {doing} {}: {why}: check the owner, the permissions and the disk of the state folder", path.display())]
    Folder {
        /// What was tried, as `create`.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// No space left.
    #[error("the disk of the state folder is full: free some space; nothing needs to be restarted")]
    Full,
    /// No more runs can wait for an agent.
    #[error(
        "as many runs wait for the agent {0} as may: look whether something carries them out, and cancel what nobody needs"
    )]
    Crowded(AgentId),
    /// No more runs of workflows can be open.
    #[error(
        "as many runs of workflows are open as may ({0}): `sandclaw tasks flow list` shows them; answer or cancel what waits for nothing, or \
         raise workflows.maxOpenRuns"
    )]
    TooManyOpen(u32),
    /// The file is not what it should be.
    #[error("the database is damaged ({0}): stop the server, keep a copy of the state folder, and restore a backup")]
    Damaged(String),
    /// The system could not read or write.
    #[error("the database could not be read or written ({0}): check the disk and the permissions of the state folder")]
    Io(String),
    /// Another process held the database for too long.
    #[error("another process keeps the database locked: end what is open on it beside the server, then try again")]
    Busy,
    /// The store was closed.
    #[error("the store is closed: the server is stopping")]
    Closed,
    /// Anything else; not expected.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl StoreError {
    pub(super) fn folder(doing: &'static str, path: &Path, why: &std::io::Error) -> Self {
        Self::Folder { doing, path: path.to_owned(), why: why.to_string() }
    }

    /// A value that the schema allows and this release does not know.
    pub(super) fn unreadable(column: &str, value: &str) -> Self {
        Self::Damaged(format!("{column} is {value:?}"))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            Some(
                ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied,
            ) => Self::Io(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<FromSqlError> for StoreError {
    fn from(error: FromSqlError) -> Self {
        Self::Damaged(error.to_string())
    }
}
