//! Runs of workflows over a real file: who is next, how many may be open, and what is seen of those under way.

use super::super::{Once, Recording, Store, StoreError, Submitted};
use super::{flow, folder};
use crate::clock::Clock;
use crate::model::{Digest, Flow, FlowId, Millis, NewWorkflowRun};

fn run(workflow: &str) -> NewWorkflowRun {
    NewWorkflowRun {
        flow: flow(),
        workflow: workflow.to_owned(),
        definition: Digest([1; 32]),
        text: "{}".to_owned(),
        input: "{}".to_owned(),
    }
}

async fn begin(store: &Store, workflow: &str) -> FlowId {
    let run = run(workflow);
    let flow = run.flow.id.clone();
    assert_eq!(store.begin_workflow(run, None, String::new(), 1_000).await.unwrap(), Submitted::Stored);
    flow
}

#[tokio::test]
async fn every_workflow_that_has_runs_due_gets_its_turn() {
    let (dir, clock) = (folder(), Clock::test(Millis(1_000)));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    assert!(store.claim_workflows(4, 8, clock.now()).await.unwrap().is_empty());
    for workflow in ["b", "b", "b", "a", "c", "b"] {
        begin(&store, workflow).await;
    }
    // One that is due later is nobody's turn yet, and hides nothing behind it in the order of names.
    begin(&store, "aa").await;
    let later = store.claim_workflows(4, 1, clock.now()).await.unwrap();
    let names = |runs: &[crate::model::ClaimedWorkflow]| {
        let mut names: Vec<String> = runs.iter().map(|run| run.workflow.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&later), ["a", "aa", "b", "c"]);
    assert!(store.claim_workflows(4, 1, clock.now()).await.unwrap().is_empty(), "each has as many as it may");
    let parked = later.iter().find(|run| &*run.workflow == "aa").unwrap();
    let until = Millis(clock.now().0 + 5);
    let parking = store.park_workflow(&parked.owner, &parked.flow, parked.lease, until, Vec::new(), |_: &Flow| None);
    assert_eq!(parking.await.unwrap(), Recording::Written);
    assert_eq!(names(&store.claim_workflows(9, 3, clock.now()).await.unwrap()), ["b", "b"]);
    clock.advance(5);
    assert_eq!(names(&store.claim_workflows(9, 9, clock.now()).await.unwrap()), ["aa", "b"]);
    assert_eq!(store.open_workflow_runs().unwrap(), 7);
}

#[tokio::test]
async fn no_more_are_open_than_may_be_and_a_key_that_was_refused_is_free() {
    let (dir, clock) = (folder(), Clock::test(Millis(1_000)));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let once = |key: &str| Some(Once::new("door\n", key, "{}").unwrap());
    let begin = async |key: &str| store.begin_workflow(run("a"), once(key), format!("\"{key}\""), 2).await;
    assert_eq!(begin("1").await.unwrap(), Submitted::Stored);
    assert_eq!(begin("2").await.unwrap(), Submitted::Stored);
    for _ in 0..2 {
        assert!(matches!(begin("3").await, Err(StoreError::TooManyOpen(2))));
    }
    assert_eq!(begin("1").await.unwrap(), Submitted::Repeated("\"1\"".to_owned()));
    let claimed = store.claim_workflows(1, 1, clock.now()).await.unwrap().remove(0);
    assert!(matches!(begin("3").await, Err(StoreError::TooManyOpen(2))), "one that is under way is open too");
    end(&store, &claimed.flow).await;
    assert!(matches!(begin("3").await, Err(StoreError::TooManyOpen(2))), "not counted again so soon");
    clock.advance(1_000);
    assert_eq!(begin("3").await.unwrap(), Submitted::Stored);
    assert!(matches!(begin("4").await, Err(StoreError::TooManyOpen(2))));
}

/// As somebody does who has nothing to do with the run.
async fn end(store: &Store, flow: &FlowId) {
    use crate::model::{EventKind, FlowStatus};
    use crate::store::Decision;
    let ending = Store::change_flow(&super::owner(), flow.as_str(), |flow| {
        let ended = Flow {
            status: FlowStatus::Succeeded,
            revision: flow.revision + 1,
            ended_at: Some(Millis(1_000)),
            ..flow.clone()
        };
        Decision::<()>::Write(ended, EventKind::FlowFinished)
    });
    store.act(ending).await.unwrap();
}

#[tokio::test]
async fn a_run_whose_flow_has_ended_is_under_way_no_more() {
    let (dir, clock) = (folder(), Clock::test(Millis(1_000)));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let (one, two) = (begin(&store, "a").await, begin(&store, "a").await);
    assert!(store.workflows_under_way().unwrap().is_empty());
    let claimed = store.claim_workflows(2, 2, clock.now()).await.unwrap();
    let known = store.workflows_under_way().unwrap();
    for run in &claimed {
        assert_eq!((known[&run.flow].lease, known[&run.flow].is_to_end), (run.lease, false));
    }
    end(&store, &one).await;
    let known = store.workflows_under_way().unwrap();
    assert!(!known.contains_key(&one) && known.contains_key(&two));
}
