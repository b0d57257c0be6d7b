use super::{Next, a, attempt, post, retry};
use crate::model::{AttemptOutcome, DeliveryState, EndpointName, EndpointState, Millis};

#[tokio::test]
async fn a_lease_that_is_given_back_leaves_no_trace() {
    let post = post();
    post.send(&["e1", "e2"]).await;
    post.clock.advance(7);
    let claimed = post.claim_one().await;
    let foreign = (claimed.seq, claimed.lease + 1);
    post.store.give_back(vec![foreign, (99, 1)]).await.unwrap();
    assert_eq!(post.row("e1").state, DeliveryState::Leased);
    post.store.give_back(vec![(claimed.seq, claimed.lease)]).await.unwrap();
    assert_eq!((post.row("e1").attempts, post.row("e1").due_at), (0, Some(Millis(0))));
    let again = post.claim_one().await;
    assert_eq!((again.id.as_str(), again.attempt, again.tries, again.excused), ("e1", 1, 1, 0));
}

#[tokio::test]
async fn the_leases_of_a_dead_process_are_due_again_with_an_unknown_attempt() {
    let mut post = post();
    post.send(&["e1", "e2"]).await;
    let dead = post.claim_one().await;
    post.clock.advance(50);
    post.restart().await;
    assert_eq!(post.store.take_over_leases(3, post.clock.now()).await.unwrap(), 1);
    assert_eq!(post.store.take_over_leases(3, post.clock.now()).await.unwrap(), 0);
    assert_eq!((post.row("e1").state, post.row("e1").due_at), (DeliveryState::Due, Some(Millis(1_050))));
    let attempts = post.attempts("e1");
    assert_eq!((attempts.len(), attempts[0].0, attempts[0].1.outcome), (1, 1, AttemptOutcome::Unknown));
    assert_eq!(attempts[0].1.started_at, Millis(1_000), "when it was claimed");
    let late = post.store.complete(&dead, attempt(), Next::Delivered, None, Vec::new()).await.unwrap();
    assert_eq!(late, super::Completion::Stale);
    let again = post.claim(0, 1).await.remove(0);
    assert_eq!((again.attempt, again.tries, again.excused), (2, 1, 1));
}

#[tokio::test]
async fn a_delivery_that_brings_the_process_down_runs_out_of_tries() {
    let mut post = post();
    post.send(&["e1"]).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        let claimed = post.claim_one().await;
        seen.push((claimed.attempt, claimed.tries, claimed.excused));
        post.restart().await;
        post.store.take_over_leases(2, post.clock.now()).await.unwrap();
    }
    assert_eq!(seen, [(1, 1, 0), (2, 1, 1), (3, 1, 2), (4, 2, 2), (5, 3, 2)]);
    assert_eq!(post.attempts("e1").len(), 5);
}

#[tokio::test]
async fn many_leases_are_taken_over_in_steps() {
    let post = post();
    let names: Vec<String> = (0..450).map(|n| format!("e{n}")).collect();
    post.send(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(post.claim(450, 0).await.len(), 450);
    let mut total = 0;
    let mut calls = 0;
    loop {
        match post.store.take_over_leases(3, post.clock.now()).await.unwrap() {
            0 => break,
            some => total += some,
        }
        calls += 1;
    }
    assert_eq!((total, calls), (450, 3));
}

#[tokio::test]
async fn when_the_clock_goes_back_times_to_come_go_with_it() {
    let post = post();
    post.send(&["e1", "e2", "e3"]).await;
    post.finish(retry(5_000, false)).await;
    post.finish(retry(400, false)).await;
    let resting = EndpointState {
        rests_until: Some(Millis(4_000)),
        failing_since: Some(Millis(100)),
        ..EndpointState::new(a(), super::Digest([1; 32]))
    };
    post.store.put_endpoint_state(resting.clone(), Vec::new()).await.unwrap();
    post.store.shift_due(Millis(500), 500).await.unwrap();
    let due = |id| post.row(id).due_at.unwrap().0;
    assert_eq!((due("e1"), due("e2"), due("e3")), (4_500, 400, 0));
    let shifted = EndpointState { rests_until: Some(Millis(3_500)), ..resting };
    assert_eq!(post.store.endpoint_states().unwrap(), [shifted]);
}

#[tokio::test]
async fn ending_what_is_open_leaves_other_endpoints_and_the_one_in_hand_alone() {
    let post = post();
    post.send(&["e1", "e2", "e3"]).await;
    let in_hand = post.claim_one().await;
    let end = |endpoint: &'static str| {
        let store = post.store.clone();
        async move { store.end_open(&EndpointName::new(endpoint), DeliveryState::Cancelled, "the endpoint is gone").await }
    };
    assert_eq!(post.store.endpoints_with_open().unwrap(), [a()]);
    assert_eq!(end("b").await.unwrap(), 0);
    assert_eq!((end("a").await.unwrap(), end("a").await.unwrap()), (2, 0));
    assert_eq!(post.row("e2").reason.as_deref(), Some("the endpoint is gone"));
    assert_eq!(post.row("e2").state, DeliveryState::Cancelled);
    assert_eq!(post.store.endpoints_with_open().unwrap(), [a()], "one is being tried");
    post.complete(&in_hand, Next::Delivered).await;
    assert!(post.store.endpoints_with_open().unwrap().is_empty());
    post.store.end_open(&a(), DeliveryState::Delivered, "no").await.unwrap_err();
}

#[tokio::test]
async fn one_held_for_another_transform_waits_for_it_and_its_try_is_excused() {
    let post = post();
    post.send(&["e1"]).await;
    post.finish(Next::HeldForSwap).await;
    assert!(post.row("e1").reason.unwrap().contains("transform"));
    assert!(post.claim(1, 1).await.is_empty());
    assert_eq!(post.store.release_held_for_swap(&a(), post.clock.now()).await.unwrap(), 1);
    let again = post.claim_one().await;
    assert_eq!((again.attempt, again.tries, again.excused), (2, 1, 0), "another version, another count");
}
