use rusqlite::Connection;

use super::{Clock, Millis, Store};

#[tokio::test]
async fn events_of_an_older_outbox_are_kept_and_wait_for_dispatch() {
    let dir = super::super::folder();
    let db = Connection::open(dir.path().join("sandclaw.db")).unwrap();
    db.execute_batch(include_str!("../../schema/0001_flows.sql")).unwrap();
    db.execute_batch(
        "PRAGMA application_id = 0x736e636c; PRAGMA user_version = 1; \
         INSERT INTO outbox (seq, event_id, type, owner_key, flow_id, task_id, data, created_at) VALUES \
         (3, 'evt_b', 'flow.updated', 'agent:main:main', 'f', NULL, '{\"n\":2}', 70), \
         (2, 'evt_a', 'flow.created', 'agent:main:main', 'f', 't', '{\"n\":1}', 60);",
    )
    .unwrap();
    drop(db);
    let store = Store::open(dir.path(), Clock::test(Millis(1_000))).unwrap();
    let events = store.undispatched(10).unwrap();
    let said: Vec<_> = events.iter().map(|event| (event.seq, event.id.as_str(), event.kind.as_str())).collect();
    assert_eq!(said, [(2, "evt_a", "flow.created"), (3, "evt_b", "flow.updated")]);
    assert_eq!((events[0].data.as_str(), events[0].created_at, &events[0].timestamp), ("{\"n\":1}", Millis(60), &None));
    assert_eq!(events[0].session.as_ref().unwrap().as_str(), "agent:main:main");
    store.dispatch(3, Vec::new()).await.unwrap();
    assert!(store.undispatched(10).unwrap().is_empty());
    store.hand_in(vec![super::event("evt_c")], None).await.unwrap();
    assert_eq!(store.undispatched(10).unwrap()[0].seq, 4);
}
