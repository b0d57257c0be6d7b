//! Accepting the runs of one request, each once however often the request comes.

use rusqlite::Connection;

use super::Waiting;
use super::submit::put;
use crate::model::{NewRun, RunId};
use crate::store::outbox::Stamp;
use crate::store::{Once, Store, StoreError, Submitted, accepted};

/// One run of a batch.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The run.
    pub run: NewRun,
    /// The key that makes it one, and for how long, in milliseconds; at most as long as all keys are kept.
    pub once: Option<(Once, i64)>,
}

/// What became of one run of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The run: the new one, or the one that was accepted under its key before.
    pub run: RunId,
    /// The session of that run.
    pub session: String,
    /// Whether it was there before.
    pub is_repeated: bool,
}

impl Store {
    /// Stores those runs that are new, all or none; what became of each, in their order.
    pub async fn submit_batch(&self, batch: Vec<Submission>) -> Result<Vec<Accepted>, StoreError> {
        let (stamp, waiting) = (self.0.stamp.clone(), self.0.waiting.clone());
        self.0.writer.write(move |db| batch.iter().map(|one| submit(db, &stamp, &waiting, one)).collect()).await
    }
}

fn submit(db: &Connection, stamp: &Stamp, waiting: &Waiting, one: &Submission) -> Result<Accepted, StoreError> {
    let now = stamp.clock.now();
    let run = &one.run;
    if let Some((once, kept_ms)) = &one.once {
        let answer = serde_json::json!([run.id.as_str(), run.session.as_str()]).to_string();
        match accepted::once_within(db, once, &answer, now, *kept_ms)? {
            Submitted::Stored => {}
            Submitted::Repeated(answer) => {
                let (run, session): (String, String) =
                    serde_json::from_str(&answer).map_err(|_| StoreError::unreadable("accepted.answer", &answer))?;
                return Ok(Accepted { run: RunId::new(run), session, is_repeated: true });
            }
            // The key holds all of what is asked for, so that this can only be a key of another making.
            Submitted::OtherRequest => return Err(StoreError::Refused("an idempotency key is taken".into())),
        }
    }
    waiting.enter(db, run, now)?;
    put(db, stamp, run, now)?;
    Ok(Accepted { run: run.id.clone(), session: run.session.as_str().to_owned(), is_repeated: false })
}
