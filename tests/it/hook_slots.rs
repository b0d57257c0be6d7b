//! The files of hook transforms while a gateway serves: swapped, refused, put to rest, and what is told of it.

use std::sync::{Arc, Mutex};

use gateway_tests::{eventually, guest};
use sandclaw::clock::Clock;
use sandclaw::config::RouteLimits;
use sandclaw::json::canonical;
use sandclaw::limits::{Admissions, Budget};
use sandclaw::model::{EventKind, Grant, Grants, MappingName, Millis, Power};
use sandclaw::sandbox::{
    Announce, Compiler, FailureKind, HookOutcome, HookRequest, HookRun, HookSlot, NotReady, PluginFolder, Plugins,
    PoolSize, SandboxEngine, Source, Watch,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const MAPPING: &str = "hooks.mappings[3] (github)";

/// The slot of a mapping with the transform `hook.wasm`, watched.
pub struct Github {
    folder: TempDir,
    slot: Arc<HookSlot>,
    plugins: Arc<Plugins>,
    clock: Clock,
    news: Arc<Mutex<Vec<(EventKind, Value)>>>,
    _watch: Watch,
}

impl Github {
    async fn with(file: &str, grants: Grants) -> Self {
        Self::of(&guest(file), grants).await
    }

    /// With this component as the transform.
    pub async fn of(component: &[u8], grants: Grants) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hook.wasm"), component).unwrap();
        let news = Arc::new(Mutex::new(Vec::new()));
        let heard = news.clone();
        let announce: Announce =
            Arc::new(move |kind, data| heard.lock().unwrap().push((kind, serde_json::from_str(&data).unwrap())));
        let clock = Clock::test(Millis(1_795_000_000_000));
        let limits = RouteLimits::default();
        let source = Source::File { name: "hook.wasm".into(), digest: None };
        let budget = Budget::from(&limits);
        let slot = HookSlot::new(MappingName::new(MAPPING), source, grants, budget, clock.clone(), announce);
        let slot = Arc::new(slot);
        let size = PoolSize { runs: 4, memory_max_bytes: limits.memory_max_bytes, pagemap_scan: false };
        let compiler = Compiler::new(SandboxEngine::new(size).unwrap(), None);
        let files = PluginFolder::open(folder.path()).unwrap();
        let plugins = Plugins::new(compiler, Some(files), Vec::new(), Vec::new()).with_hooks(vec![slot.clone()]);
        let plugins = Arc::new(plugins);
        plugins.load_all().await;
        let watch = Watch::start(plugins.clone()).unwrap();
        Self { folder, slot, plugins, clock, news, _watch: watch }
    }

    fn drop_in(&self, file: &str, bytes: &[u8]) {
        let part = self.folder.path().join(".part");
        std::fs::write(&part, bytes).unwrap();
        std::fs::rename(part, self.folder.path().join(file)).unwrap();
    }

    async fn run(&self) -> Result<HookRun, NotReady> {
        self.run_on(Vec::new(), b"{}").await
    }

    /// Runs the transform on one request with these headers and this body, without a config.
    pub async fn run_on(&self, headers: Vec<(String, String)>, body: &[u8]) -> Result<HookRun, NotReady> {
        let admission = Admissions::new(4).admit_transform(self.slot.budget()).await;
        let request = HookRequest {
            payload: canonical(body).unwrap(),
            headers,
            url: "/hooks/github".into(),
            path: "github".into(),
            raw_body: body.to_vec(),
        };
        self.slot.run(admission, request, "null").await
    }

    fn news(&self) -> Vec<(EventKind, Value)> {
        self.news.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_transform_is_swapped_in_and_a_bad_one_leaves_the_last_good_one() {
    let github = Github::with("hook_changes_nothing", Grants::default()).await;
    let (first, mut swaps) = (github.slot.serving().unwrap(), github.slot.swaps());
    swaps.mark_unchanged();
    assert_eq!(github.run().await.unwrap().outcome, HookOutcome::Unchanged);

    github.drop_in("hook.wasm", &guest("transform_echo"));
    let is_told = || async { github.slot.status().refused.as_ref().is_some_and(|why| why.contains("not a hook")) };
    eventually("it is refused", is_told).await;
    assert_eq!(github.run().await.unwrap().digest, first, "the last good one goes on serving");

    github.drop_in("hook.wasm", &guest("hook_skips"));
    swaps.changed().await.unwrap();
    let run = github.run().await.unwrap();
    assert_eq!((run.outcome, Some(run.digest)), (HookOutcome::Skip, github.slot.serving()));
    let news = github.news();
    assert_eq!(
        news.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [EventKind::PluginRefused, EventKind::PluginSwapped]
    );
    assert!(news.iter().all(|(_, data)| data["mapping"] == MAPPING && data["file"] == "hook.wasm"), "{news:?}");
    assert_eq!(github.plugins.standings()[0].user.to_string(), format!("mapping \"{MAPPING}\""));
}

#[tokio::test(flavor = "multi_thread")]
pub async fn hook_traps() {
    let github = Github::with("hook_traps", Grants::default()).await;
    for _ in 0..5 {
        let HookOutcome::Failed(failure) = github.run().await.unwrap().outcome else { panic!("it does not trap") };
        assert_eq!(failure.kind, FailureKind::Trap);
    }
    assert_eq!(github.run().await.unwrap_err(), NotReady::Resting { for_ms: 1_000 });
    let told = json!({
        "mapping": MAPPING,
        "file": "hook.wasm",
        "serving": github.slot.serving().unwrap().to_string(),
        "restsUntil": "2026-11-18T11:06:41.000Z",
    });
    assert_eq!(github.news(), [(EventKind::PluginPoisoned, told)]);
    github.clock.advance(1_000);
    assert!(github.run().await.is_ok(), "after its rest it is tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_that_nobody_names_are_in_quarantine() {
    let github = Github::with("hook_skips", Grants::default()).await;
    github.drop_in("stranger.wasm", &guest("hook_overrides"));
    assert_eq!(github.plugins.quarantined(), ["stranger.wasm"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_by_mistake_is_not_given() {
    let grants = [Power::FlowRead, Power::Clock].map(Grant::whole).into_iter().collect();
    let github = Github::with("hook_reads_flows", grants).await;
    let reason = github.slot.status().refused.clone().unwrap();
    assert!(reason.starts_with(&format!("mapping \"{MAPPING}\" not started: hook.wasm")), "{reason}");
    assert!(reason.contains("which a hook transform never has") && reason.contains("granted clock"), "{reason}");
}
