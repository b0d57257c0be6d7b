//! Copying the write-ahead log into the database, off the commit path.
//!
//! ```text
//! writer        commit commit commit ──wake──> commit commit │ tail │ commit (the log starts over)
//! checkpointer                          └── copies the bulk ─┘ due
//! ```
//!
//! A thread of its own copies the bulk while commits go on; what they add meanwhile is short, and the writer copies it
//! between two batches, because only a log that is copied to its end can start over.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;

use super::{StoreError, connect};

/// Pages in the log (4 KiB each) that make a checkpoint worth its two fsyncs. Readers look pages up in the log, so a long one costs them too.
const PAGES: u32 = 1000;

/// The writer's side.
pub(super) struct Checkpoints {
    /// Pages in the log after the last commit.
    pages: Arc<AtomicU32>,
    /// The thread was woken, and its tail is not copied yet.
    asked: bool,
    tail_due: Arc<AtomicBool>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Watches the commits of `writer` and starts the thread.
    pub fn start(path: &Path, writer: &mut Connection) -> Result<Self, StoreError> {
        let pages = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut _, count: std::ffi::c_int| {
            seen.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;

        let db = connect::checkpointer(path)?;
        let tail_due = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&tail_due);
        let (wake, woken) = sync_channel(1);
        let thread = Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || {
                while woken.recv().is_ok() {
                    checkpoint(&db);
                    done.store(true, Ordering::Release);
                }
            })
            .map_err(|why| StoreError::folder("start the checkpoint thread of", path, &why))?;
        Ok(Self { pages, asked: false, tail_due, wake: Some(wake), thread: Some(thread) })
    }

    /// Between two batches: copies the tail, or wakes the thread when the log has grown.
    pub fn tend(&mut self, writer: &Connection) {
        if self.tail_due.swap(false, Ordering::Acquire) {
            checkpoint(writer);
            self.asked = false;
        } else if !self.asked && self.pages.load(Ordering::Relaxed) >= PAGES {
            self.asked = self.wake.as_ref().is_some_and(|wake| wake.try_send(()).is_ok());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, and then it is gone as wanted.
            let _ = thread.join();
        }
    }
}

/// Copies what can be copied without waiting for anybody. A failure leaves the log as it is: nothing is lost, and the next
/// checkpoint tries again.
fn checkpoint(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log could not be copied into the database; it grows until that works");
    }
}
