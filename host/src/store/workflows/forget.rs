//! Forgetting: what a run was made of goes after its time; its flow stays.

use crate::model::Millis;
use crate::store::sweep::STEP;
use crate::store::{Store, StoreError};

impl Store {
    /// Deletes, in one small step, runs that ended before `before` with their steps and questions, and definitions that no run has. True if
    /// there is more.
    pub async fn forget_workflows(&self, before: Millis) -> Result<bool, StoreError> {
        const STEPS: &str = "DELETE FROM workflow_steps WHERE flow_id IN \
             (SELECT flow_id FROM workflow_runs WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
        const ASKS: &str = "DELETE FROM approvals WHERE flow_id IN \
             (SELECT flow_id FROM workflow_runs WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
        const RUNS: &str = "DELETE FROM workflow_runs WHERE seq IN \
             (SELECT seq FROM workflow_runs WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";
        const DEFINITIONS: &str = "DELETE FROM workflow_definitions WHERE NOT EXISTS \
             (SELECT 1 FROM workflow_runs WHERE definition = digest)";
        self.0
            .writer
            .write(move |db| {
                let span = (before.0, STEP);
                db.prepare_cached(STEPS)?.execute(span)?;
                db.prepare_cached(ASKS)?.execute(span)?;
                let runs = db.prepare_cached(RUNS)?.execute(span)?;
                if runs > 0 {
                    db.prepare_cached(DEFINITIONS)?.execute([])?;
                }
                Ok(runs == STEP as usize)
            })
            .await
    }
}
