//! The store through its own door, on real files in a temporary folder.

mod accepted;
mod commits;
mod delivery;
mod events;
mod folders;
mod lists;
mod runs;
mod workflows;

use std::path::Path;

use tempfile::TempDir;

use super::{Changed, Decision, Store};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::model::{EventKind, Flow, FlowId, FlowStatus, Ids, Millis, NotifyPolicy, SessionKey, SyncMode};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(dir: &Path) -> Store {
    Store::open(dir, Clock::test(Millis(1_000))).unwrap()
}

fn owner() -> SessionKey {
    SessionKey::new("agent:main:main")
}

fn flow() -> Flow {
    Flow {
        id: Ids.flow(),
        owner: owner(),
        sync_mode: SyncMode::Managed,
        controller: Some(JsonText::string("webhooks/zapier")),
        current_step: None,
        blocked_task: None,
        blocked_summary: None,
        revision: 0,
        status: FlowStatus::Queued,
        notify: NotifyPolicy::DoneOnly,
        goal: JsonText::string("Review inbound queue"),
        state: None,
        wait: None,
        cancel_requested_at: None,
        created_at: Millis(1_000),
        updated_at: Millis(1_000),
        ended_at: None,
    }
}

fn named(id: &str) -> Flow {
    Flow { id: FlowId::new(id), ..flow() }
}

/// Moves a flow one revision up.
async fn bump(store: &Store, id: &str) -> Flow {
    let changed = store
        .act(Store::change_flow(&owner(), id, |flow| {
            let next = Flow { revision: flow.revision + 1, ..flow.clone() };
            Decision::<()>::Write(next, EventKind::FlowUpdated)
        }))
        .await
        .unwrap();
    match changed {
        Changed::Done(flow) => flow,
        other => panic!("{other:?}"),
    }
}
