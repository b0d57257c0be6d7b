//! The one thread that writes, and its group commit.
//!
//! Writes queue up while a commit waits for the disk; the next commit takes them all. No timer is involved: a lone write
//! is committed at once, and a busy store makes few, large commits. Within one, each write stands under its own savepoint,
//! so that one which fails leaves its neighbours alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::checkpoint::Checkpoints;
use super::outbox::News;

/// Writes in one commit. Larger ones gained nothing when measured, and make the first in line wait.
const BATCH_MAX: usize = 256;

/// A commit takes half of what waits, and so many in any case. If it took all, every caller would wait for the disk at the same time and
/// then, answered together, keep the disk waiting: with half of them, one half's guests run while the other half's writes are committed.
const BATCH_SMALL: usize = 32;

/// Writes waiting for a commit; whoever comes then waits for room. Four commits' worth.
const QUEUE_MAX: usize = 4 * BATCH_MAX;

/// Takes back what one write did; its savepoint stays.
const ROLLBACK_ONE: &str = "ROLLBACK TO one";

/// The way to the thread. It ends when this is dropped, after the writes that are queued.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    written: Arc<Written>,
}

/// What the thread has done since it started.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub commits: AtomicU64,
    pub writes: AtomicU64,
}

enum Message {
    Write(Box<dyn Write>),
    Close(oneshot::Sender<()>),
}

/// A write with the one who waits for it.
trait Write: Send {
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, ended: Result<(), StoreError>);
}

struct Job<T, F> {
    act: F,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Write for Job<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.made = Some((self.act)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, ended: Result<(), StoreError>) {
        let Self { made, reply, .. } = *self;
        // Nobody may be waiting any more; what was written stays written.
        let _ = reply.send(ended.and_then(|()| made.ok_or(StoreError::Closed)));
    }
}

impl Writer {
    /// Starts the thread. `checkpoints` is absent beside a server, which makes them itself.
    pub fn start(
        path: &Path,
        db: Connection,
        checkpoints: Option<Checkpoints>,
        news: Arc<News>,
    ) -> Result<Self, StoreError> {
        let (queue, incoming) = mpsc::channel(QUEUE_MAX);
        let written = Arc::<Written>::default();
        let mut desk = Desk { db, checkpoints, incoming, written: Arc::clone(&written), news };
        let thread = Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let closed = desk.work();
                drop(desk); // closes the database
                if let Some(closed) = closed {
                    let _ = closed.send(());
                }
            })
            .map_err(|why| StoreError::folder("start the writer thread of", path, &why))?;
        Ok(Self { queue: Some(queue), thread: Mutex::new(Some(thread)), written })
    }

    /// Runs `act` in a transaction and waits until that is on the disk. `act` may run twice; once it is queued it runs even
    /// if the caller stops waiting.
    pub async fn write<T, F>(&self, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Write(Box::new(Job { act, made: None, reply }))).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Commits what is queued, then ends the thread. Later writes are refused.
    pub async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.send(Message::Close(closed)).await.is_ok() {
            // An error means that the thread is gone already.
            let _ = wait.await;
        }
        self.join();
    }

    pub fn written(&self) -> &Written {
        &self.written
    }

    async fn send(&self, message: Message) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) => queue.send(message).await.map_err(|_| StoreError::Closed),
            None => Err(StoreError::Closed),
        }
    }

    fn join(&self) {
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It can only have panicked, and then everybody who waited was told that the store is closed.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        self.join();
    }
}

/// Undoes what the write that is running has done so far. Whatever it answers then, nothing of it is stored.
pub(super) fn undo(db: &Connection) -> Result<(), StoreError> {
    db.prepare_cached(ROLLBACK_ONE)?.execute([])?;
    Ok(())
}

fn batch_limit(waiting: usize) -> usize {
    waiting.div_ceil(2).clamp(BATCH_SMALL, BATCH_MAX)
}

/// The thread's own things.
struct Desk {
    db: Connection,
    checkpoints: Option<Checkpoints>,
    incoming: mpsc::Receiver<Message>,
    written: Arc<Written>,
    news: Arc<News>,
}

impl Desk {
    /// Works until the way here is gone, or until someone wants it closed: that one is returned.
    fn work(&mut self) -> Option<oneshot::Sender<()>> {
        let mut messages = Vec::with_capacity(BATCH_MAX);
        let mut closed = None;
        while closed.is_none() && self.incoming.blocking_recv_many(&mut messages, batch_limit(self.incoming.len())) > 0
        {
            let mut batch = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(write) => batch.push(write),
                    Message::Close(reply) => {
                        self.incoming.close();
                        closed = Some(reply);
                    }
                }
            }
            self.commit(batch);
            if let Some(checkpoints) = &mut self.checkpoints {
                checkpoints.tend(&self.db);
            }
        }
        // What came in after the wish to close is dropped with the queue, and its callers learn that the store is closed.
        closed
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Write>>) {
        if batch.is_empty() {
            return;
        }
        let (outcomes, ended) = match self.run(&mut batch) {
            Ok(outcomes) => (outcomes, self.statement("COMMIT")),
            Err(error) => (vec![Ok(()); batch.len()], Err(error)),
        };
        if !self.db.is_autocommit()
            && let Err(error) = self.statement("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
        self.news.committed();
        self.written.commits.fetch_add(1, Ordering::Relaxed);
        self.written.writes.fetch_add(batch.len() as u64, Ordering::Relaxed);
        for (write, outcome) in batch.into_iter().zip(outcomes) {
            write.answer(outcome.and_then(|()| ended.clone()));
        }
    }

    /// Runs all writes of a batch; an error is everybody's.
    fn run(&self, batch: &mut [Box<dyn Write>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        self.statement("BEGIN IMMEDIATE")?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for write in batch {
            self.statement("SAVEPOINT one")?;
            let outcome = catch_unwind(AssertUnwindSafe(|| write.run(&self.db)))
                .unwrap_or_else(|_| Err(StoreError::Refused("the write panicked".into())));
            if self.db.is_autocommit() {
                // SQLite gave the whole transaction up, as it does on a full disk: the neighbours' work is gone too.
                return Err(outcome.err().unwrap_or_else(|| StoreError::Refused("the transaction ended early".into())));
            }
            if outcome.is_err() {
                self.statement(ROLLBACK_ONE)?;
            }
            self.statement("RELEASE one")?;
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
