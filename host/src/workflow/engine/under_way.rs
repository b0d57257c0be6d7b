//! The runs that are carried out here. Whoever wants one to end says so in the store, and is found there: an operator who cancels it, and whoever
//! has ended its flow already.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::model::FlowId;
use crate::store::{Store, StoreError};

/// Runs that are carried out.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashMap<FlowId, Carried>>);

struct Carried {
    lease: i64,
    stop: CancellationToken,
    /// Whether its flow is to be cancelled, which the run itself then writes.
    is_to_end: bool,
}

impl UnderWay {
    pub fn enter(&self, flow: &FlowId, lease: i64, stop: CancellationToken) {
        self.runs().insert(flow.clone(), Carried { lease, stop, is_to_end: false });
    }

    /// Under this lease it is carried out no more; under a later one it may be.
    pub fn leave(&self, flow: &FlowId, lease: i64) {
        let mut runs = self.runs();
        if runs.get(flow).is_some_and(|carried| carried.lease == lease) {
            runs.remove(flow);
        }
    }

    /// Whether the flow of this run is to be cancelled.
    pub fn is_to_end(&self, flow: &FlowId) -> bool {
        self.runs().get(flow).is_some_and(|carried| carried.is_to_end)
    }

    /// Stops runs whose flow is to be cancelled, and those whose flow has ended or which somebody else carries out.
    pub fn stop_unwanted(&self, store: &Store) -> Result<(), StoreError> {
        // First ours, then the store's: one that is claimed in between would seem to be nobody's.
        let ours: Vec<(FlowId, i64)> =
            self.runs().iter().map(|(flow, carried)| (flow.clone(), carried.lease)).collect();
        if ours.is_empty() {
            return Ok(());
        }
        let known = store.workflows_under_way()?;
        let mut runs = self.runs();
        for (flow, lease) in ours {
            let Some(carried) = runs.get_mut(&flow).filter(|carried| carried.lease == lease) else { continue };
            match known.get(&flow).filter(|run| run.lease == lease) {
                Some(run) if !run.is_to_end => {}
                run => {
                    carried.is_to_end = run.is_some();
                    carried.stop.cancel();
                }
            }
        }
        Ok(())
    }

    /// Stops all of them; they go on later.
    pub fn stop_all(&self) {
        self.runs().values().for_each(|carried| carried.stop.cancel());
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<FlowId, Carried>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
