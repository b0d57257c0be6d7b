//! The files of outbound transforms while a gateway serves: swapped, refused, put to rest, and what is told of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway_tests::{Gateway, eventually, guest};
use sandclaw::app;
use sandclaw::clock::Clock;
use sandclaw::config::webhooks::{
    Backoff, Breaker, Endpoint, Filter, OnTransformFailure, Ordering, Retry, Signing, Timeouts, Transform,
};
use sandclaw::config::{Component, Config, RouteLimits};
use sandclaw::json::canonical;
use sandclaw::limits::{Admissions, Budget};
use sandclaw::model::{EndpointName, EventKind, Grants, Millis};
use sandclaw::sandbox::{
    Announce, Compiler, FailureKind, NotReady, PluginFolder, Plugins, PoolSize, SandboxEngine, Source,
    TransformOutcome, TransformRun, TransformSlot, Watch,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The slot of an endpoint `crm` with the transform `crm.wasm`, watched.
struct Crm {
    folder: TempDir,
    slot: Arc<TransformSlot>,
    plugins: Arc<Plugins>,
    admissions: Admissions,
    clock: Clock,
    news: Arc<Mutex<Vec<(EventKind, Value)>>>,
    _watch: Watch,
}

impl Crm {
    async fn with(file: &str, grants: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("crm.wasm"), guest(file)).unwrap();
        let news = Arc::new(Mutex::new(Vec::new()));
        let heard = news.clone();
        let announce: Announce =
            Arc::new(move |kind, data| heard.lock().unwrap().push((kind, serde_json::from_str(&data).unwrap())));
        let clock = Clock::test(Millis(1_795_000_000_000));
        let grants: Grants = grants.iter().map(|grant| grant.parse().unwrap()).collect();
        let limits = RouteLimits::default();
        let source = Source::File { name: "crm.wasm".into(), digest: None };
        let slot = Arc::new(TransformSlot::new(
            EndpointName::new("crm"),
            source,
            grants,
            Budget::from(&limits),
            clock.clone(),
            announce,
        ));
        let size = PoolSize { runs: 4, memory_max_bytes: limits.memory_max_bytes, pagemap_scan: false };
        let compiler = Compiler::new(SandboxEngine::new(size).unwrap(), None);
        let plugins =
            Plugins::new(compiler, Some(PluginFolder::open(folder.path()).unwrap()), Vec::new(), vec![slot.clone()]);
        let plugins = Arc::new(plugins);
        plugins.load_all().await;
        let watch = Watch::start(plugins.clone()).unwrap();
        Self { folder, slot, plugins, admissions: Admissions::new(4), clock, news, _watch: watch }
    }

    fn drop_in(&self, file: &str, bytes: &[u8]) {
        let part: PathBuf = self.folder.path().join(".part");
        std::fs::write(&part, bytes).unwrap();
        std::fs::rename(part, self.folder.path().join(file)).unwrap();
    }

    async fn run(&self) -> Result<TransformRun, NotReady> {
        let admission = self.admissions.admit_transform(self.slot.budget()).await;
        self.slot.run(admission, r#"{"type":"x"}"#, "{}").await
    }

    async fn refused(&self, why: &str) {
        let is_told = || async { self.slot.status().refused.as_ref().is_some_and(|reason| reason.contains(why)) };
        eventually(why, is_told).await;
    }

    fn news(&self) -> Vec<(EventKind, Value)> {
        self.news.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_transform_is_swapped_in_and_a_bad_one_is_told_once() {
    let crm = Crm::with("transform_echo", &[]).await;
    let (first, mut swaps) = (crm.slot.serving().unwrap(), crm.slot.swaps());
    assert_eq!(*swaps.borrow_and_update(), Some(first));
    assert_eq!(crm.run().await.unwrap().digest, first);
    assert_eq!(crm.news(), [], "a component that is there at the start is no news");

    for _ in 0..3 {
        crm.drop_in("crm.wasm", b"junk");
        crm.refused("not a WebAssembly file").await;
        crm.plugins.reload("crm.wasm").await;
    }
    assert_eq!(crm.run().await.unwrap().digest, first, "the last good one goes on serving");
    crm.drop_in("crm.wasm", &guest("transform_skips"));
    swaps.changed().await.unwrap();
    let second = crm.slot.serving().unwrap();
    assert_eq!(*swaps.borrow(), Some(second));
    let run = crm.run().await.unwrap();
    assert!(matches!(run.outcome, TransformOutcome::Skip(_)) && run.digest == second, "{run:?}");
    let (first, second) = (first.to_string(), second.to_string());
    let reason = "crm.wasm: not a WebAssembly file";
    assert_eq!(
        crm.news(),
        [
            (
                EventKind::PluginRefused,
                json!({"endpoint": "crm", "file": "crm.wasm", "serving": first, "reason": reason})
            ),
            (EventKind::PluginSwapped, json!({"endpoint": "crm", "file": "crm.wasm", "from": first, "to": second})),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_without_a_good_transform_comes_alive_with_one() {
    let crm = Crm::with("says_one", &[]).await;
    assert_eq!(crm.run().await.unwrap_err(), NotReady::Refused);
    crm.refused("not an outbound transform").await;
    let mut swaps = crm.slot.swaps();
    crm.drop_in("crm.wasm", &guest("transform_echo"));
    swaps.changed().await.unwrap();
    assert!(crm.run().await.is_ok());
    let kinds: Vec<EventKind> = crm.news().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [EventKind::PluginRefused, EventKind::PluginSwapped]);
    assert_eq!(crm.news()[1].1["from"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transform_that_keeps_crashing_rests_and_a_new_file_is_given_a_new_chance() {
    let crm = Crm::with("transform_traps", &[]).await;
    for _ in 0..5 {
        let TransformOutcome::Failed(failure) = crm.run().await.unwrap().outcome else { panic!("it does not trap") };
        assert_eq!(failure.kind, FailureKind::Trap);
    }
    assert_eq!(crm.run().await.unwrap_err(), NotReady::Resting { for_ms: 1_000 });
    let told = json!({
        "endpoint": "crm",
        "file": "crm.wasm",
        "serving": crm.slot.serving().unwrap().to_string(),
        "restsUntil": "2026-11-18T11:06:41.000Z",
    });
    assert_eq!(crm.news(), [(EventKind::PluginPoisoned, told)]);
    crm.clock.advance(1_000);
    assert!(crm.run().await.is_ok(), "after its rest it is tried again");
    crm.drop_in("crm.wasm", &guest("transform_echo"));
    crm.slot.swaps().wait_for(|_| crm.slot.rests_until().is_none()).await.unwrap();
    eventually("the new one runs", || async {
        matches!(crm.run().await, Ok(run) if matches!(run.outcome, TransformOutcome::Send(_)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_by_mistake_is_not_given() {
    let crm = Crm::with("transform_reads_flows", &["flow/read", "clock"]).await;
    let reason = crm.slot.status().refused.clone().unwrap();
    assert!(reason.starts_with("endpoint \"crm\" not started: crm.wasm") && reason.contains("never has"), "{reason}");
    assert!(reason.contains("granted clock   unused: clock"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_transform_is_not_in_quarantine() {
    let crm = Crm::with("transform_echo", &[]).await;
    crm.drop_in("stranger.wasm", &guest("transform_echo"));
    assert_eq!(crm.plugins.quarantined(), ["stranger.wasm"]);
    let standing = &crm.plugins.standings()[0];
    assert_eq!((standing.user.word(), standing.user.name(), standing.file.as_str()), ("endpoint", "crm", "crm.wasm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_events_give_equal_messages_in_any_run() {
    let crm = Crm::with("transform_draws_lots", &[]).await;
    let first = crm.run().await.unwrap().outcome;
    assert!(matches!(first, TransformOutcome::Send(_)), "{first:?}");
    for _ in 0..10 {
        assert_eq!(crm.run().await.unwrap().outcome, first);
    }
}

/// An endpoint with this transform, and nothing else to be said of it.
fn endpoint(name: &str, file: &str, enabled: bool) -> Endpoint {
    let second = Duration::from_secs(1);
    Endpoint {
        name: EndpointName::new(name),
        url: "https://crm.example/".parse().unwrap(),
        secrets: Vec::new(),
        events: vec!["*".into()],
        filter: Filter::default(),
        headers: Vec::new(),
        retry: Retry { max_attempts: 1, backoff: Backoff::Schedule(Vec::new()) },
        transform: Transform::Component {
            component: Box::new(Component {
                file: file.into(),
                digest: None,
                config: canonical(b"{}").unwrap(),
                grants: ["clock".parse().unwrap()].into_iter().collect(),
                limits: RouteLimits::default(),
            }),
            on_failure: OnTransformFailure::Dead,
        },
        timeouts: Timeouts { connect: second, headers: second, total: second },
        rate_limit: None,
        max_in_flight: 1,
        ordering: Ordering::None,
        signing: Signing::None,
        allow_private: Vec::new(),
        breaker: Breaker { failures: 1, open: second, open_max: second },
        disable_after: None,
        enabled,
        callbacks: Vec::new(),
        definition: canonical(b"{}").unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_loads_the_transforms_of_its_endpoints_and_an_inspection_shows_them() {
    let builder = Gateway::builder()
        .file("good.wasm", &guest("transform_echo"))
        .file("action.wasm", &guest("says_one"))
        .file("off.wasm", &guest("transform_echo"));
    let (file, _folder) = builder.write();
    let mut config = Config::load(&file).unwrap();
    config.webhooks.endpoints = vec![
        endpoint("crm", "good.wasm", true),
        endpoint("audit", "action.wasm", true),
        endpoint("x", "off.wasm", false),
    ];
    let inspection = app::inspect_all(&config).await.unwrap();
    let of = |file: &str| inspection.found.iter().find(|found| found.file == file).unwrap();
    let name = |file: &str| of(file).user.as_ref().map(|user| format!("{} {}", user.word(), user.name()));
    assert_eq!((name("good.wasm").as_deref(), &of("good.wasm").refused), (Some("endpoint crm"), &None));
    assert_eq!(of("good.wasm").unused, ["clock"]);
    assert_eq!((name("action.wasm").as_deref(), name("off.wasm")), (Some("endpoint audit"), None));
    let problems: Vec<&str> = inspection.problems().collect();
    assert!(problems.len() == 1 && problems[0].contains("action.wasm: not an outbound transform"), "{problems:?}");

    let running = app::start(config, Clock::system()).await.unwrap();
    let serving: Vec<bool> = running.plugins.transforms().iter().map(|slot| slot.serving().is_some()).collect();
    assert_eq!((serving, running.plugins.quarantined()), (vec![true, false], vec!["off.wasm".to_owned()]));
    let told = app::ask_plugins(&file.with_file_name("state")).await.unwrap();
    assert_eq!((&told["slots"][0]["endpoint"], &told["slots"][0]["file"]), (&json!("crm"), &json!("good.wasm")));
    running.cut();
    running.ended().await.unwrap();
}
