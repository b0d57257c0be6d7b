//! Where agent hooks and their components meet: the room of hooks says what is asked, the sandbox who answers.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::hooks::{self, Transforms};
use crate::json::JsonText;
use crate::limits::Admissions;
use crate::sandbox::{self, HookSlot};

/// The components of a door's mappings, by the places of these in its list.
pub(super) struct SlotTransforms {
    pub slots: HashMap<usize, (Arc<HookSlot>, JsonText)>,
    pub admissions: Admissions,
}

impl SlotTransforms {
    async fn ask(&self, mapping: usize, request: hooks::HookRequest) -> hooks::HookOutcome {
        let Some((slot, config)) = self.slots.get(&mapping) else {
            tracing::error!("hook mapping number {} has no component to ask", mapping + 1);
            return hooks::HookOutcome::Failed;
        };
        let admission = self.admissions.admit_hook(slot.budget()).await;
        let hooks::HookRequest { payload, headers, url, path, raw_body } = request;
        let request = sandbox::HookRequest { payload, headers, url, path, raw_body: raw_body.to_vec() };
        match slot.run(admission, request, config.as_str()).await.map(|ran| ran.outcome) {
            Ok(sandbox::HookOutcome::Unchanged) => hooks::HookOutcome::Unchanged,
            Ok(sandbox::HookOutcome::Skip) => hooks::HookOutcome::Skip,
            Ok(sandbox::HookOutcome::Override(members)) => hooks::HookOutcome::Override(members),
            // The sandbox has logged it.
            Ok(sandbox::HookOutcome::Failed(_)) => hooks::HookOutcome::Failed,
            Err(why) => {
                tracing::warn!("{} cannot be asked: {why:?}", slot.standing().user);
                hooks::HookOutcome::Failed
            }
        }
    }
}

impl Transforms for SlotTransforms {
    fn transform<'a>(
        &'a self,
        mapping: usize,
        request: hooks::HookRequest,
    ) -> Pin<Box<dyn Future<Output = hooks::HookOutcome> + Send + 'a>> {
        Box::pin(self.ask(mapping, request))
    }
}
