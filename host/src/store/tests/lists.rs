use super::super::{FlowViews, Store};
use super::{flow, folder, named, open, owner};
use crate::json::JsonText;
use crate::model::{Flow, FlowStatus, Millis, SessionKey};

async fn with(flows: &[(&str, i64)]) -> (tempfile::TempDir, Store) {
    let dir = folder();
    let store = open(dir.path());
    for (id, at) in flows {
        store.act(Store::create_flow(Flow { created_at: Millis(*at), ..named(id) })).await.unwrap();
    }
    (dir, store)
}

fn page(store: &Store, after: Option<&str>, limit: u32) -> FlowViews {
    store.flow_views(&owner(), after, limit).unwrap().unwrap()
}

fn ids(page: &FlowViews) -> Vec<String> {
    page.flows.split("\"flowId\":\"").skip(1).map(|rest| rest.chars().take_while(|c| *c != '"').collect()).collect()
}

#[tokio::test]
async fn newest_first_and_of_one_millisecond_the_earlier_first() {
    let (_dir, store) = with(&[("a", 5), ("b", 7), ("c", 7), ("d", 6)]).await;
    assert_eq!(ids(&page(&store, None, 10)), ["b", "c", "d", "a"]);
    assert!(store.latest_flow_view(&owner()).unwrap().unwrap().contains(r#""flowId":"b""#));
    assert_eq!(store.find_flow("agent:main:main").unwrap().unwrap().id.as_str(), "b");
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap() {
    let (_dir, store) = with(&[("a", 5), ("b", 7), ("c", 7), ("d", 7), ("e", 6)]).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = page(&store, after.as_deref(), 2);
        seen.extend(ids(&page));
        match page.next {
            Some(next) => after = Some(next.as_str().to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, ["b", "c", "d", "e", "a"]);
    assert!(page(&store, None, 5).next.is_none());
    assert_eq!(page(&store, Some("a"), 5).flows, "[]");
}

#[tokio::test]
async fn a_page_of_large_flows_ends_early() {
    let dir = folder();
    let store = open(dir.path());
    let state = Some(JsonText::string(&"x".repeat(400_000)));
    for _ in 0..5 {
        store.act(Store::create_flow(Flow { state: state.clone(), ..flow() })).await.unwrap();
    }
    let first = page(&store, None, 100);
    assert_eq!(ids(&first).len(), 3);
    assert_eq!(ids(&page(&store, first.next.as_ref().map(|id| id.as_str()), 100)).len(), 2);
}

#[tokio::test]
async fn other_sessions_flows_do_not_exist() {
    let (_dir, store) = with(&[("a", 5)]).await;
    let stranger = SessionKey::new("agent:main:Main");
    assert!(store.flow_view(&stranger, "a").unwrap().is_none());
    assert!(store.latest_flow_view(&stranger).unwrap().is_none());
    assert!(store.task_counts(&stranger, "a").unwrap().is_none());
    assert_eq!(store.flow_views(&stranger, None, 5).unwrap().unwrap().flows, "[]");
    assert!(store.flow_views(&stranger, Some("a"), 5).unwrap().is_none(), "nor are they a place in a list");
}

#[tokio::test]
async fn the_operator_lists_all_sessions_or_one_status() {
    let (_dir, store) = with(&[("a", 5)]).await;
    let other = Flow { owner: SessionKey::new("x"), status: FlowStatus::Running, created_at: Millis(9), ..named("b") };
    store.act(Store::create_flow(other)).await.unwrap();
    let listed = |status| store.all_flows(status).unwrap().iter().map(|flow| flow.id.to_string()).collect::<Vec<_>>();
    assert_eq!(listed(None), ["b", "a"]);
    assert_eq!(listed(Some(FlowStatus::Running)), ["b"]);
    assert_eq!(listed(Some(FlowStatus::Lost)), Vec::<String>::new());
}
