use super::super::{Decision, Store};
use super::{bump, folder, named, open, owner};
use crate::model::{EventKind, SessionKey};

type Event = (String, String, String, String, i64, String);

fn events(store: &Store) -> Vec<Event> {
    let read = |db: &rusqlite::Connection| {
        let mut select =
            db.prepare("SELECT event_id, type, flow_id, data, created_at, state FROM outbox ORDER BY seq")?;
        let rows = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    };
    store.0.readers.read(read).unwrap()
}

#[tokio::test]
async fn each_change_leaves_one_event_that_names_no_owner() {
    let dir = folder();
    let store = open(dir.path());
    let created = store.create_flow(named("f")).await.unwrap();
    let bumped = bump(&store, "f").await;
    let events = events(&store);
    let types: Vec<&str> = events.iter().map(|event| event.1.as_str()).collect();
    assert_eq!(types, ["flow.created", "flow.updated"]);
    assert_eq!(events[0].3, format!(r#"{{"flow":{}}}"#, created.view()));
    assert_eq!(events[1].3, format!(r#"{{"flow":{}}}"#, bumped.view()));
    for (id, _, flow, data, at, state) in &events {
        assert!(id.starts_with("evt_") && id.len() == 36, "{id}");
        assert_eq!((flow.as_str(), *at, state.as_str()), ("f", 1_000, "new"));
        assert!(!data.contains("agent:main:main"));
    }
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_event() {
    let dir = folder();
    let store = open(dir.path());
    store.create_flow(named("f")).await.unwrap();
    store.change_flow(&owner(), "f", |_| Decision::<()>::Keep).await.unwrap();
    store.change_flow(&owner(), "f", |_| Decision::Refuse("no")).await.unwrap();
    let stranger = SessionKey::new("agent:other:main");
    let foreign = |flow: &crate::model::Flow| Decision::<()>::Write(flow.clone(), EventKind::FlowUpdated);
    store.change_flow(&stranger, "f", foreign).await.unwrap();
    assert_eq!(events(&store).len(), 1);
}
