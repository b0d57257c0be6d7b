//! Files that appear, change and break while the gateway serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gateway_tests::{Gateway, eventually, guest};
use sha2::{Digest, Sha256};

/// A gateway whose route `swapped` runs `swapped.wasm`.
async fn serving(first: &str) -> Gateway {
    Gateway::builder()
        .file("swapped.wasm", &guest(first))
        .route(
            "swapped",
            "agent:swapped:main",
            r#"plugin: "swapped.wasm", limits: { rateRequests: 100000, inFlight: 64 }"#,
        )
        .start()
        .await
}

async fn answers(gateway: &Gateway, expected: u32) -> bool {
    gateway.client.route("swapped", "{}").send().await.result() == expected
}

#[tokio::test(flavor = "multi_thread")]
pub async fn says_one() {
    assert!(answers(&serving("says_one").await, 1).await);
}

/// Swapped in under load: every request is answered by one of the two, none fails.
#[tokio::test(flavor = "multi_thread")]
pub async fn says_two() {
    let gateway = serving("says_one").await;
    let (done, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (client, done, failed) = (gateway.client.clone(), done.clone(), failed.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    if client.route("swapped", "{}").send().await.status != 200 {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for (file, expected) in [("says_two", 2), ("says_one", 1), ("says_two", 2)] {
        gateway.drop_in("swapped.wasm", &guest(file));
        eventually("the new component answers", || answers(&gateway, expected)).await;
    }
    done.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    assert_eq!(failed.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_does_not_replace_a_good_one_and_the_status_says_why() {
    let gateway = serving("says_one").await;
    let slot = gateway.plugins().slots()[0].clone();
    for (bad, why) in [
        (guest("wrong_world"), "not a route action"),
        (guest("asks_for_ungranted"), "needs clock"),
        (b"junk".to_vec(), "not a WebAssembly file"),
    ] {
        gateway.drop_in("swapped.wasm", &bad);
        eventually(why, || async { slot.status().refused.as_ref().is_some_and(|reason| reason.contains(why)) }).await;
        assert!(answers(&gateway, 1).await, "the last good one goes on serving");
    }
    std::fs::remove_file(gateway.path().join("plugins/swapped.wasm")).unwrap();
    eventually("the missing file is told", || async {
        slot.status().refused.as_ref().is_some_and(|reason| reason.contains("not in the plugins folder"))
    })
    .await;
    assert!(answers(&gateway, 1).await);
    gateway.drop_in("swapped.wasm", &guest("says_two"));
    eventually("a good file serves again", || answers(&gateway, 2)).await;
    assert_eq!(slot.status().refused, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_route_comes_alive_when_a_good_file_is_dropped_in() {
    let gateway = serving("wrong_world").await;
    assert_eq!(gateway.client.route("swapped", "{}").send().await.status, 503);
    gateway.drop_in("swapped.wasm", &guest("says_two"));
    eventually("the route comes alive", || async { gateway.client.route("swapped", "{}").send().await.status == 200 })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_route_is_in_quarantine_and_never_run() {
    let gateway = serving("says_one").await;
    gateway.drop_in("stranger.wasm", &guest("says_two"));
    assert_eq!(gateway.plugins().quarantined(), ["stranger.wasm"]);
    assert_eq!(gateway.client.route("stranger", "{}").send().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_keeps_crashing_rests_longer_each_time_and_a_new_file_is_given_a_new_chance() {
    let gateway = Gateway::builder().guest("recurses_deep", "").start().await;
    let call = || gateway.client.route("recurses_deep", "{}").send();
    for _ in 0..5 {
        assert_eq!(call().await.code(), "trap");
    }
    let resting = call().await;
    assert_eq!((resting.status.as_u16(), resting.code().as_str()), (503, "plugin-poisoned"));
    assert_eq!(resting.headers["retry-after"], "1");

    gateway.clock.advance(1_000);
    assert_eq!(call().await.code(), "trap", "after its rest it is tried again");
    assert_eq!(call().await.headers["retry-after"], "2");

    gateway.drop_in("recurses_deep.wasm", &guest("says_one"));
    eventually("the new file serves", || async { call().await.status == 200 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_file_is_only_loaded_with_its_digest() {
    let pin = |bytes: &[u8]| format!("sha256:{:x}", Sha256::digest(bytes));
    let route = |digest: String| format!(r#"plugin: {{ file: "pinned.wasm", digest: "{digest}" }}"#);
    let good = Gateway::builder()
        .file("pinned.wasm", &guest("says_one"))
        .route("pinned", "agent:a:main", &route(pin(&guest("says_one"))))
        .start()
        .await;
    assert_eq!(good.client.route("pinned", "{}").send().await.status, 200);

    let bad = Gateway::builder()
        .file("pinned.wasm", &guest("says_two"))
        .route("pinned", "agent:a:main", &route(pin(&guest("says_one"))))
        .start()
        .await;
    assert_eq!(bad.client.route("pinned", "{}").send().await.status, 503);
    let refused = bad.plugins().slots()[0].status().refused.clone().unwrap();
    assert!(refused.contains("the config pins") && refused.contains(&pin(&guest("says_two"))), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_serves_several_routes_each_with_its_own_session_and_limits() {
    let route = |more: &str| format!(r#"plugin: "echoes.wasm", {more}"#);
    let gateway = Gateway::builder()
        .file("echoes.wasm", &guest("echoes"))
        .route("a", "agent:a:main", &route(""))
        .route("b", "agent:b:main", &route("limits: { hostCalls: 1 }"))
        .start()
        .await;
    assert_eq!(gateway.client.route("a", "{}").send().await.result()["routeId"], "a");
    assert_eq!(gateway.client.route("b", "{}").send().await.code(), "host-calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_compile_cache_is_compiled_again_and_never_run() {
    let mut gateway = serving("says_one").await;
    gateway.stop().await;
    let compiled: Vec<_> =
        std::fs::read_dir(gateway.path().join("state/cache")).unwrap().flatten().map(|file| file.path()).collect();
    assert!(compiled.len() >= 2, "{compiled:?}");
    for file in compiled.iter().filter(|file| file.extension().is_some_and(|extension| extension == "cwasm")) {
        let mut bytes = std::fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0xcc);
        std::fs::write(file, bytes).unwrap();
    }
    assert!(answers(&gateway.restart().await, 1).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compile_cache_that_others_may_write_to_is_refused() {
    let mut gateway = serving("says_one").await;
    gateway.stop().await;
    let cache = gateway.path().join("state/cache");
    std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let refused = gateway.try_restart().await.err().expect("a refusal").to_string();
    assert!(refused.contains("others may write to the compile cache") && refused.contains("chmod 700"), "{refused}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_out_of_the_plugins_folder_is_not_followed() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), guest("says_one")).unwrap();
    let builder = Gateway::builder().route("linked", "agent:a:main", r#"plugin: "linked.wasm""#);
    let (config, _folder) = builder.write();
    std::os::unix::fs::symlink(outside.path(), config.with_file_name("plugins").join("linked.wasm")).unwrap();
    let gateway = builder.start().await;
    assert_eq!(gateway.client.route("linked", "{}").send().await.status, 503);
}
