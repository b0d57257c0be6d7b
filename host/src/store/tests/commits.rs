use std::sync::mpsc;

use super::super::{Store, StoreError};
use super::{bump, flow, folder, named, open, owner};
use crate::json::JsonText;
use crate::model::Flow;

/// Keeps the writer busy until the returned sender is dropped, so that what comes next queues up.
async fn hold(store: &Store) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (started, begun) = tokio::sync::oneshot::channel();
    let mut started = Some(started);
    let store = store.clone();
    tokio::spawn(async move {
        let wait = move |_: &rusqlite::Connection| {
            if let Some(started) = started.take() {
                let _ = started.send(());
            }
            let _ = held.recv();
            Ok(())
        };
        store.0.writer.write(wait).await
    });
    begun.await.unwrap();
    release
}

#[tokio::test]
async fn writes_that_wait_together_are_committed_together() {
    let dir = folder();
    let store = open(dir.path());
    let (commits_before, _) = store.commits_and_writes();
    let release = hold(&store).await;
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.act(Store::create_flow(flow())).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(release);
    for done in waiting {
        done.await.unwrap().unwrap();
    }
    let (commits, writes) = store.commits_and_writes();
    assert_eq!(writes, 101);
    // The one that is held up, then half of what waits each time: 50, 32 and 18, and room for writes that come a moment late.
    assert!(commits - commits_before <= 6, "{commits} commits");
}

#[tokio::test]
async fn a_write_that_fails_leaves_its_neighbours_alone() {
    let dir = folder();
    let store = open(dir.path());
    let release = hold(&store).await;
    let create = |flow: Flow| {
        let store = store.clone();
        tokio::spawn(async move { store.act(Store::create_flow(flow)).await })
    };
    let first = create(named("a"));
    let twin = create(named("a"));
    let panics = {
        let store = store.clone();
        tokio::spawn(async move {
            let fall = |db: &rusqlite::Connection| -> Result<(), StoreError> {
                db.execute("DELETE FROM flows", [])?;
                panic!("as planned")
            };
            store.0.writer.write(fall).await
        })
    };
    let last = create(named("b"));
    tokio::task::yield_now().await;
    drop(release);
    first.await.unwrap().unwrap();
    assert!(matches!(twin.await.unwrap(), Err(StoreError::Refused(_))));
    assert!(matches!(panics.await.unwrap(), Err(StoreError::Refused(_))));
    last.await.unwrap().unwrap();
    assert!(store.flow_view(&owner(), "a").unwrap().is_some());
    assert!(store.flow_view(&owner(), "b").unwrap().is_some());
    let events: u32 =
        store.0.readers.read(|db| Ok(db.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?)).unwrap();
    assert_eq!(events, 2, "a failed write leaves no event either");
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let dir = folder();
    let store = open(dir.path());
    store.act(Store::create_flow(named("before"))).await.unwrap();
    let pages = |most: u32| {
        let store = store.clone();
        async move {
            let limit = move |db: &rusqlite::Connection| Ok(db.pragma_update(None, "max_page_count", most)?);
            store.0.writer.write(limit).await.unwrap();
        }
    };
    pages(1).await; // SQLite takes the present size for a smaller one
    let large = Flow { state: Some(JsonText::string(&"x".repeat(1_000_000))), ..named("large") };
    let refused = store.act(Store::create_flow(large.clone())).await.unwrap_err();
    assert!(matches!(refused, StoreError::Full), "{refused}");
    assert!(store.flow_view(&owner(), "before").unwrap().is_some());
    assert!(store.flow_view(&owner(), "large").unwrap().is_none());
    pages(1_000_000).await;
    store.act(Store::create_flow(large)).await.unwrap();
    assert_eq!(bump(&store, "before").await.revision, 1);
}

#[tokio::test]
async fn a_write_happens_though_its_caller_is_gone() {
    let dir = folder();
    let store = open(dir.path());
    let release = hold(&store).await;
    let caller = {
        let store = store.clone();
        tokio::spawn(async move { store.act(Store::create_flow(named("f"))).await })
    };
    tokio::task::yield_now().await;
    caller.abort();
    drop(release);
    store.close().await;
    assert!(open(dir.path()).flow_view(&owner(), "f").unwrap().is_some());
}

#[tokio::test]
async fn the_log_is_copied_into_the_database_and_starts_over() {
    let dir = folder();
    let store = open(dir.path());
    let database = dir.path().join("sandclaw.db");
    let state = Some(JsonText::string(&"x".repeat(100_000)));
    // 100 kB each: the first checkpoint is due after some forty. The bound is far off, for a machine that is busy elsewhere.
    for _ in 0..2_000 {
        store.act(Store::create_flow(Flow { state: state.clone(), ..flow() })).await.unwrap();
        if std::fs::metadata(&database).unwrap().len() > 2_000_000 {
            return;
        }
    }
    panic!("the log was never copied");
}
