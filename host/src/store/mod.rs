//! Rows: one writer, many readers, the outbox. Promises that what it acknowledged is on the disk, that a change and its event
//! are one transaction, and that reads see every acknowledged write, whichever process made it. No rule about flows lives
//! here: the named operations take pure decisions and may ask for them twice. SQL stays in this room, and so another
//! database can stand beside SQLite behind the same names.

mod accepted;
mod checkpoint;
mod connect;
mod delivery;
mod error;
mod flows;
mod folder;
mod nonces;
mod once;
mod outbox;
pub mod patience;
mod readers;
mod rows;
mod runs;
mod schema;
mod sweep;
mod tasks;
#[cfg(test)]
mod tests;
mod workflows;
mod writer;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

pub use accepted::{BadKey, Once, Submitted};
pub use delivery::{
    Completion, DELIVERIES_LISTED_MAX, DeliveryQuery, DeliveryRow, EndpointCounts, HandedIn, Recovery, Retried, Room,
    StateNow,
};
pub use error::StoreError;
pub use flows::{Changed, Decision, FlowViews};
pub use nonces::{OnceSigned, Seen};
pub use once::{Answered, Call, Op};
pub use runs::{
    Accepted, ClientClaim, RUNS_LISTED_MAX, Resuming, RunCancelled, RunEnded, RunQuery, RunRoom, RunTold, Submission,
    TaskRules,
};
pub use sweep::Swept;
pub use tasks::{LISTED_MAX, Recorded, TaskDecision};
pub use workflows::{AskAnswered, Recording, WorkflowUnderWay};

use crate::clock::Clock;
use crate::model::Ids;
use checkpoint::Checkpoints;
use folder::FolderLock;
use outbox::{News, Stamp};
use readers::Readers;
use runs::Waiting;
use workflows::OpenRuns;
use writer::Writer;

/// The store of one state folder. Cheap to clone; the last clone to go finishes the writes in hand and closes the database.
///
/// Functions that are not `async` read, right on the calling thread, in microseconds. Those that are `async` write, and return
/// once the change is durable.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

/// The fields close in this order: SQLite tidies up when the last connection to go is one that may write.
struct Inner {
    readers: Readers,
    writer: Writer,
    lock: Mutex<Option<FolderLock>>,
    stamp: Stamp,
    waiting: Arc<Waiting>,
    open_workflows: Arc<OpenRuns>,
}

impl Store {
    /// Opens the store of `dir` for a server: makes the folder (0700) and the database (0600) if they are missing, migrates an older
    /// one, and holds the folder's lock until the store is closed. Blocks for some milliseconds.
    pub fn open(dir: &Path, clock: Clock) -> Result<Self, StoreError> {
        let path = folder::prepare(dir)?;
        let lock = folder::lock(dir)?;
        let mut db = connect::writer(&path)?;
        let found = schema::version(&db, &path)?;
        connect::make_durable(&db)?;
        schema::migrate(&mut db, found)?;
        let checkpoints = Checkpoints::start(&path, &mut db)?;
        let news = Arc::<News>::default();
        let writer = Writer::start(&path, db, Some(checkpoints), Arc::clone(&news))?;
        Self::assemble(&path, writer, Some(lock), Stamp { clock, ids: Ids, news })
    }

    /// Opens the store of `dir` beside a server that may be running, for the few reads and writes of a command: takes no lock,
    /// makes nothing, migrates nothing.
    pub fn open_beside(dir: &Path) -> Result<Self, StoreError> {
        let path = folder::database(dir);
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        let db = connect::writer(&path)?;
        schema::expect_current(&db, &path)?;
        connect::make_durable(&db)?;
        let news = Arc::<News>::default();
        let writer = Writer::start(&path, db, None, Arc::clone(&news))?;
        Self::assemble(&path, writer, None, Stamp { clock: Clock::system(), ids: Ids, news })
    }

    fn assemble(path: &Path, writer: Writer, lock: Option<FolderLock>, stamp: Stamp) -> Result<Self, StoreError> {
        let readers = Readers::open(path)?;
        let lock = Mutex::new(lock);
        let (waiting, open_workflows) = (Arc::default(), Arc::default());
        Ok(Self(Arc::new(Inner { readers, writer, lock, stamp, waiting, open_workflows })))
    }

    /// Finishes the writes that are queued, closes the database and gives the folder back. Later calls on any clone are refused
    /// with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.0.readers.close();
        self.0.writer.close().await;
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Commits and writes since the store was opened; their ratio tells how well commits are shared.
    pub fn commits_and_writes(&self) -> (u64, u64) {
        let written = self.0.writer.written();
        (written.commits.load(Ordering::Relaxed), written.writes.load(Ordering::Relaxed))
    }
}
