//! Rows and records of runs: which column is which field.

use rusqlite::{Connection, Row};

use crate::model::{
    AgentId, FlowId, Millis, NewRun, Run, RunId, RunKind, RunOptions, RunState, SessionKey, SessionMode, TaskId,
    TaskLink, Trust,
};
use crate::store::StoreError;
use crate::store::flows::one;
use crate::store::rows::{optional_text, optional_time, text, time, word};

/// The columns of [`run`], in their order. A list shows the beginnings of texts: `short` runs are not to be worked on.
macro_rules! run_columns {
    () => {
        run_columns!("message", "reply")
    };
    (short) => {
        run_columns!("substr(message, 1, 200)", "substr(reply, 1, 200)")
    };
    ($message:literal, $reply:literal) => {
        concat!(
            "seq, run_id, agent_id, session_key, session_mode, kind, trust, origin, name, state, attempts, owner_key, flow_id, \
             task_id, callback_url, created_at, updated_at, started_at, ended_at, model, input_tokens, output_tokens, summary, \
             error, options, leased_until, cancel_at, ",
            $message,
            ", ",
            $reply
        )
    };
}

pub(super) use run_columns;

pub(super) fn run(row: &Row<'_>) -> Result<Run, StoreError> {
    let options = text(row, 24)?;
    let options: RunOptions =
        serde_json::from_str(options).map_err(|_| StoreError::unreadable("runs.options", options))?;
    let link = match (optional_text(row, 11)?, optional_text(row, 12)?, optional_text(row, 13)?) {
        (Some(owner), Some(flow), Some(task)) => {
            Some(TaskLink { owner: SessionKey::new(owner), flow: FlowId::new(flow), task: TaskId::new(task) })
        }
        _ => None,
    };
    let tokens = |at| Ok::<_, StoreError>(row.get::<_, Option<i64>>(at)?.map(i64::unsigned_abs));
    Ok(Run {
        seq: row.get(0)?,
        asked: NewRun {
            id: RunId::new(text(row, 1)?),
            agent: AgentId::new(text(row, 2)?),
            session: SessionKey::new(text(row, 3)?),
            mode: word(row, 4, SessionMode::parse)?,
            kind: word(row, 5, RunKind::parse)?,
            trust: word(row, 6, Trust::parse)?,
            origin: text(row, 7)?.into(),
            name: text(row, 8)?.into(),
            message: text(row, 27)?.into(),
            options,
            task: link,
            callback_url: optional_text(row, 14)?.map(Into::into),
        },
        state: word(row, 9, RunState::parse)?,
        attempts: row.get(10)?,
        summary: optional_text(row, 22)?.map(Into::into),
        reply: optional_text(row, 28)?.map(Into::into),
        error: optional_text(row, 23)?.map(Into::into),
        model: optional_text(row, 19)?.map(Into::into),
        usage: tokens(20)?.zip(tokens(21)?),
        leased_until: optional_time(row, 25)?,
        cancel_at: optional_time(row, 26)?,
        created_at: time(row, 15)?,
        updated_at: time(row, 16)?,
        started_at: optional_time(row, 17)?,
        ended_at: optional_time(row, 18)?,
    })
}

/// The run of this id.
pub(super) fn by_id(db: &Connection, id: &RunId) -> Result<Option<Run>, StoreError> {
    const SQL: &str = concat!("SELECT ", run_columns!(), " FROM runs WHERE run_id = ?1");
    one(db, SQL, [id.as_str()], run)
}

/// The run at this place, if it is under way and this is its lease.
pub(super) fn held(db: &Connection, seq: i64, lease: i64) -> Result<Option<Run>, StoreError> {
    const SQL: &str =
        concat!("SELECT ", run_columns!(), " FROM runs WHERE seq = ?1 AND lease = ?2 AND state = 'running'");
    one(db, SQL, (seq, lease), run)
}

/// All rows of a query.
pub(super) fn all(db: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<Vec<Run>, StoreError> {
    let mut select = db.prepare_cached(sql)?;
    let mut found = select.query(params)?;
    let mut runs = Vec::new();
    while let Some(row) = found.next()? {
        runs.push(run(row)?);
    }
    Ok(runs)
}

/// The time for a column.
pub(super) fn millis(at: Option<Millis>) -> Option<i64> {
    at.map(|at| at.0)
}
