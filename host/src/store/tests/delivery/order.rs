use super::{Next, a, post, retry};
use crate::model::DeliveryState::{self, Dead, Due, Held, Leased};
use crate::store::{Completion, Retried};

const ALL: &[&str] = &["e1", "e2", "e3"];

#[tokio::test]
async fn each_waits_until_the_one_before_it_has_ended() {
    let post = post();
    post.send_in_order(ALL).await;
    assert_eq!(post.states(ALL), [Due, Held, Held]);
    assert!(post.row("e2").reason.unwrap().contains("earlier delivery"));
    assert_eq!(post.claim(9, 9).await.len(), 1);
    post.store.take_over_leases(9, post.clock.now()).await.unwrap();
    assert_eq!(post.finish(retry(0, false)).await, "e1", "a retry keeps its place");
    assert_eq!(post.finish(Next::Skipped("nothing".into())).await, "e1");
    assert_eq!(post.finish(Next::Dead("gone".into())).await, "e2");
    assert_eq!(post.finish(Next::Delivered).await, "e3");
    assert!(post.claim(9, 9).await.is_empty());
}

#[tokio::test]
async fn other_keys_and_later_arrivals_keep_their_own_order() {
    let post = post();
    post.send_in_order(&["e1"]).await;
    post.hand_in(&["o1"]).await;
    post.dispatch(Some("other")).await;
    post.send(&["n1"]).await;
    post.send_in_order(&["e2"]).await;
    assert_eq!(post.states(&["e1", "o1", "n1", "e2"]), [Due, Due, Due, Held]);
}

#[tokio::test]
async fn one_that_waits_for_its_transform_holds_the_later_ones() {
    let post = post();
    post.send_in_order(ALL).await;
    post.finish(Next::HeldForSwap).await;
    assert_eq!(post.states(ALL), [Held, Held, Held]);
    assert_eq!(post.store.release_held_for_swap(&a(), post.clock.now()).await.unwrap(), 1);
    assert_eq!(post.states(ALL), [Due, Held, Held], "those that wait their turn are not released");
    for id in ALL {
        assert_eq!(post.finish(Next::Delivered).await, *id);
    }
}

#[tokio::test]
async fn one_that_comes_back_goes_next_but_not_beside_the_one_in_hand() {
    let post = post();
    post.send_in_order(ALL).await;
    post.finish(Next::Dead("gone".into())).await;
    let in_hand = post.claim_one().await;
    assert_eq!(post.store.retry_delivery("e1", post.clock.now()).await.unwrap(), Retried::Due);
    assert_eq!(post.states(ALL), [Held, Leased, Held]);
    assert_eq!(post.complete(&in_hand, retry(0, false)).await, Completion::Done);
    assert_eq!(post.states(ALL), [Due, Held, Held]);
    for id in ALL {
        assert_eq!(post.finish(Next::Delivered).await, *id);
    }
}

#[tokio::test]
async fn one_that_comes_back_goes_before_one_that_waits_for_its_retry() {
    let post = post();
    post.send_in_order(ALL).await;
    post.finish(Next::Dead("gone".into())).await;
    post.finish(retry(60_000, false)).await;
    post.store.retry_delivery("e1", post.clock.now()).await.unwrap();
    assert_eq!(post.states(ALL), [Due, Held, Held]);
    post.finish(Next::Delivered).await;
    assert_eq!(post.states(ALL)[1], Due);
    assert_eq!(post.row("e2").due_at.unwrap().0, 60_000, "its time has not changed");
}

#[tokio::test]
async fn ending_all_that_is_open_ends_the_held_too_and_the_next_one_is_free() {
    let post = post();
    post.send_in_order(ALL).await;
    let in_hand = post.claim_one().await;
    assert_eq!(post.store.end_open(&a(), Dead, "disabled").await.unwrap(), 2);
    assert_eq!(post.states(ALL), [Leased, Dead, Dead]);
    post.send_in_order(&["e4"]).await;
    assert_eq!(post.states(&["e4"]), [Held]);
    post.complete(&in_hand, Next::Dead("gone".into())).await;
    assert_eq!(post.states(&["e4"]), [Due]);
}

/// Does whatever may happen to deliveries with a key, over and over, and looks whether the order is kept.
#[tokio::test]
async fn whatever_happens_the_first_one_goes_and_never_two_at_once() {
    let post = post();
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    let mut names: Vec<String> = Vec::new();
    let mut in_hand = None;
    for step in 0..400 {
        let now = post.clock.now();
        match roll(12) {
            0..3 => {
                names.push(format!("e{step}"));
                post.send_in_order(&[&format!("e{step}")]).await;
            }
            3..8 => match in_hand.take() {
                None => in_hand = post.claim(1, 1).await.pop(),
                Some(claimed) => {
                    let next = match roll(5) {
                        0 => Next::Delivered,
                        1 => Next::Dead("gone".into()),
                        2 => Next::HeldForSwap,
                        3 => retry(0, true),
                        _ => retry(0, false),
                    };
                    post.complete(&claimed, next).await;
                }
            },
            8 if !names.is_empty() => {
                let which = roll(names.len() as u64) as usize;
                post.store.retry_delivery(&names[which], now).await.unwrap();
            }
            9 => drop(post.store.release_held_for_swap(&a(), now).await.unwrap()),
            10 => drop(post.store.take_over_leases(3, now).await.unwrap()),
            11 if roll(8) == 0 => drop(post.store.end_open(&a(), Dead, "disabled").await.unwrap()),
            _ => {
                if let Some(claimed) = &in_hand {
                    post.store.give_back(vec![(claimed.seq, claimed.lease)]).await.unwrap();
                }
            }
        }
        let open: Vec<(DeliveryState, Option<String>)> = names
            .iter()
            .map(|name| post.row(name))
            .filter(|row| matches!(row.state, Due | Leased | Held))
            .map(|row| (row.state, row.reason))
            .collect();
        let under_way = open.iter().filter(|(state, _)| *state != Held).count();
        let leased = open.iter().any(|(state, _)| *state == Leased);
        match open.first() {
            None => {}
            Some((Due, _)) => assert_eq!(under_way, 1, "step {step}: {open:?}"),
            Some((_, reason)) if !leased => {
                assert_eq!(under_way, 0, "step {step}: {open:?}");
                assert!(reason.as_deref().unwrap().contains("transform"), "step {step}: nobody moves in {open:?}");
            }
            Some(_) => assert_eq!(under_way, 1, "step {step}: {open:?}"),
        }
    }
}
