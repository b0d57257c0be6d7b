//! Leases that end without a run's end: their process died, or their client fell silent. What the run did so far nobody knows, so it is
//! begun again only if that was allowed; else it is lost. Either is told.

use rusqlite::Connection;

use super::follow::{TaskRules, follow};
use super::reading::{self, run_columns};
use super::{Resuming, complete, events};
use crate::model::{Millis, Run, RunEnd, RunState};
use crate::store::outbox::Stamp;
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

impl Store {
    /// At start: every lease that is no client's is a dead process's. At most some hundreds a call; returns how many are queued again and
    /// how many have ended, none at the end.
    pub async fn take_over_runs(&self, resuming: Resuming, rules: TaskRules) -> Result<(usize, usize), StoreError> {
        const SQL: &str =
            concat!("SELECT ", run_columns!(), " FROM runs WHERE state = 'running' AND leased_until IS NULL LIMIT ?1");
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let left = reading::all(db, SQL, [STEP])?;
                interrupt(db, &stamp, &left, &resuming, "the gateway ended while it was under way", rules)
            })
            .await
    }

    /// Takes back the leases of clients that ended before `now`; as [`take_over_runs`](Self::take_over_runs).
    pub async fn lapse_runs(&self, resuming: Resuming, rules: TaskRules) -> Result<(usize, usize), StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs WHERE state = 'running' AND leased_until <= ?1 ORDER BY leased_until LIMIT ?2"
        );
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let lapsed = reading::all(db, SQL, (stamp.clock.now().0, STEP))?;
                interrupt(db, &stamp, &lapsed, &resuming, "the client's lease ended while it was under way", rules)
            })
            .await
    }

    /// When the first lease of a client ends.
    pub fn next_lapse(&self) -> Result<Option<Millis>, StoreError> {
        const SQL: &str = "SELECT min(leased_until) FROM runs WHERE state = 'running' AND leased_until IS NOT NULL";
        self.0.readers.read(|db| {
            let first: Option<i64> = db.prepare_cached(SQL)?.query_row([], |row| row.get(0))?;
            Ok(first.map(Millis))
        })
    }
}

fn interrupt(
    db: &Connection,
    stamp: &Stamp,
    runs: &[Run],
    resuming: &Resuming,
    why: &str,
    rules: TaskRules,
) -> Result<(usize, usize), StoreError> {
    let mut again = 0;
    for run in runs {
        let may_resume = resuming.agents.contains(&run.asked.agent);
        let has_tries = run.attempts < resuming.attempts_max;
        if run.cancel_at.is_some() {
            let ending = RunEnd::without_reply(RunState::Cancelled, format!("cancelled on request; {why}"));
            complete::end(db, stamp, run, &ending, rules)?;
        } else if may_resume && has_tries {
            requeue(db, stamp, run, why, rules)?;
            again += 1;
        } else {
            let tries = if may_resume { format!(", for the {}. time", run.attempts) } else { String::new() };
            let what = "what it did until then is not known, and it is not begun again";
            complete::end(
                db,
                stamp,
                run,
                &RunEnd::without_reply(RunState::Lost, format!("{why}{tries}; {what}")),
                rules,
            )?;
        }
    }
    Ok((again, runs.len() - again))
}

/// It was the first of its session and is again.
fn requeue(db: &Connection, stamp: &Stamp, run: &Run, why: &str, rules: TaskRules) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE runs SET state = 'queued', turn = 1, lease = NULL, leased_until = NULL, updated_at = ?2 \
         WHERE seq = ?1";
    let now = stamp.clock.now();
    db.prepare_cached(SQL)?.execute((run.seq, now.0))?;
    events::error(db, stamp, &run.asked, &format!("{why}; it is begun again"))?;
    follow(db, stamp, run, |task| (rules.requeue)(task, now))?;
    stamp.news.runs_changed();
    Ok(())
}
