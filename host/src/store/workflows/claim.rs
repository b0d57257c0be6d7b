//! Taking runs to carry them out, and taking over what a dead process left.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use crate::model::{ClaimedWorkflow, FlowId, Millis, SessionKey, StepRow, StepState};
use crate::store::flows::one;
use crate::store::rows::{optional_text, optional_time, text, time, word};
use crate::store::{Store, StoreError};

impl Store {
    /// Takes runs that are due at `now`, at most `places`: always one of the workflow that has the fewest under way, and of that the one due
    /// longest, so that no workflow starves behind another. No workflow has more than `each_max` under way.
    pub async fn claim_workflows(
        &self,
        places: u32,
        each_max: u32,
        now: Millis,
    ) -> Result<Vec<ClaimedWorkflow>, StoreError> {
        self.0.writer.write(move |db| claim(db, places, each_max, now)).await
    }

    /// Makes the runs ready again that somebody carried out who is dead. Returns how many.
    pub async fn take_over_workflows(&self, now: Millis) -> Result<usize, StoreError> {
        const SQL: &str = "UPDATE workflow_runs SET state = 'ready', due_at = ?1 WHERE state = 'running'";
        self.0.writer.write(move |db| Ok(db.prepare_cached(SQL)?.execute([now.0])?)).await
    }
}

fn claim(db: &Connection, places: u32, each_max: u32, now: Millis) -> Result<Vec<ClaimedWorkflow>, StoreError> {
    let mut under_way = workflows_due(db, now)?;
    let mut claimed = Vec::new();
    for _ in 0..places {
        let fewest = under_way.iter().filter(|(_, count)| **count < each_max).min_by_key(|(_, count)| **count);
        let Some(workflow) = fewest.map(|(workflow, _)| workflow.clone()) else { break };
        match take(db, &workflow, now)? {
            Some(run) => {
                claimed.push(run);
                under_way.entry(workflow).and_modify(|count| *count += 1);
            }
            None => _ = under_way.remove(&workflow),
        }
    }
    Ok(claimed)
}

/// The workflows that have runs due, and how many runs of each are under way.
fn workflows_due(db: &Connection, now: Millis) -> Result<BTreeMap<String, u32>, StoreError> {
    // From one workflow to the next in the index: a seek for each, however many of its runs are due.
    const DUE: &str = "WITH RECURSIVE names (workflow) AS ( \
         SELECT min(workflow) FROM workflow_runs WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL \
         UNION ALL \
         SELECT (SELECT min(r.workflow) FROM workflow_runs r WHERE r.state IN ('ready', 'waiting') AND r.due_at IS NOT NULL \
         AND r.workflow > names.workflow) FROM names WHERE names.workflow IS NOT NULL) \
         SELECT workflow FROM names WHERE workflow IS NOT NULL AND EXISTS (SELECT 1 FROM workflow_runs r \
         WHERE r.state IN ('ready', 'waiting') AND r.due_at IS NOT NULL AND r.workflow = names.workflow AND r.due_at <= ?1)";
    const RUNNING: &str = "SELECT count(*) FROM workflow_runs WHERE state = 'running' AND workflow = ?1";
    let mut select = db.prepare_cached(DUE)?;
    let names: Vec<String> = select.query_map([now.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut count = db.prepare_cached(RUNNING)?;
    names
        .into_iter()
        .map(|name| {
            let running = count.query_row([&name], |row| row.get(0))?;
            Ok((name, running))
        })
        .collect()
}

fn take(db: &Connection, workflow: &str, now: Millis) -> Result<Option<ClaimedWorkflow>, StoreError> {
    const SQL: &str = "UPDATE workflow_runs SET state = 'running', due_at = NULL, lease = lease + 1, begun = begun + 1 \
         WHERE seq = (SELECT seq FROM workflow_runs WHERE state IN ('ready', 'waiting') AND due_at IS NOT NULL \
         AND workflow = ?1 AND due_at <= ?2 ORDER BY due_at, seq LIMIT 1) \
         RETURNING flow_id, owner_key, workflow, (SELECT text FROM workflow_definitions WHERE digest = definition), \
         input, created_at, lease, \
         (SELECT cancel_requested_at FROM flows WHERE flows.flow_id = workflow_runs.flow_id)";
    let Some(mut run) = one(db, SQL, (workflow, now.0), run)? else { return Ok(None) };
    run.steps = steps(db, &run.flow)?;
    Ok(Some(run))
}

fn run(row: &Row<'_>) -> Result<ClaimedWorkflow, StoreError> {
    Ok(ClaimedWorkflow {
        flow: FlowId::new(text(row, 0)?),
        owner: SessionKey::new(text(row, 1)?),
        workflow: text(row, 2)?.into(),
        text: text(row, 3)?.into(),
        input: text(row, 4)?.into(),
        created_at: time(row, 5)?,
        lease: row.get(6)?,
        is_to_end: optional_time(row, 7)?.is_some(),
        steps: Vec::new(),
    })
}

fn steps(db: &Connection, flow: &FlowId) -> Result<Vec<StepRow>, StoreError> {
    const SQL: &str =
        "SELECT path, attempt, state, is_safe, wake_at, result, step_id FROM workflow_steps WHERE flow_id = ?1";
    let mut select = db.prepare_cached(SQL)?;
    let mut found = select.query([flow.as_str()])?;
    let mut steps = Vec::new();
    while let Some(row) = found.next()? {
        steps.push(StepRow {
            path: text(row, 0)?.into(),
            id: text(row, 6)?.into(),
            attempt: row.get(1)?,
            state: word(row, 2, StepState::parse)?,
            is_safe: row.get(3)?,
            wake_at: optional_time(row, 4)?,
            result: optional_text(row, 5)?.map(Into::into),
        });
    }
    Ok(steps)
}
