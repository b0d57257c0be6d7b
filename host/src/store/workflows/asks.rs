//! Questions to people: looked at, and answered once.

use rusqlite::{Connection, Row};

use super::record::{move_flow, put_step};
use crate::model::{Answer, Ask, AskKind, AskState, EventKind, Flow, FlowId, Millis, SessionKey, StepRow, StepState};
use crate::store::flows::one;
use crate::store::rows::{optional_text, optional_time, text, time, word};
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

/// The columns of [`ask`], in their order, with these for the prompt and the preview.
macro_rules! ask_columns {
    ($prompt:literal, $preview:literal) => {
        concat!(
            "a.approval_id, a.flow_id, r.owner_key, a.path, a.kind, a.workflow, a.state, ",
            $prompt,
            ", length(a.prompt), ",
            $preview,
            ", coalesce(length(a.preview), 0), a.approvers, a.approvers_of, a.initiated_by, a.not_by, a.schema, a.response, \
             a.created_at, a.expires_at, a.decided_at, a.decided_by \
             FROM approvals a JOIN workflow_runs r ON r.flow_id = a.flow_id"
        )
    };
    () => {
        ask_columns!("a.prompt", "a.preview")
    };
    // A list is of beginnings: all of a thousand questions would be hundreds of megabytes.
    (beginnings) => {
        ask_columns!("substr(a.prompt, 1, 2000)", "substr(a.preview, 1, 2000)")
    };
}

/// Questions that one answer lists.
const LISTED_MAX: u32 = 1_000;

/// How answering went.
#[derive(Clone, Debug)]
pub enum AskAnswered {
    /// The run goes on with it, or ends by it. Durable.
    Done,
    /// Somebody has answered, its time is over, or the run has ended: this is the question as it stands.
    TooLate(Box<Ask>),
    /// There is no such question.
    Missing,
}

impl Store {
    /// The question of this id.
    pub fn ask(&self, id: &str) -> Result<Option<Ask>, StoreError> {
        const SQL: &str = concat!("SELECT ", ask_columns!(), " WHERE a.approval_id = ?1");
        self.0.readers.read(|db| one(db, SQL, [id], ask))
    }

    /// Questions, the oldest first: those that are open, or the last ones of all. Each with the first 2 000 characters of its prompt and preview.
    pub fn asks(&self, only_open: bool) -> Result<Vec<Ask>, StoreError> {
        const OPEN: &str =
            concat!("SELECT ", ask_columns!(beginnings), " WHERE a.state = 'open' ORDER BY a.seq LIMIT ?1");
        const ALL: &str = concat!("SELECT ", ask_columns!(beginnings), " ORDER BY a.seq DESC LIMIT ?1");
        let sql = if only_open { OPEN } else { ALL };
        self.0.readers.read(|db| db.prepare_cached(sql)?.query_and_then([LISTED_MAX], ask)?.collect())
    }

    /// Open questions whose time is over, those first whose time was over first; one step of them. Beginnings, too.
    pub fn overdue_asks(&self, now: Millis) -> Result<Vec<Ask>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            ask_columns!(beginnings),
            " WHERE a.state = 'open' AND a.expires_at <= ?1 ORDER BY a.expires_at LIMIT ?2"
        );
        self.0.readers.read(|db| db.prepare_cached(SQL)?.query_and_then((now.0, STEP), ask)?.collect())
    }

    /// Answers a question, if it is open: the answer, the step's `result` and what becomes of the flow, in one transaction. The run is ready
    /// then, unless its flow has ended by this. `decide` may be asked twice.
    pub async fn answer<D>(
        &self,
        id: &str,
        answer: Answer,
        result: String,
        mut decide: D,
    ) -> Result<AskAnswered, StoreError>
    where
        D: FnMut(&Flow) -> Option<(Flow, EventKind)> + Send + 'static,
    {
        let (stamp, id) = (self.0.stamp.clone(), id.to_owned());
        self.0
            .writer
            .write(move |db| {
                const SQL: &str = concat!("SELECT ", ask_columns!(), " WHERE a.approval_id = ?1");
                let Some(ask) = one(db, SQL, [&id], ask)? else { return Ok(AskAnswered::Missing) };
                let now = stamp.clock.now();
                if ask.state != AskState::Open || (now >= ask.expires_at) != (answer.state == AskState::Expired) {
                    return Ok(AskAnswered::TooLate(Box::new(ask)));
                }
                write(db, &ask, &answer, &result, now)?;
                move_flow(db, &stamp, (&ask.owner, &ask.flow), &mut decide)?;
                Ok(AskAnswered::Done)
            })
            .await
    }
}

fn write(db: &Connection, ask: &Ask, answer: &Answer, result: &str, now: Millis) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE approvals SET state = ?2, decided_at = ?3, decided_by = ?4, response = ?5 WHERE approval_id = ?1",
    )?
    .execute((&ask.id, answer.state.as_str(), now.0, &answer.by, &answer.response))?;
    let known = one(
        db,
        "SELECT attempt, step_id FROM workflow_steps WHERE flow_id = ?1 AND path = ?2",
        (ask.flow.as_str(), &ask.path),
        |row| Ok((row.get(0)?, text(row, 1)?.to_owned())),
    )?;
    let (attempt, id) = known.unwrap_or_else(|| (1, String::new()));
    let step = StepRow {
        path: ask.path.clone(),
        id,
        attempt,
        state: StepState::Ended,
        is_safe: true,
        wake_at: None,
        result: Some(result.to_owned()),
    };
    put_step(db, &ask.flow, &step, now)?;
    // One that is carried out already (another branch of it goes on) sees the answer when it looks again.
    db.prepare_cached(
        "UPDATE workflow_runs SET state = 'ready', due_at = ?2 WHERE flow_id = ?1 AND state = 'waiting'",
    )?
    .execute((ask.flow.as_str(), now.0))?;
    Ok(())
}

fn ask(row: &Row<'_>) -> Result<Ask, StoreError> {
    let approvers = text(row, 11)?;
    let chars = |column: usize| Ok::<_, StoreError>(row.get::<_, i64>(column)?.unsigned_abs());
    Ok(Ask {
        id: text(row, 0)?.into(),
        flow: FlowId::new(text(row, 1)?),
        owner: SessionKey::new(text(row, 2)?),
        path: text(row, 3)?.into(),
        kind: word(row, 4, AskKind::parse)?,
        workflow: text(row, 5)?.into(),
        state: word(row, 6, AskState::parse)?,
        prompt: text(row, 7)?.into(),
        prompt_chars: chars(8)?,
        preview: optional_text(row, 9)?.map(Into::into),
        preview_chars: chars(10)?,
        approvers: serde_json::from_str(approvers)
            .map_err(|_| StoreError::unreadable("approvals.approvers", approvers))?,
        approvers_of: optional_text(row, 12)?.map(Into::into),
        initiated_by: optional_text(row, 13)?.map(Into::into),
        not_by: optional_text(row, 14)?.map(Into::into),
        schema: optional_text(row, 15)?.map(Into::into),
        response: optional_text(row, 16)?.map(Into::into),
        created_at: time(row, 17)?,
        expires_at: time(row, 18)?,
        decided_at: optional_time(row, 19)?,
        decided_by: optional_text(row, 20)?.map(Into::into),
    })
}
