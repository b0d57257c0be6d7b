//! Route actions as steps of a workflow: bound to the session of its runs, without a request, and admitted in turn.

use std::sync::Arc;

use gateway_tests::{guest, plugin};
use sandclaw::clock::Clock;
use sandclaw::config::RouteLimits;
use sandclaw::json::canonical;
use sandclaw::limits::{Admissions, Budget};
use sandclaw::model::{Grants, Ids, SessionKey, WorkflowName};
use sandclaw::sandbox::{
    Compiler, FailureKind, Outcome, PluginFolder, Plugins, PoolSize, Reply, SandboxEngine, Source, StepSlot,
    tell_nobody,
};
use sandclaw::store::{Once, Store};
use sandclaw::taskflow::{Session, TaskFlows};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A workflow `nightly` with the step `step.wasm`, and a run of it whose flow belongs to [`SESSION`].
struct Nightly {
    _folders: [TempDir; 2],
    taskflows: TaskFlows,
    slot: Arc<StepSlot>,
    plugins: Plugins,
}

const SESSION: &str = "agent:main:nightly";

impl Nightly {
    async fn with(step: &[u8], grants: &[&str]) -> Self {
        let (folder, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("step.wasm"), step).unwrap();
        let store = Store::open(state.path(), Clock::system()).unwrap();
        let taskflows = TaskFlows::new(store, Clock::system(), Ids);
        let limits = RouteLimits::default();
        let slot = Arc::new(StepSlot::new(
            WorkflowName::new("nightly"),
            Source::File { name: "step.wasm".into(), digest: None },
            grants.iter().map(|grant| grant.parse().unwrap()).collect::<Grants>(),
            taskflows.bind(SessionKey::new("workflow:nightly"), "workflows/nightly"),
            Budget::from(&limits),
            Clock::system(),
            tell_nobody(),
        ));
        let size = PoolSize { runs: 4, memory_max_bytes: limits.memory_max_bytes, pagemap_scan: false };
        let compiler = Compiler::new(SandboxEngine::new(size).unwrap(), None);
        let files = PluginFolder::open(folder.path()).unwrap();
        let plugins = Plugins::new(compiler, Some(files), Vec::new(), Vec::new()).with_steps(vec![slot.clone()]);
        plugins.load_all().await;
        Self { _folders: [folder, state], taskflows, slot, plugins }
    }

    async fn run(&self, arguments: &Value) -> Outcome {
        let admission = Admissions::new(4).admit_step(self.slot.budget()).await;
        let body = canonical(arguments.to_string().as_bytes()).unwrap();
        let once = Once::delivery("step", Ids.flow().as_str());
        self.slot.run(admission, body, &SessionKey::new(SESSION), once).await.unwrap()
    }

    fn session(&self, key: &str) -> Session {
        self.taskflows.bind(SessionKey::new(key), "")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_acts_in_the_session_of_its_run_and_in_no_other() {
    let nightly = Nightly::with(&plugin("hello_route"), &["flow/create"]).await;
    let Outcome::Replied(Reply { status: 201, result, .. }) = nightly.run(&json!({"name": "Ada"})).await else {
        panic!("it does not greet");
    };
    let flow: Value = serde_json::from_str(result.as_str()).unwrap();
    let flow = flow["flowId"].as_str().unwrap();
    let made = nightly.session(SESSION).get_flow(flow).unwrap().expect("a flow of the run's session");
    assert!(made.contains(r#""goal":"Greet Ada""#) && made.contains("workflows/nightly"), "{made}");
    for other in ["agent:main:other", "workflow:nightly"] {
        assert_eq!(nightly.session(other).get_flow(flow).unwrap(), None, "{other}");
    }
    assert!(matches!(nightly.run(&json!({})).await, Outcome::InvalidRequest(why) if why.contains("name")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_has_its_arguments_and_no_request() {
    let nightly = Nightly::with(&guest("echoes"), &[]).await;
    let Outcome::Replied(reply) = nightly.run(&json!({"n": 1})).await else { panic!("it does not echo") };
    let told: Value = serde_json::from_str(reply.result.as_str()).unwrap();
    let nothing = json!({"routeId": "nightly", "query": "", "header": null, "authorization": null, "headers": [], "body": {"n": 1}});
    assert_eq!(told, nothing);
    assert_eq!(nightly.plugins.standings()[0].user.to_string(), "workflow \"nightly\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_ends_at_its_limits_and_needs_its_grants() {
    let nightly = Nightly::with(&guest("fails"), &[]).await;
    assert!(
        matches!(nightly.run(&json!({})).await, Outcome::Failed(failure) if failure.kind == FailureKind::GuestError)
    );
    let ungranted = Nightly::with(&plugin("hello_route"), &[]).await;
    let reason = ungranted.slot.status().refused.clone().unwrap();
    assert!(reason.starts_with("workflow \"nightly\" not started: step.wasm"), "{reason}");
    assert!(reason.contains("to allow, write:  grants: [\"flow/create/create-flow\"]"), "{reason}");
}
