use std::time::Duration;

use super::{DAY, HandedIn, NewEvent, event, once, post};
use crate::model::{EventId, SessionKey};
use crate::store::Store;

fn ids(ids: &[&str]) -> Vec<EventId> {
    ids.iter().map(|id| EventId::new(*id)).collect()
}

#[tokio::test]
async fn events_keep_their_order_and_all_they_say() {
    let post = post();
    let sent = NewEvent { session: Some(SessionKey::new("s")), ..event("e1") };
    let bare = NewEvent { timestamp: None, ..event("e2") };
    let stored = post.store.hand_in(vec![sent.clone(), bare.clone()], None).await.unwrap();
    assert_eq!(stored, HandedIn::Stored(ids(&["e1", "e2"])));
    let read = post.store.undispatched(10).unwrap();
    for (read, sent) in read.iter().zip([sent, bare]) {
        assert_eq!(
            (&read.id, &read.kind, &read.timestamp, &read.instance, &read.session, &read.data, read.created_at),
            (&sent.id, &sent.kind, &sent.timestamp, &sent.instance, &sent.session, &sent.data, post.clock.now())
        );
    }
    assert!(read[0].seq < read[1].seq);
    assert_eq!(post.store.undispatched(1).unwrap().len(), 1);
}

#[tokio::test]
async fn large_events_are_read_a_few_at_a_time() {
    let post = post();
    for id in ["e1", "e2", "e3"] {
        let large = NewEvent { data: format!("\"{}\"", "x".repeat(3_000_000)), ..event(id) };
        post.store.hand_in(vec![large], None).await.unwrap();
    }
    assert_eq!(post.store.undispatched(10).unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_answer_and_stores_nothing() {
    let post = post();
    let first = post.store.hand_in(vec![event("e1"), event("e2")], Some(once("k", 1))).await.unwrap();
    assert_eq!(first, HandedIn::Stored(ids(&["e1", "e2"])));
    // A sender that names no ids gets new ones each time.
    let again = post.store.hand_in(vec![event("e3"), event("e4")], Some(once("k", 1))).await.unwrap();
    assert_eq!(again, HandedIn::Repeated(ids(&["e1", "e2"])));
    assert_eq!(post.count("events"), 2);
}

#[tokio::test]
async fn a_key_that_was_used_for_another_request_is_refused() {
    let post = post();
    post.store.hand_in(vec![event("e1")], Some(once("k", 1))).await.unwrap();
    let other = post.store.hand_in(vec![event("e2")], Some(once("k", 2))).await.unwrap();
    assert_eq!(other, HandedIn::OtherRequest);
    assert_eq!(post.count("events"), 1);
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let post = post();
    post.store.hand_in(vec![event("e1")], Some(once("k", 1))).await.unwrap();
    post.clock.advance(DAY);
    let other = || post.store.hand_in(vec![event("e2")], Some(once("k", 2)));
    assert_eq!(other().await.unwrap(), HandedIn::OtherRequest);
    post.clock.advance(1);
    assert_eq!(other().await.unwrap(), HandedIn::Stored(ids(&["e2"])));
    assert_eq!(other().await.unwrap(), HandedIn::Repeated(ids(&["e2"])));
}

#[tokio::test]
async fn an_event_that_is_there_counts_as_handed_in_if_it_says_the_same() {
    let post = post();
    post.hand_in(&["e1"]).await;
    let with_more = post.store.hand_in(vec![event("e1"), event("e2")], None).await.unwrap();
    assert_eq!(with_more, HandedIn::Stored(ids(&["e1", "e2"])));
    assert_eq!(post.count("events"), 2);
}

#[tokio::test]
async fn another_event_of_the_same_id_is_refused_with_all_that_came_along() {
    let post = post();
    post.hand_in(&["e1"]).await;
    let others = [
        NewEvent { kind: "x".into(), ..event("e1") },
        NewEvent { timestamp: None, ..event("e1") },
        NewEvent { instance: None, ..event("e1") },
        NewEvent { session: Some(SessionKey::new("s")), ..event("e1") },
        NewEvent { data: "{}".into(), ..event("e1") },
    ];
    for other in others {
        let refused = post.store.hand_in(vec![event("e0"), other], Some(once("k", 1))).await.unwrap();
        assert_eq!(refused, HandedIn::OtherEvent(EventId::new("e1")));
    }
    assert_eq!((post.count("events"), post.count("handed_in")), (1, 0));
}

#[tokio::test]
async fn news_of_a_commit_wakes_whoever_waits() {
    let post = post();
    let waiter = tokio::spawn({
        let store = post.store.clone();
        async move { store.news().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished());
    post.hand_in(&["e1"]).await;
    waiter.await.unwrap();
}

#[tokio::test]
async fn news_waits_for_whoever_comes_late_and_is_told_once() {
    let post = post();
    post.store.act(Store::create_flow(super::super::flow())).await.unwrap();
    post.store.news().await;
    // What stores no event is no news.
    post.store.hand_in(Vec::new(), Some(once("k", 1))).await.unwrap();
    tokio::time::timeout(Duration::ZERO, post.store.news()).await.unwrap_err();
}
