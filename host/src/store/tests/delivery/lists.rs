use super::{Next, Post, a, post, retry};
use crate::model::DeliveryState::{self, Dead, Delivered, Due, Leased};
use crate::model::{EndpointName, Millis};
use crate::store::DeliveryQuery;

/// Six to `a`, the first one first: delivered, dead, due again, leased, and two that were never tried.
async fn six() -> Post {
    let post = post();
    post.send(&["ok", "dead", "again", "leased", "new1", "new2"]).await;
    post.finish(Next::Delivered).await;
    post.finish(Next::Dead("gone".into())).await;
    post.finish(retry(9_000, false)).await;
    post.claim(1, 0).await;
    post
}

fn all() -> DeliveryQuery {
    DeliveryQuery { recent: 20, ..DeliveryQuery::default() }
}

fn listed(post: &Post, query: &DeliveryQuery) -> Vec<String> {
    post.store.deliveries(query).unwrap().iter().map(|row| row.id.to_string()).collect()
}

#[tokio::test]
async fn lists_are_newest_first_and_as_long_as_asked_for() {
    let post = six().await;
    assert_eq!(listed(&post, &all()), ["new2", "new1", "leased", "again", "dead", "ok"]);
    assert_eq!(listed(&post, &DeliveryQuery { recent: 2, ..all() }), ["new2", "new1"]);
    let of = |name| DeliveryQuery { endpoint: Some(EndpointName::new(name)), ..all() };
    assert_eq!(listed(&post, &DeliveryQuery { recent: 3, ..of("a") }), ["new2", "new1", "leased"]);
    assert!(listed(&post, &of("b")).is_empty());
}

#[tokio::test]
async fn lists_are_of_some_states_and_of_those_tried_or_not() {
    let post = six().await;
    let of = |states: &[DeliveryState], tried| DeliveryQuery { states: states.to_vec(), tried, ..all() };
    assert_eq!(listed(&post, &of(&[Dead, Delivered], None)), ["dead", "ok"]);
    assert_eq!(listed(&post, &of(&[Due], None)), ["new2", "new1", "again"]);
    assert_eq!(listed(&post, &of(&[Due], Some(true))), ["again"]);
    assert_eq!(listed(&post, &of(&[Due, Leased], Some(false))), ["new2", "new1"]);
    assert_eq!(listed(&post, &of(&[], Some(true))), ["leased", "again", "dead", "ok"]);
}

#[tokio::test]
async fn following_gets_what_changed_since() {
    let post = six().await;
    post.clock.advance(10);
    let in_hand = post.claim(1, 0).await.remove(0);
    post.clock.advance(10);
    let since = |at| DeliveryQuery { changed_since: Some(Millis(at)), ..all() };
    assert_eq!(listed(&post, &since(1_010)), ["new1"]);
    assert!(listed(&post, &since(1_011)).is_empty());
    post.complete(&in_hand, Next::Delivered).await;
    assert_eq!(listed(&post, &since(1_011)), ["new1"]);
    assert!(listed(&post, &DeliveryQuery { states: vec![Due, Dead], ..since(1_011) }).is_empty());
    assert_eq!(listed(&post, &DeliveryQuery { states: vec![Due, Dead], ..since(0) }), ["new2", "again", "dead"]);
    assert_eq!(listed(&post, &DeliveryQuery { tried: Some(false), endpoint: Some(a()), ..since(0) }), ["new2"]);
}

#[tokio::test]
async fn counts_follow_every_change() {
    let post = six().await;
    let counts = || {
        let mut counts = post.store.delivery_counts().unwrap();
        assert_eq!(counts.len(), 1);
        counts.remove(0).states
    };
    assert_eq!(counts(), [(Due, 3), (Leased, 1), (Delivered, 1), (Dead, 1)]);
    post.store.retry_delivery("dead", post.clock.now()).await.unwrap();
    assert_eq!(counts(), [(Due, 4), (Leased, 1), (Delivered, 1)]);
    post.store.end_open(&a(), Dead, "disabled").await.unwrap();
    assert_eq!(counts(), [(Leased, 1), (Delivered, 1), (Dead, 4)]);
    post.store.forget_outbound(Millis(0), Millis(5_000)).await.unwrap();
    assert_eq!(counts(), [(Leased, 1)]);
}
