use super::{Completion, Digest, Next, a, attempt, event, post, retry};
use crate::model::{Claimed, DeliveryId, DeliveryState, EndpointName, EndpointState, Millis, NewDelivery};
use crate::store::{Room, StateNow};

#[tokio::test]
async fn a_delivery_goes_from_due_to_leased_to_delivered_with_its_attempt() {
    let post = post();
    post.send(&["e1"]).await;
    assert!(post.store.undispatched(10).unwrap().is_empty());
    let claimed = post.claim_one().await;
    assert_eq!((claimed.attempt, claimed.tries, claimed.excused), (1, 1, 0));
    let told = post.store.event(claimed.event).unwrap();
    assert_eq!((told.id.as_str(), told.data.as_str()), ("e1", event("e1").data.as_str()));
    assert_eq!(post.row("e1").state, DeliveryState::Leased);
    assert_eq!(post.complete(&claimed, Next::Delivered).await, Completion::Done);
    let (row, read, attempts) = post.store.delivery("e1").unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.due_at), (DeliveryState::Delivered, 1, None));
    assert_eq!((row.last_status, row.last_total_us), (Some(500), Some(1_234)));
    assert_eq!(row.last_error.as_deref(), Some("the receiver answered 500"));
    assert_eq!(read, told);
    assert_eq!(attempts, [(1, attempt())]);
}

#[tokio::test]
async fn the_longest_due_goes_first_as_far_as_there_is_room() {
    let post = post();
    post.send(&["e1", "e2", "e3", "e4"]).await;
    for (claimed, at) in post.claim(3, 0).await.iter().zip([30, 10, 20]) {
        post.complete(claimed, retry(at, false)).await;
    }
    // e1 is due since 30, e2 since 10, e3 since 20; e4 was never tried.
    let ids = |claimed: &[Claimed]| claimed.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
    assert_eq!(post.store.next_due(&a()).unwrap(), (Some(Millis(0)), Some(Millis(10))));
    assert_eq!(ids(&post.claim(0, 2).await), ["e2", "e3"]);
    assert_eq!(ids(&post.claim(5, 0).await), ["e4"]);
    assert_eq!(post.store.next_due(&a()).unwrap(), (None, Some(Millis(30))));
    assert_eq!(ids(&post.claim(5, 5).await), ["e1"]);
    assert!(post.claim(5, 5).await.is_empty());
}

#[tokio::test]
async fn nothing_is_claimed_before_its_time() {
    let post = post();
    post.send(&["e1"]).await;
    post.finish(retry(1_500, false)).await;
    assert!(post.claim(5, 5).await.is_empty());
    post.clock.advance(500);
    let again = post.claim_one().await;
    assert_eq!((again.attempt, again.tries, again.excused), (2, 2, 0));
}

#[tokio::test]
async fn an_excused_try_does_not_count_and_its_attempt_stays() {
    let post = post();
    post.send(&["e1"]).await;
    post.finish(retry(0, true)).await;
    let again = post.claim_one().await;
    assert_eq!((again.attempt, again.tries, again.excused), (2, 1, 1));
    assert_eq!(post.attempts("e1").len(), 1);
}

#[tokio::test]
async fn many_claims_at_once_give_no_delivery_to_two() {
    let post = post();
    let names: Vec<String> = (0..100).map(|n| format!("e{n}")).collect();
    post.send(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let claims: Vec<_> = (0..20)
        .map(|_| {
            let (store, now) = (post.store.clone(), post.clock.now());
            tokio::spawn(async move { store.claim(vec![Room { endpoint: a(), first: 7, retries: 7 }], now).await })
        })
        .collect();
    let mut seen = std::collections::HashSet::new();
    let mut leases = std::collections::HashSet::new();
    for claim in claims {
        let claimed = claim.await.unwrap().unwrap();
        leases.extend(claimed.first().map(|one| one.lease));
        for one in claimed {
            assert!(seen.insert(one.seq), "{} was given twice", one.id);
        }
    }
    assert_eq!((seen.len(), leases.len()), (100, 15));
}

#[tokio::test]
async fn a_full_endpoint_takes_nothing_from_another() {
    let post = post();
    let b = EndpointName::new("b");
    post.hand_in(&["e1"]).await;
    let event = post.store.undispatched(1).unwrap().remove(0);
    let to_a = super::delivery(&event.id, event.seq);
    let to_b = NewDelivery { id: DeliveryId::new("b1"), endpoint: b.clone(), ..to_a.clone() };
    post.store.dispatch(event.seq, vec![to_a, to_b]).await.unwrap();
    let rooms = vec![Room { endpoint: a(), first: 0, retries: 0 }, Room { endpoint: b, first: 1, retries: 0 }];
    let claimed = post.store.claim(rooms, post.clock.now()).await.unwrap();
    assert_eq!(claimed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["b1"]);
}

#[tokio::test]
async fn a_stale_lease_is_refused_and_leaves_nothing_behind() {
    let post = post();
    post.send(&["e1"]).await;
    let old = post.claim_one().await;
    post.store.give_back(vec![(old.seq, old.lease)]).await.unwrap();
    let new = post.claim_one().await;
    assert_ne!(old.lease, new.lease);
    let learned = Box::new(|| EndpointState::new(a(), Digest([1; 32])));
    let caused = vec![event("caused")];
    let late = post.store.complete(&old, attempt(), Next::Delivered, Some(learned), caused).await.unwrap();
    assert_eq!(late, Completion::Stale);
    assert_eq!(post.row("e1").state, DeliveryState::Leased);
    assert!(post.attempts("e1").is_empty());
    assert!(post.store.endpoint_states().unwrap().is_empty());
    assert!(post.store.undispatched(10).unwrap().is_empty());
    assert_eq!(post.complete(&new, Next::Delivered).await, Completion::Done);
    assert_eq!(post.complete(&new, Next::Delivered).await, Completion::Stale, "once is enough");
}

#[tokio::test]
async fn what_a_try_taught_and_caused_is_written_with_it() {
    let post = post();
    post.send(&["e1"]).await;
    let claimed = post.claim_one().await;
    let learned = EndpointState {
        disabled: Some((Millis(5), "only failures".into())),
        failures: 3,
        failing_since: Some(Millis(2)),
        opens: 1,
        rests_until: Some(Millis(9)),
        ..EndpointState::new(a(), Digest([1; 32]))
    };
    let dead = Next::Dead("no more tries".into());
    let then = learned.clone();
    let now: StateNow = Box::new(move || then.clone());
    post.store.complete(&claimed, attempt(), dead, Some(now), vec![event("caused")]).await.unwrap();
    assert_eq!(post.store.endpoint_states().unwrap(), [learned]);
    assert_eq!(post.store.undispatched(10).unwrap()[0].id.as_str(), "caused");
    assert_eq!(post.row("e1").reason.as_deref(), Some("no more tries"));
    let enabled = EndpointState::new(a(), Digest([2; 32]));
    post.store.put_endpoint_state(enabled.clone(), vec![event("too")]).await.unwrap();
    assert_eq!(post.store.endpoint_states().unwrap(), [enabled]);
    assert_eq!(post.store.undispatched(10).unwrap().len(), 2);
}

#[tokio::test]
async fn dispatching_twice_makes_one_delivery() {
    let post = post();
    post.hand_in(&["e1"]).await;
    let event = post.store.undispatched(1).unwrap().remove(0);
    let twin = NewDelivery { id: DeliveryId::new("twin"), ..super::delivery(&event.id, event.seq) };
    post.dispatch(None).await;
    post.store.dispatch(event.seq, vec![twin]).await.unwrap();
    assert_eq!(post.count("deliveries"), 1);
}
