//! The real program is killed between any two writes of a run, at every point there is, and in the end nobody can tell: the run is begun, killed,
//! asked for again under the same key, and compared with one that was left alone. There are three points in each transaction (see
//! `shims/die_at_write.c`); `CRASH_POINTS=every cargo test -p gateway-tests every_write` makes one of each single write, some hundreds.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gateway_tests::{Answer, Process, eventually, plugin};
use sandclaw::clock::Clock;
use sandclaw::store::Store;
use sandclaw::workflow::approvals::Approvals;
use serde_json::Value;
use tempfile::TempDir;

use super::{Workflows, calls, record, said, steps};
use crate::PROGRAM;

const FIVE: &str = r#"
steps:
  - id: one
    command: ["npm", "one"]
    retry: { max: 1, safe: true }
  - id: tell
    tool: message
    args: { channel: "webhook:sink", text: "at ${one.stdout}" }
  - id: hello
    plugin: hello.wasm
    args: { name: "Ada" }
  - id: never
    when: $one.json == 5
    command: ["npm", "never"]
  - id: ask
    approval: { prompt: "go on?", approvers: [alice] }
  - id: last
    command: ["npm", "last", "${hello.json.greeting}"]
    retry: { max: 1, safe: true }
"#;

const ONCE: &str = "steps:\n  - id: once\n    command: [npm, once]\n  - id: after\n    command: [npm, after]\n";

/// Where it has died in the end: before there was anything of the run, with each step under way, and behind each step.
const STAGES: [&str; 11] = [
    "",
    "one",
    "one succeeded",
    "tell",
    "tell succeeded",
    "hello",
    "hello succeeded",
    "never skipped",
    "ask waiting",
    "last",
    "last succeeded",
];

/// From the first point to the one that is not reached any more. Once is enough, but for what else is written: the outbound engine notes the events
/// that it has seen, now in one transaction and now in three, so that some later run may have fewer points. Then it is gone through again.
const SWEEPS_MAX: usize = 10;

/// A folder whose gateway can be told when to die.
struct Mortal {
    workflow: &'static str,
    config: PathBuf,
    folder: Arc<TempDir>,
    shim: PathBuf,
}

impl Mortal {
    fn new(workflow: &'static str, text: &str, rights: &str) -> Self {
        let sink = "channels: { \"webhook:sink\": { url: \"http://127.0.0.1:9/\", allowPrivate: [\"127.0.0.1/32:9\"], \
            retry: { maxAttempts: 100, backoffMs: 60000 }, breaker: { failures: 100000 } } },";
        let workflows = Workflows::new().flow(workflow, text, rights).top(sink);
        workflows.program("npm", "echo \"$1\"");
        let (config, folder) = workflows.with().file("hello.wasm", &plugin("hello_route")).write();
        let shim = folder.path().join("die_at_write.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/shims/die_at_write.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&shim).arg(source).status().unwrap();
        assert!(built.success(), "the C compiler that the program itself needs");
        Self { workflow, config, folder, shim }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self) -> Process {
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--config").arg(&self.config);
        command.env("LD_PRELOAD", &self.shim).env("DIE_AT", self.path().join("die-at"));
        Process::spawn(&mut command, &self.config)
    }

    /// From here on the writes of the gateway are counted.
    fn arm(&self, point: usize) {
        let every = if is_every_write() { " every" } else { "" };
        fs::write(self.path().join("die-at.part"), format!("{point}{every}")).unwrap();
        fs::rename(self.path().join("die-at.part"), self.path().join("die-at")).unwrap();
    }

    fn disarm(&self) {
        fs::remove_file(self.path().join("die-at")).unwrap();
    }

    fn store(&self) -> Store {
        Store::open_beside(&self.path().join("state")).unwrap()
    }

    /// The flows with this goal, the newest first.
    fn flows(&self, goal: &str) -> Vec<Value> {
        let views = self.store().all_flows(None).unwrap().into_iter().map(|flow| flow.view());
        views.map(|view| serde_json::from_str::<Value>(&view).unwrap()).filter(|flow| flow["goal"] == goal).collect()
    }

    /// The flows of its runs: their goal is the workflow's name, where it has no description.
    fn runs(&self) -> Vec<Value> {
        self.flows(self.workflow)
    }

    /// Asks for a run, and sees it through: its record in the end, or nothing if the gateway died before.
    async fn run(&self, gateway: &Process, key: &str) -> Option<Value> {
        let Ok(answer) = self.begin(gateway, key).await else {
            eventually("it is dead", || async { gateway.has_ended() }).await;
            return None;
        };
        assert_eq!(answer.status, 202, "{}", answer.text);
        let flow = answer.json()["flowId"].as_str().unwrap().to_owned();
        eventually("it ends, or is killed", || async { gateway.has_ended() || self.goes_on(gateway, &flow).await })
            .await;
        Some(record(self.path(), &flow)).filter(|record| !gateway.has_ended() && is_over(record))
    }

    async fn begin(&self, gateway: &Process, key: &str) -> anyhow::Result<Answer> {
        let post = gateway.client.post(&format!("/taskflow/{}", self.workflow), "{}");
        let token = format!("t-{}-0123456789abcdef0123456789", self.workflow);
        post.header("x-openclaw-token", &token).header("idempotency-key", key).try_send().await
    }

    /// Says yes if the run asks; whether it is over.
    async fn goes_on(&self, gateway: &Process, flow: &str) -> bool {
        let record = record(self.path(), flow);
        if record["status"] != "waiting" {
            return is_over(&record);
        }
        let store = self.store();
        let asks = store.asks(true).unwrap();
        let ask = asks.iter().find(|ask| ask.flow.as_str() == flow).expect("it waits for an answer");
        let desk = Approvals::new(store.clone(), Clock::system(), &self.path().join("state"), None, None).unwrap();
        let path = format!("/approvals/{}", desk.link(&ask.id, "alice").unwrap());
        let form = "application/x-www-form-urlencoded";
        // No answer means that it died of it.
        if let Ok(answer) = gateway.client.post(&path, "decision=approve").content_type(form).try_send().await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        false
    }
}

fn is_every_write() -> bool {
    std::env::var("CRASH_POINTS").is_ok_and(|points| points == "every")
}

fn is_over(record: &Value) -> bool {
    ["succeeded", "failed", "cancelled"].iter().any(|status| record["status"] == *status)
}

/// What is left in the end, without times and without what has an id in it: the digest of the request (with its key and port), the message's
/// output and the component's.
fn ending(record: &Value) -> Value {
    let mut record = record.clone();
    record["stateJson"]["input"].take();
    for step in record["stateJson"]["steps"].as_array_mut().unwrap() {
        if step["id"] == "tell" || step["id"] == "hello" {
            step["output"].take();
        }
    }
    let keys = ["status", "stateJson", "waitJson", "currentStep", "revision", "controllerId", "goal", "blockedSummary"];
    keys.iter().map(|key| ((*key).to_owned(), record[*key].clone())).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_between_any_two_writes_ends_as_one_that_was_not() {
    let mortal = Mortal::new("five", FIVE, "plugins: { \"hello.wasm\": { grants: [\"flow/create\"] } }");
    let mut gateway = mortal.start();
    let whole = ending(&mortal.run(&gateway, "left-alone").await.unwrap());
    assert_eq!(whole["status"], "succeeded", "{whole}");
    let seen_once = calls(mortal.path());
    let (mut stages, mut point, mut sweeps, mut runs) = (BTreeSet::new(), 0, 0, 1);
    while sweeps < SWEEPS_MAX && !(sweeps > 0 && STAGES.iter().all(|stage| stages.contains(*stage))) {
        fs::remove_file(mortal.path().join("calls")).unwrap();
        (point, runs) = (point + 1, runs + 1);
        let key = format!("run-{runs}");
        mortal.arm(point);
        let survived = mortal.run(&gateway, &key).await;
        mortal.disarm();
        if let Some(record) = &survived {
            assert_eq!(ending(record), whole);
            (point, sweeps) = (0, sweeps + 1);
            gateway.kill();
            gateway = mortal.start();
            continue;
        }
        let found = mortal.runs();
        let at = if found.len() == runs { found[0].clone() } else { Value::Null };
        stages.insert(at["currentStep"].as_str().unwrap_or_default().to_owned());
        stages.extend(steps(&at));

        gateway = mortal.start();
        let record = mortal.run(&gateway, &key).await.expect("nothing kills it now");
        assert_eq!(ending(&record), whole, "point {point}, killed at {at}");
        let mut calls = calls(mortal.path());
        assert!(calls.len() <= seen_once.len() + 1, "one step at most was begun again: {calls:?}");
        calls.dedup();
        assert_eq!(calls, seen_once, "point {point}, killed at {at}");
        assert_eq!(mortal.runs().len(), runs, "one key, one run: point {point}, killed at {at}");
        assert_eq!(said(mortal.path()).len(), runs, "said once: point {point}, killed at {at}");
        assert_eq!(mortal.flows("Greet Ada").len(), runs, "made once: point {point}, killed at {at}");
    }
    let missing: Vec<_> = STAGES.iter().filter(|stage| !stages.contains(**stage)).collect();
    assert!(missing.is_empty(), "it never died there: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_safe_runs_at_most_once_wherever_it_is_killed_and_the_flow_says_so() {
    let mortal = Mortal::new("once", ONCE, "");
    let mut gateway = mortal.start();
    let (mut ends, mut point, mut sweeps, mut runs) = (BTreeSet::new(), 0, 0, 0);
    // Killed before it ran, and after: what is written is the same, and so is what is said of it.
    let wanted =
        [("once", 0), ("once", 1), ("after", 1), ("after", 2)].map(|(step, calls)| (step.to_owned(), true, calls));
    while sweeps < SWEEPS_MAX && !(sweeps > 0 && wanted.iter().all(|end| ends.contains(end))) {
        let _ = fs::remove_file(mortal.path().join("calls"));
        (point, runs) = (point + 1, runs + 1);
        let key = format!("run-{runs}");
        mortal.arm(point);
        let survived = mortal.run(&gateway, &key).await;
        mortal.disarm();
        if let Some(record) = survived {
            assert_eq!((record["status"].as_str(), calls(mortal.path()).len()), (Some("succeeded"), 2), "{record}");
            (point, sweeps) = (0, sweeps + 1);
            gateway.kill();
            gateway = mortal.start();
            continue;
        }
        let found = mortal.runs();
        let at = if found.len() == runs { found[0].clone() } else { Value::Null };
        let under_way = at["currentStep"].as_str().unwrap_or_default();
        let may_have_run = !under_way.is_empty() && !steps(&at).iter().any(|step| step.starts_with(under_way));

        gateway = mortal.start();
        let record = mortal.run(&gateway, &key).await.expect("nothing kills it now");
        assert_eq!(mortal.runs().len(), runs, "one key, one run: killed at {at}");
        let called = calls(mortal.path());
        let mut each_once = called.clone();
        each_once.dedup();
        assert_eq!(called, each_once, "killed at {at}");
        if may_have_run {
            assert_eq!(record["status"], "failed", "killed at {at}");
            assert!(record["blockedSummary"].as_str().unwrap().contains("it may have run"), "{record}");
            let before = usize::from(under_way != "once");
            assert!((before..=before + 1).contains(&called.len()), "{called:?}, killed at {at}");
        } else {
            assert_eq!(record["status"], "succeeded", "killed at {at}");
            assert_eq!(called, ["npm once", "npm after"], "killed at {at}");
        }
        ends.insert((under_way.to_owned(), may_have_run, called.len()));
    }
    let missing: Vec<_> = wanted.iter().filter(|end| !ends.contains(*end)).collect();
    assert!(missing.is_empty(), "it never died there: {missing:?}");
}
