//! Changes that a request makes, once however often the request comes: each is noted with its answer, under the request's key, in its own
//! transaction. A request that comes again is carried out again, and its changes are answered from the notes. So it gets the answer of the
//! first even if the process died between the change and the answer.

use rusqlite::{Connection, OptionalExtension};

use super::flows::one;
use super::outbox::Stamp;
use super::{Once, Store, StoreError, accepted, rows};
use crate::model::{Digest, Millis};

/// A change that can be handed to [`Store::act`] or [`Store::act_once`]. May be carried out twice before it is committed once.
pub struct Op<T>(Box<Act<T>>);

type Act<T> = dyn FnMut(&Connection, &Stamp) -> Result<T, StoreError> + Send;

impl<T> Op<T> {
    pub(super) fn new(act: impl FnMut(&Connection, &Stamp) -> Result<T, StoreError> + Send + 'static) -> Self {
        Self(Box::new(act))
    }
}

/// One of the changes that a request makes.
#[derive(Clone, Debug)]
pub struct Call {
    /// The request.
    pub once: Once,
    /// The first of its notes that may be this call's: behind that of the call before it.
    pub from: i64,
    /// Of what is asked for.
    pub asked: Digest,
}

/// What became of a change that was to be made once.
#[derive(Debug)]
pub enum Answered<T> {
    /// It was carried out now. If it changed something, this is the number of its note.
    Now(T, Option<i64>),
    /// It was carried out before; this was the answer, and this the number of its note.
    Earlier(String, i64),
    /// The key belongs to another request. Nothing was done.
    OtherRequest,
}

impl Store {
    /// Carries out a change.
    pub async fn act<T: Send + 'static>(&self, mut op: Op<T>) -> Result<T, StoreError> {
        let stamp = self.0.stamp.clone();
        self.0.writer.write(move |db| (op.0)(db, &stamp)).await
    }

    /// Carries out a change of a request, unless that was done before. `answer` is what the request is told of it; nothing, if nothing
    /// was changed.
    pub async fn act_once<T: Send + 'static>(
        &self,
        mut op: Op<T>,
        call: Call,
        answer: impl Fn(&T) -> Option<String> + Send + 'static,
    ) -> Result<Answered<T>, StoreError> {
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let now = stamp.clock.now();
                accepted::forget(db, &call.once.key, now)?;
                if request_of(db, &call.once.key)?.is_some_and(|request| request != call.once.request) {
                    return Ok(Answered::OtherRequest);
                }
                if let Some((at, answer)) = earlier(db, &call)? {
                    return Ok(Answered::Earlier(answer, at));
                }
                let done = (op.0)(db, &stamp)?;
                let at = answer(&done).map(|answer| note(db, &call, &answer, now)).transpose()?;
                Ok(Answered::Now(done, at))
            })
            .await
    }

    /// The request that the key belongs to, if it is in use.
    pub fn request_under(&self, key: &str) -> Result<Option<Digest>, StoreError> {
        // One whose time is over may still be there until somebody sweeps or takes it.
        const SQL: &str = "SELECT request FROM accepted WHERE key = ?1 AND created_at >= ?2";
        let since = accepted::kept_since(self.0.stamp.clock.now());
        self.0.readers.read(|db| one(db, SQL, (key, since), |row| Ok(Digest(row.get(0)?))))
    }
}

fn request_of(db: &Connection, key: &str) -> Result<Option<Digest>, StoreError> {
    one(db, "SELECT request FROM accepted WHERE key = ?1", [key], |row| Ok(Digest(row.get(0)?)))
}

fn earlier(db: &Connection, call: &Call) -> Result<Option<(i64, String)>, StoreError> {
    const SQL: &str =
        "SELECT at, answer FROM accepted_calls WHERE key = ?1 AND at >= ?2 AND asked = ?3 ORDER BY at LIMIT 1";
    one(db, SQL, (&call.once.key, call.from, call.asked.0), |row| Ok((row.get(0)?, rows::text(row, 1)?.to_owned())))
}

/// Notes a change behind the ones that are there.
fn note(db: &Connection, call: &Call, answer: &str, now: Millis) -> Result<i64, StoreError> {
    const KEY: &str =
        "INSERT INTO accepted (key, request, created_at, answer) VALUES (?1, ?2, ?3, '') ON CONFLICT DO NOTHING";
    const LAST: &str = "SELECT max(at) FROM accepted_calls WHERE key = ?1";
    const NOTE: &str = "INSERT INTO accepted_calls (key, at, asked, answer) VALUES (?1, ?2, ?3, ?4)";
    let key = &call.once.key;
    db.prepare_cached(KEY)?.execute((key, call.once.request.0, now.0))?;
    let last = db.prepare_cached(LAST)?.query_row([key], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten();
    let at = last.map_or(0, |last| last + 1);
    db.prepare_cached(NOTE)?.execute((key, at, call.asked.0, answer))?;
    Ok(at)
}
