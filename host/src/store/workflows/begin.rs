//! Beginning runs.

use rusqlite::{Connection, named_params};

use crate::model::{EventKind, Millis, NewWorkflowRun};
use crate::store::outbox::{self, Stamp};
use crate::store::{Once, Store, StoreError, Submitted, accepted, flows, rows};

impl Store {
    /// Stores a run with its flow, ready to be carried out, unless `open_max` runs are open already. `answer` is what a repeat under the same
    /// key is told: JSON.
    pub async fn begin_workflow(
        &self,
        run: NewWorkflowRun,
        once: Option<Once>,
        answer: String,
        open_max: u32,
    ) -> Result<Submitted, StoreError> {
        let (stamp, open) = (self.0.stamp.clone(), self.0.open_workflows.clone());
        let enter = move |db: &Connection, now| open.enter(db, open_max, now);
        self.0.writer.write(move |db| begin(db, &stamp, &run, once.as_ref(), &answer, &enter)).await
    }
}

fn begin(
    db: &Connection,
    stamp: &Stamp,
    run: &NewWorkflowRun,
    once: Option<&Once>,
    answer: &str,
    enter: &impl Fn(&Connection, Millis) -> Result<(), StoreError>,
) -> Result<Submitted, StoreError> {
    let now = stamp.clock.now();
    if let Some(once) = once {
        let submitted = accepted::once(db, once, answer, now)?;
        if submitted != Submitted::Stored {
            return Ok(submitted);
        }
    }
    enter(db, now)?;
    db.prepare_cached(
        "INSERT INTO workflow_definitions (digest, text) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING",
    )?
    .execute((run.definition.0, &run.text))?;
    rows::put_flow(db, flows::INSERT, &run.flow)?;
    outbox::note(db, stamp, EventKind::FlowCreated, &run.flow, None)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO workflow_runs (flow_id, owner_key, workflow, definition, state, due_at, created_at, input) \
         VALUES (:flow_id, :owner_key, :workflow, :definition, 'ready', :now, :now, :input)",
    )?;
    insert.execute(named_params! {
        ":flow_id": run.flow.id.as_str(),
        ":owner_key": run.flow.owner.as_str(),
        ":workflow": run.workflow,
        ":definition": run.definition.0,
        ":now": now.0,
        ":input": run.input,
    })?;
    Ok(Submitted::Stored)
}
