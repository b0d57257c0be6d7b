use super::super::{Decision, Store};
use super::{bump, folder, named, open, owner};
use crate::model::{Event, EventKind, Millis, SessionKey};

fn events(store: &Store) -> Vec<Event> {
    store.undispatched(100).unwrap()
}

#[tokio::test]
async fn each_change_leaves_one_event_that_names_no_owner() {
    let dir = folder();
    let store = open(dir.path());
    let created = store.act(Store::create_flow(named("f"))).await.unwrap();
    let bumped = bump(&store, "f").await;
    let events = events(&store);
    let types: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(types, ["flow.created", "flow.updated"]);
    assert_eq!(events[0].data, format!(r#"{{"flow":{}}}"#, created.view()));
    assert_eq!(events[1].data, format!(r#"{{"flow":{}}}"#, bumped.view()));
    for event in &events {
        let id = event.id.as_str();
        assert!(id.starts_with("evt_") && id.len() == 36, "{id}");
        assert_eq!((&event.timestamp, event.created_at), (&None, Millis(1_000)));
        assert_eq!(event.session, Some(owner()), "for filters, beside what receivers see");
        assert!(!event.data.contains("agent:main:main"));
    }
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_event() {
    let dir = folder();
    let store = open(dir.path());
    store.act(Store::create_flow(named("f"))).await.unwrap();
    store.act(Store::change_flow(&owner(), "f", |_| Decision::<()>::Keep)).await.unwrap();
    store.act(Store::change_flow(&owner(), "f", |_| Decision::Refuse("no"))).await.unwrap();
    let stranger = SessionKey::new("agent:other:main");
    let foreign = |flow: &crate::model::Flow| Decision::<()>::Write(flow.clone(), EventKind::FlowUpdated);
    store.act(Store::change_flow(&stranger, "f", foreign)).await.unwrap();
    assert_eq!(events(&store).len(), 1);
}
