use super::{Next, post, retry};
use crate::model::{DeliveryState, Millis};
use crate::store::Retried;

#[tokio::test]
async fn a_delivery_that_ended_starts_a_new_series_behind_its_attempts() {
    let post = post();
    post.send(&["e1"]).await;
    post.finish(retry(0, true)).await;
    post.finish(Next::Dead("gone".into())).await;
    assert_eq!(post.store.retry_delivery("e1", Millis(900)).await.unwrap(), Retried::Due);
    let row = post.row("e1");
    assert_eq!((row.state, row.due_at, row.reason, row.attempts), (DeliveryState::Due, Some(Millis(900)), None, 2));
    let again = post.claim(0, 1).await.remove(0);
    assert_eq!((again.attempt, again.tries, again.excused), (3, 1, 0));
    post.complete(&again, Next::Delivered).await;
    assert_eq!(post.attempts("e1").iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn a_second_wish_is_told_that_it_is_on_its_way_and_works_once_it_has_ended() {
    let post = post();
    post.send(&["e1"]).await;
    let wish = || post.store.retry_delivery("e1", post.clock.now());
    assert_eq!(wish().await.unwrap(), Retried::OnItsWay(DeliveryState::Due));
    for _ in 0..2 {
        post.finish(Next::Dead("gone".into())).await;
        assert_eq!(wish().await.unwrap(), Retried::Due);
        assert_eq!(wish().await.unwrap(), Retried::OnItsWay(DeliveryState::Due));
    }
    post.finish(Next::Delivered).await;
    assert_eq!(wish().await.unwrap(), Retried::Due, "one that was delivered can be sent again");
    let in_hand = post.claim_one().await;
    assert_eq!(wish().await.unwrap(), Retried::OnItsWay(DeliveryState::Leased));
    post.complete(&in_hand, Next::HeldForSwap).await;
    assert_eq!(wish().await.unwrap(), Retried::OnItsWay(DeliveryState::Held));
    assert_eq!(post.store.retry_delivery("e2", post.clock.now()).await.unwrap(), Retried::Missing);
}

#[tokio::test]
async fn one_that_waits_for_its_next_try_is_tried_now_instead() {
    let post = post();
    post.send(&["e1"]).await;
    let now = post.clock.now();
    post.finish(Next::Retry { at: Millis(now.0 + 60_000), is_excused: false }).await;
    assert_eq!(post.store.retry_delivery("e1", now).await.unwrap(), Retried::Due);
    assert_eq!(post.row("e1").due_at, Some(now));
    let again = post.claim_one().await;
    assert_eq!((again.attempt, again.tries), (2, 2), "the series goes on");
}
