use super::{DAY, Millis, Next, Post, a, once, post, retry};
use crate::model::JobId;
use crate::store::Recovery;

impl Post {
    /// Forgets whatever is older than a week. Returns how many steps that took.
    async fn forget(&self) -> u32 {
        let now = self.clock.now();
        let mut steps = 1;
        while self.store.forget_outbound(now, Millis(now.0 - 7 * DAY)).await.unwrap() {
            steps += 1;
        }
        steps
    }

    fn events(&self) -> Vec<String> {
        let read = |db: &rusqlite::Connection| {
            let mut select = db.prepare("SELECT event_id FROM events ORDER BY seq")?;
            let ids = select.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        };
        self.store.0.readers.read(read).unwrap()
    }
}

#[tokio::test]
async fn what_ended_goes_in_time_with_its_attempts_and_its_event() {
    let post = post();
    post.send(&["e1", "e2"]).await;
    post.finish(Next::Delivered).await;
    post.clock.advance(1);
    post.finish(Next::Dead("gone".into())).await;
    post.clock.advance(7 * DAY);
    post.send(&["new"]).await;
    post.forget().await;
    assert_eq!(post.events(), ["e2", "new"], "the last millisecond counts");
    assert_eq!((post.count("deliveries"), post.count("attempts")), (2, 1));
    post.clock.advance(1);
    post.forget().await;
    assert_eq!(post.events(), ["new"]);
    assert_eq!((post.count("deliveries"), post.count("attempts")), (1, 0));
}

#[tokio::test]
async fn open_deliveries_stay_with_their_events_until_they_have_ended() {
    let post = post();
    post.send(&["due", "leased", "held"]).await;
    let claimed = post.claim(3, 0).await;
    post.complete(&claimed[0], retry(0, false)).await;
    post.complete(&claimed[2], Next::HeldForSwap).await;
    post.hand_in(&["bare"]).await;
    post.store.dispatch(4, Vec::new()).await.unwrap();
    post.send(&["newest"]).await;
    post.clock.advance(30 * DAY);
    post.forget().await;
    assert_eq!(post.events(), ["due", "leased", "held", "newest"]);
    assert_eq!(post.count("deliveries"), 4);
    post.complete(&claimed[1], Next::Delivered).await;
    post.clock.advance(30 * DAY);
    post.forget().await;
    assert_eq!(post.events(), ["due", "held", "newest"], "though it was passed over before");
}

#[tokio::test]
async fn the_newest_event_and_those_not_dispatched_are_never_deleted() {
    let post = post();
    post.hand_in(&["e1", "e2"]).await;
    post.store.dispatch(2, Vec::new()).await.unwrap();
    post.clock.advance(30 * DAY);
    post.forget().await;
    assert_eq!(post.events(), ["e2"]);
    post.hand_in(&["e3", "e4"]).await;
    post.clock.advance(30 * DAY);
    post.forget().await;
    assert_eq!(post.events(), ["e2", "e3", "e4"]);
    assert_eq!(post.store.undispatched(1).unwrap()[0].seq, 3, "places are not given twice");
    post.store.dispatch(4, Vec::new()).await.unwrap();
    post.forget().await;
    assert_eq!(post.events(), ["e4"]);
}

#[tokio::test]
async fn events_from_before_the_clock_went_back_go_too() {
    let post = post();
    post.clock.advance(100 * DAY);
    post.hand_in(&["e1", "e2"]).await;
    post.store.dispatch(2, Vec::new()).await.unwrap();
    post.clock.advance(30 * DAY);
    post.forget().await;
    post.clock.advance(-60 * DAY);
    post.hand_in(&["e3", "e4"]).await;
    post.store.dispatch(4, Vec::new()).await.unwrap();
    post.clock.advance(8 * DAY);
    post.forget().await;
    assert_eq!(post.events(), ["e2", "e4"]);
    post.clock.advance(100 * DAY);
    post.send(&["e5"]).await;
    post.forget().await;
    assert_eq!(post.events(), ["e5"]);
}

#[tokio::test]
async fn a_long_past_is_forgotten_in_small_steps() {
    let post = post();
    let names: Vec<String> = (0..450).map(|n| format!("e{n}")).collect();
    post.hand_in(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    post.store.dispatch(450, Vec::new()).await.unwrap();
    post.clock.advance(30 * DAY);
    assert_eq!(post.forget().await, 3);
    assert_eq!(post.count("events"), 1);
}

#[tokio::test]
async fn keys_go_after_a_day_and_recoveries_when_they_are_done() {
    let post = post();
    post.store.hand_in(Vec::new(), Some(once("k", 1))).await.unwrap();
    let recovery = |id: &str| Recovery {
        id: JobId::new(id),
        endpoint: a(),
        since: Millis(0),
        until: 0,
        cursor: 0,
        revived: 0,
        created: 0,
        is_done: false,
        created_at: Millis(0),
    };
    let done = post.store.start_recovery(recovery("job_1")).await.unwrap();
    post.store.start_recovery(recovery("job_2")).await.unwrap();
    post.store.recover_step(&done, 0, true, Vec::new(), post.clock.now()).await.unwrap();
    post.clock.advance(DAY);
    post.forget().await;
    assert_eq!((post.count("handed_in"), post.count("recoveries")), (1, 2));
    post.clock.advance(30 * DAY);
    post.forget().await;
    assert_eq!((post.count("handed_in"), post.count("recoveries")), (0, 1));
}
