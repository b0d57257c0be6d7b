use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use super::super::{Store, StoreError};
use super::{bump, flow, folder, named, open, owner};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::model::{Flow, FlowStatus, Millis, SyncMode};

#[test]
fn the_folder_and_its_files_are_for_the_owner_alone() {
    let parent = folder();
    let dir = parent.path().join("a/state");
    let _store = open(&dir);
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.clone()), 0o700);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(file.clone()), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_second_server_is_told_the_folder_and_the_process() {
    let dir = folder();
    let store = open(dir.path());
    let refused = Store::open(dir.path(), Clock::system()).err().unwrap().to_string();
    assert!(refused.contains(dir.path().to_str().unwrap()), "{refused}");
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    store.close().await;
    open(dir.path());
}

#[tokio::test]
async fn dropping_the_last_clone_gives_the_folder_back() {
    let dir = folder();
    let store = open(dir.path());
    store.act(Store::create_flow(named("f"))).await.unwrap();
    drop(store.clone());
    drop(store);
    assert!(!dir.path().join("sandclaw.db-wal").exists(), "the log is in the database");
    assert!(open(dir.path()).flow_view(&owner(), "f").unwrap().is_some());
}

#[tokio::test]
async fn a_closed_store_refuses_everything_and_hangs_nobody() {
    let dir = folder();
    let store = open(dir.path());
    store.close().await;
    store.close().await;
    assert!(matches!(store.flow_view(&owner(), "f"), Err(StoreError::Closed)));
    assert!(matches!(store.act(Store::create_flow(flow())).await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let dir = folder();
    let full = Flow {
        sync_mode: SyncMode::TaskMirrored,
        current_step: Some(JsonText::string("a\u{0}b")),
        blocked_task: Some(JsonText::string("t")),
        blocked_summary: Some(JsonText::string("s")),
        revision: 9_007_199_254_740_991,
        status: FlowStatus::Lost,
        goal: crate::json::canonical(br#""\ud800 stays""#).unwrap(),
        state: Some(JsonText::null()),
        wait: Some(JsonText::string("w")),
        cancel_requested_at: Some(Millis(1)),
        ended_at: Some(Millis(2)),
        ..flow()
    };
    let store = open(dir.path());
    store.act(Store::create_flow(full.clone())).await.unwrap();
    store.close().await;

    let store = open(dir.path());
    assert_eq!(store.find_flow(full.id.as_str()).unwrap(), Some(full.clone()));
    assert_eq!(store.flow_view(&owner(), full.id.as_str()).unwrap(), Some(full.view()));
}

#[tokio::test]
async fn a_command_beside_a_server_sees_its_writes_and_is_seen() {
    let dir = folder();
    let server = open(dir.path());
    server.act(Store::create_flow(named("f"))).await.unwrap();
    let command = Store::open_beside(dir.path()).unwrap();
    assert!(command.find_flow("f").unwrap().is_some());
    bump(&command, "f").await;
    command.close().await;
    assert!(server.flow_view(&owner(), "f").unwrap().unwrap().contains(r#""revision":1"#));
    assert_eq!(bump(&server, "f").await.revision, 2);
}

#[test]
fn beside_nothing_there_is_nothing_to_open() {
    let dir = folder();
    let refused = Store::open_beside(dir.path()).err().unwrap();
    assert!(matches!(refused, StoreError::Missing { .. }));
    assert!(refused.to_string().contains("start the server once"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_database_of_a_newer_release_is_refused_and_left_alone() {
    let dir = folder();
    drop(open(dir.path()));
    let path = dir.path().join("sandclaw.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Store::open(dir.path(), Clock::system()).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused}");
    assert!(matches!(Store::open_beside(dir.path()), Err(StoreError::Newer { .. })));
    let version: u32 = Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn an_empty_file_is_migrated_by_a_server_only() {
    let dir = folder();
    fs::write(dir.path().join("sandclaw.db"), "").unwrap();
    assert!(matches!(Store::open_beside(dir.path()), Err(StoreError::Older { found: 0, .. })));
    drop(open(dir.path()));
    Store::open_beside(dir.path()).unwrap();
}

#[test]
fn databases_of_others_and_other_files_are_refused() {
    let dir = folder();
    let path = dir.path().join("sandclaw.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(Store::open(dir.path(), Clock::system()), Err(StoreError::Foreign { .. })));
    assert!(matches!(Store::open_beside(dir.path()), Err(StoreError::Foreign { .. })));
    let mode: String = Connection::open(&path).unwrap().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "left as it was");
    fs::write(&path, "no database at all, but long enough to be looked at as one".repeat(20)).unwrap();
    assert!(matches!(Store::open(dir.path(), Clock::system()), Err(StoreError::Damaged(_))));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = folder();
    fs::write(dir.path().join("file"), "").unwrap();
    let refused = Store::open(&dir.path().join("file/state"), Clock::system()).err().unwrap().to_string();
    assert!(refused.contains("file/state"), "{refused}");
}

#[test]
fn what_a_killed_server_left_is_waited_for() {
    let dir = folder();
    drop(open(dir.path()));
    let path = dir.path().join("sandclaw.lock");
    // No process has this id: Linux gives none above 2^22.
    fs::write(&path, "4294967295\n").unwrap();
    let orphan = fs::File::open(&path).unwrap();
    orphan.lock().unwrap();
    let server = std::thread::scope(|scope| {
        let opening = scope.spawn(|| Store::open(dir.path(), Clock::system()));
        orphan.unlock().unwrap();
        opening.join().unwrap()
    });
    assert!(server.is_ok());
    let holder = fs::read_to_string(&path).unwrap();
    assert_eq!(holder, format!("{}\n", std::process::id()));
}
