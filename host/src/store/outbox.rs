//! The outbox: what happened, written in the transaction in which it happened. Bringing it to receivers is somebody else's work,
//! who is told that there is some when the transaction is on the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, named_params};
use tokio::sync::{Notify, watch};

use super::{Store, StoreError};
use crate::clock::Clock;
use crate::model::{EventKind, Flow, Ids, NewEvent, Task};

/// Gives events their ids and times.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub clock: Clock,
    pub ids: Ids,
    pub news: Arc<News>,
}

/// Tells one waiter that events were committed, and any number of them that runs changed.
#[derive(Debug, Default)]
pub(super) struct News {
    stored: AtomicBool,
    told: Notify,
    has_runs: AtomicBool,
    runs: watch::Sender<u64>,
}

impl News {
    /// After a commit, by the thread that made it. One that failed may tell of nothing.
    pub fn committed(&self) {
        if self.stored.swap(false, Ordering::Relaxed) {
            self.told.notify_one();
        }
        if self.has_runs.swap(false, Ordering::Relaxed) {
            self.runs.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }

    /// In a transaction: a run changes.
    pub fn runs_changed(&self) {
        self.has_runs.store(true, Ordering::Relaxed);
    }

    /// Counts commits in which runs changed.
    pub fn runs(&self) -> watch::Receiver<u64> {
        self.runs.subscribe()
    }
}

impl Store {
    /// Returns when an event was committed by this process since the last call returned. One waiter at a time.
    pub async fn news(&self) {
        self.0.stamp.news.told.notified().await;
    }
}

/// Notes that `kind` happened to `flow`, and to `task` if it is about one. What receivers will see names no owner.
pub(super) fn note(
    db: &Connection,
    stamp: &Stamp,
    kind: EventKind,
    flow: &Flow,
    task: Option<&Task>,
) -> Result<(), StoreError> {
    let mut data = String::from("{\"flow\":");
    flow.write_view(&mut data);
    if let Some(task) = task {
        data.push_str(",\"task\":");
        task.write_view(&mut data);
    }
    data.push('}');
    let event = NewEvent::new(stamp.ids.event(), kind.as_str(), data);
    let event = NewEvent { session: Some(flow.owner.clone()), ..event };
    put(db, stamp, &event)?;
    Ok(())
}

/// Stores an event. False if there is one of its id already.
pub(super) fn put(db: &Connection, stamp: &Stamp, event: &NewEvent) -> Result<bool, StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO events (event_id, type, timestamp, instance_id, session_key, created_at, data) \
         VALUES (:event_id, :type, :timestamp, :instance_id, :session_key, :created_at, :data) ON CONFLICT (event_id) DO NOTHING",
    )?;
    let inserted = insert.execute(named_params! {
        ":event_id": event.id.as_str(),
        ":type": event.kind,
        ":timestamp": event.timestamp,
        ":instance_id": event.instance,
        ":session_key": event.session.as_ref().map(|session| session.as_str()),
        ":created_at": stamp.clock.now().0,
        ":data": event.data,
    })?;
    stamp.news.stored.store(true, Ordering::Relaxed);
    Ok(inserted > 0)
}
