//! Runs for people and for whoever waits for one.

use rusqlite::Connection;
use tokio::sync::watch;

use super::RunQuery;
use super::reading::{self, run_columns};
use crate::model::{AgentId, Run, RunId, RunState};
use crate::store::flows::one;
use crate::store::{Store, StoreError};

/// Most runs that one list has.
pub const RUNS_LISTED_MAX: u32 = 1_000;

impl Store {
    /// A run in full.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.0.readers.read(|db| reading::by_id(db, id))
    }

    /// Changes whenever a run of this process's did: was accepted, begun, is to be stopped, ended. Each holder is told of each change.
    pub fn runs_changed(&self) -> watch::Receiver<u64> {
        self.0.stamp.news.runs()
    }

    /// Runs that this process works on and is to stop.
    pub fn runs_to_stop(&self) -> Result<Vec<RunId>, StoreError> {
        const SQL: &str =
            "SELECT run_id FROM runs WHERE state = 'running' AND cancel_at IS NOT NULL AND leased_until IS NULL";
        self.0.readers.read(|db| {
            let mut select = db.prepare_cached(SQL)?;
            let found = select.query_map([], |row| row.get::<_, String>(0))?;
            Ok(found.map(|id| id.map(RunId::new)).collect::<Result<_, _>>()?)
        })
    }

    /// Agents that have runs, ended ones included.
    pub fn agents_with_runs(&self) -> Result<Vec<AgentId>, StoreError> {
        self.0.readers.read(agents)
    }

    /// Runs, the newest first, at most [`RUNS_LISTED_MAX`], of message and reply the first 200 characters.
    pub fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, StoreError> {
        const NEWEST: &str = concat!("SELECT ", run_columns!(short), " FROM runs ORDER BY seq DESC LIMIT ?1");
        const OF_STATE: &str = concat!(
            "SELECT ",
            run_columns!(short),
            " FROM runs WHERE agent_id = ?1 AND state = ?2 ORDER BY seq DESC LIMIT ?3"
        );
        let limit = query.recent.min(RUNS_LISTED_MAX);
        self.0.readers.read_at_once(|db| {
            if query.agent.is_none() && query.states.is_empty() {
                return reading::all(db, NEWEST, [limit]);
            }
            let agents = match &query.agent {
                Some(agent) => vec![agent.clone()],
                None => agents(db)?,
            };
            let states = if query.states.is_empty() { RunState::ALL } else { &query.states };
            let mut runs = Vec::new();
            for agent in &agents {
                for state in states {
                    runs.extend(reading::all(db, OF_STATE, (agent.as_str(), state.as_str(), limit))?);
                }
            }
            runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.seq));
            runs.truncate(limit as usize);
            Ok(runs)
        })
    }
}

/// Each found through the index, behind the one before it.
fn agents(db: &Connection) -> Result<Vec<AgentId>, StoreError> {
    const NEXT: &str = "SELECT agent_id FROM runs WHERE agent_id > ?1 ORDER BY agent_id LIMIT 1";
    let mut agents: Vec<AgentId> = Vec::new();
    let mut last = String::new();
    while let Some(next) = one(db, NEXT, [&last], |row| Ok(row.get::<_, String>(0)?))? {
        agents.push(AgentId::new(next.clone()));
        last = next;
    }
    Ok(agents)
}
