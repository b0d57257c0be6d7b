//! Taking runs to carry them out: whose turn it is, the longest waiting first, as far as there is room.

use rusqlite::{Connection, OptionalExtension};

use super::follow::{TaskRules, follow};
use super::reading::{self, millis, run_columns};
use super::{ClientClaim, RunRoom};
use crate::model::{AgentId, ClaimedRun, Millis, Run, SessionMode};
use crate::store::flows::one;
use crate::store::outbox::Stamp;
use crate::store::{Store, StoreError, rows};

impl Store {
    /// Whether an agent has a run that could be begun.
    pub fn has_turn(&self, agent: &AgentId) -> Result<bool, StoreError> {
        // The index is named because SQLite, left alone, takes one that holds all runs of the agent, ended ones too, and looks at each.
        const SQL: &str = "SELECT 1 FROM runs INDEXED BY runs_turn WHERE agent_id = ?1 AND turn = 1 LIMIT 1";
        self.0.readers.read(|db| Ok(one(db, SQL, [agent.as_str()], |_| Ok(()))?.is_some()))
    }

    /// Takes the leases of runs for this process: of each agent as many as it has room for, `total` of all. Earlier rooms go first.
    pub async fn claim_runs(
        &self,
        rooms: Vec<RunRoom>,
        total: u32,
        rules: TaskRules,
    ) -> Result<Vec<ClaimedRun>, StoreError> {
        const NEXT: &str =
            "SELECT seq FROM runs INDEXED BY runs_turn WHERE agent_id = ?1 AND turn = 1 ORDER BY seq LIMIT ?2";
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| {
                let mut claimed = Vec::new();
                let mut left = total;
                for room in &rooms {
                    let mut select = db.prepare_cached(NEXT)?;
                    let next = select.query_map((room.agent.as_str(), room.limit.min(left)), |row| row.get(0))?;
                    let next: Vec<i64> = next.collect::<Result<_, _>>()?;
                    for seq in next {
                        claimed.push(begin(db, &stamp, seq, None, rules)?);
                        left -= 1;
                    }
                }
                Ok(claimed)
            })
            .await
    }

    /// Takes the lease of one run for a client.
    pub async fn claim_run(&self, wish: ClientClaim, rules: TaskRules) -> Result<Option<ClaimedRun>, StoreError> {
        let stamp = self.0.stamp.clone();
        self.0
            .writer
            .write(move |db| match next_for(db, &wish)? {
                Some(seq) => begin(db, &stamp, seq, Some(wish.until), rules).map(Some),
                None => Ok(None),
            })
            .await
    }
}

/// The run that the client gets.
fn next_for(db: &Connection, wish: &ClientClaim) -> Result<Option<i64>, StoreError> {
    const UNDER_WAY: &str = "SELECT count(*) FROM runs WHERE agent_id = ?1 AND state = 'running'";
    const ANY: &str = "SELECT seq FROM runs INDEXED BY runs_turn WHERE agent_id = ?1 AND turn = 1 ORDER BY seq LIMIT 1";
    const OF_SESSION: &str = "SELECT seq FROM runs WHERE agent_id = ?1 AND session_key = ?2 AND turn = 1";
    let agent = wish.agent.as_str();
    let under_way: u32 = db.prepare_cached(UNDER_WAY)?.query_row([agent], |row| row.get(0))?;
    if under_way >= wish.at_once_max {
        return Ok(None);
    }
    if wish.sessions.is_empty() {
        return Ok(db.prepare_cached(ANY)?.query_row([agent], |row| row.get(0)).optional()?);
    }
    let mut first: Option<i64> = None;
    for session in &wish.sessions {
        let of_session: Option<i64> =
            db.prepare_cached(OF_SESSION)?.query_row((agent, session.as_str()), |row| row.get(0)).optional()?;
        first = [first, of_session].into_iter().flatten().min();
    }
    Ok(first)
}

/// Begins the run at this place, whose turn it is.
fn begin(
    db: &Connection,
    stamp: &Stamp,
    seq: i64,
    until: Option<Millis>,
    rules: TaskRules,
) -> Result<ClaimedRun, StoreError> {
    const SQL: &str = concat!(
        "UPDATE runs SET state = 'running', turn = 0, attempts = attempts + 1, lease = attempts + 1, leased_until = ?2, \
         started_at = ?3, updated_at = ?3, summary = NULL WHERE seq = ?1 RETURNING ",
        run_columns!()
    );
    let now = stamp.clock.now();
    let run = one(db, SQL, (seq, millis(until), now.0), reading::run)?;
    let run = run.ok_or_else(|| StoreError::Damaged(format!("run {seq} was there and is not")))?;
    follow(db, stamp, &run, |task| (rules.begin)(task, now))?;
    stamp.news.runs_changed();
    let runner_session = match run.asked.mode {
        SessionMode::Isolated => None,
        SessionMode::Persistent => runner_session(db, &run)?,
    };
    Ok(ClaimedRun { lease: i64::from(run.attempts), runner_session, run })
}

fn runner_session(db: &Connection, run: &Run) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT runner_session FROM agent_sessions WHERE agent_id = ?1 AND session_key = ?2";
    let session = (run.asked.agent.as_str(), run.asked.session.as_str());
    let found = one(db, SQL, session, |row| Ok(rows::optional_text(row, 0)?.map(str::to_owned)))?;
    Ok(found.flatten())
}
