use super::{Next, Post, a, delivery, post};
use crate::model::{DeliveryState, JobId, Millis, NewDelivery};
use crate::store::Recovery;

fn since(at: i64) -> Recovery {
    Recovery {
        id: JobId::new("job_1"),
        endpoint: a(),
        since: Millis(at),
        until: 0,
        cursor: 0,
        revived: 0,
        created: 0,
        is_done: false,
        created_at: Millis(5),
    }
}

impl Post {
    /// The next step of a recovery of everything, `limit` events long.
    async fn step(&self, recovery: &Recovery, limit: u32) -> Recovery {
        let next = self.store.recoverable(recovery, limit).unwrap();
        let wanted: Vec<NewDelivery> = next.iter().map(|(event, _)| delivery(&event.id, event.seq)).collect();
        let cursor = next.last().map_or(recovery.until, |(event, _)| event.seq);
        self.store.recover_step(recovery, cursor, next.is_empty(), wanted, self.clock.now()).await.unwrap()
    }

    /// Five events: delivered, dead, on its way, and two that the endpoint did not get.
    async fn missed(&self) {
        self.send(&["e1", "e2", "e3"]).await;
        self.finish(Next::Delivered).await;
        self.finish(Next::Dead("gone".into())).await;
        self.hand_in(&["e4", "e5"]).await;
        let last = self.store.undispatched(9).unwrap().last().unwrap().seq;
        self.store.dispatch(last, Vec::new()).await.unwrap();
        self.hand_in(&["later"]).await;
    }
}

#[tokio::test]
async fn what_was_given_up_or_missed_is_delivered_and_nothing_else() {
    let post = post();
    post.missed().await;
    let recovery = post.store.start_recovery(since(0)).await.unwrap();
    assert_eq!((recovery.cursor, recovery.until), (0, 5));
    let states: Vec<_> = post.store.recoverable(&recovery, 9).unwrap().iter().map(|(_, state)| *state).collect();
    let (delivered, dead, due) = (DeliveryState::Delivered, DeliveryState::Dead, DeliveryState::Due);
    assert_eq!(states, [Some(delivered), Some(dead), Some(due), None, None]);
    let recovery = post.step(&recovery, 9).await;
    assert_eq!((recovery.revived, recovery.created, recovery.is_done), (1, 2, false));
    let recovery = post.step(&recovery, 9).await;
    assert!(recovery.is_done);
    assert_eq!(post.store.recoveries().unwrap(), [recovery]);
    assert_eq!(post.states(&["e1", "e2", "e3", "e4", "e5"]), [delivered, due, due, due, due]);
}

#[tokio::test]
async fn a_recovery_that_is_interrupted_goes_on_without_doubling() {
    let mut post = post();
    post.missed().await;
    let started = post.store.start_recovery(since(0)).await.unwrap();
    let second = post.step(&started, 2).await;
    post.restart().await;
    // The dead process may have sent a step that it never saw the end of.
    assert_eq!(post.step(&started, 2).await, second);
    let mut recovery = post.store.recoveries().unwrap().remove(0);
    assert_eq!(recovery, second);
    while !recovery.is_done {
        recovery = post.step(&recovery, 2).await;
    }
    assert_eq!((recovery.revived, recovery.created), (1, 2));
    assert_eq!(post.step(&recovery, 2).await, recovery, "what is done stays as it is");
    assert_eq!(post.count("deliveries"), 5);
}

#[tokio::test]
async fn a_recovery_begins_at_its_time() {
    let post = post();
    post.send(&["e1"]).await;
    post.clock.advance(1_000);
    post.send(&["e2"]).await;
    let recovery = post.store.start_recovery(since(1_001)).await.unwrap();
    assert_eq!((recovery.cursor, recovery.until), (1, 2));
    let late = Recovery { id: JobId::new("job_2"), ..since(9_000) };
    let late = post.store.start_recovery(late).await.unwrap();
    assert!(post.store.recoverable(&late, 9).unwrap().is_empty());
    let ids: Vec<_> = post.store.recoveries().unwrap().iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["job_2", "job_1"]);
}

#[tokio::test]
async fn a_step_over_an_event_that_was_forgotten_goes_on() {
    let post = post();
    post.hand_in(&["e1", "e2"]).await;
    post.store.dispatch(2, Vec::new()).await.unwrap();
    let recovery = post.store.start_recovery(since(0)).await.unwrap();
    let wanted: Vec<_> =
        post.store.recoverable(&recovery, 9).unwrap().iter().map(|(e, _)| delivery(&e.id, e.seq)).collect();
    post.store.forget_outbound(Millis(0), Millis(i64::MAX)).await.unwrap();
    let recovery = post.store.recover_step(&recovery, 2, true, wanted, post.clock.now()).await.unwrap();
    assert_eq!((recovery.created, recovery.is_done), (1, true));
    post.row("e2");
}
