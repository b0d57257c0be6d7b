//! Reading, right on the thread that asks: a point read takes 2-3 microseconds, a trip to another thread ten times that.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;

use super::{StoreError, connect};

/// More readers than processors only wait for each other; more than four do not pay for their memory.
const READERS_MAX: usize = 4;

/// A few read-only connections, tried without waiting.
pub(super) struct Readers {
    connections: Vec<Mutex<Option<Connection>>>,
    next: AtomicUsize,
}

impl Readers {
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let connections = (0..processors.clamp(1, READERS_MAX))
            .map(|_| connect::reader(path).map(|db| Mutex::new(Some(db))))
            .collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    /// Runs `look` on a connection that is free, or on the next to become so.
    pub fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let connection = self.free();
        look(connection.as_ref().ok_or(StoreError::Closed)?)
    }

    /// As [`read`](Self::read), with everything seen as of one moment.
    pub fn read_at_once<T>(&self, look: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.read(|db| {
            let moment = db.unchecked_transaction()?;
            let seen = look(&moment);
            moment.finish()?;
            seen
        })
    }

    /// Closes all connections, each as soon as it is free. Later reads are refused.
    pub fn close(&self) {
        for connection in &self.connections {
            connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn free(&self) -> MutexGuard<'_, Option<Connection>> {
        let count = self.connections.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for at in 0..count {
            match self.connections[(first + at) % count].try_lock() {
                Ok(free) => return free,
                // A read that panicked left no change behind: the connection is as good as before.
                Err(TryLockError::Poisoned(free)) => return free.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.connections[first % count].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
