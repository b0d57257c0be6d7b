//! A real agent of the Agent Client Protocol: the example that the protocol's own library for Node.js ships, which needs no account. It reads a
//! file without asking and wants to change one, for which it asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use sandclaw::agents::Groups;
use sandclaw::agents::acp::Acp;
use sandclaw::agents::runner::{Job, Progress, Runs};
use sandclaw::config::Env;
use sandclaw::config::agents::AcpRunner;
use sandclaw::config::agents::acp::{PASS_ENV_DEFAULT, ToolKind};
use sandclaw::model::{AgentId, RunEnd, RunId, RunOptions, RunState, SessionKey, SessionMode};
use serde_json::json;
use tokio::sync::mpsc;

use crate::documents::root;
use crate::verifiers::{fetched, npm};

static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let from = root().join("tests/agents/acp");
    fetched("acp", &from, &["package-lock.json", "package.json"], npm)
});

/// A run for any runner.
pub fn job(message: &str) -> Job {
    Job {
        run: RunId::new("run-1"),
        agent: AgentId::new("main"),
        session: SessionKey::new("hook:one"),
        mode: SessionMode::Isolated,
        runner_session: None,
        prompt: message.to_owned(),
        message: message.to_owned(),
        source: "test".to_owned(),
        is_wake: false,
        options: RunOptions::default(),
        timeout: Duration::from_secs(120),
        attempt: 1,
        stop: Default::default(),
    }
}

/// The run's end, and all that was told before it. `heed` hears each piece as it comes.
pub async fn carry_out(runner: &dyn Runs, job: Job, heed: impl Fn(&Progress)) -> (RunEnd, Vec<Progress>) {
    let (telling, mut told) = mpsc::channel(16);
    let listening = async {
        let mut all = Vec::new();
        while let Some(progress) = told.recv().await {
            heed(&progress);
            all.push(progress);
        }
        all
    };
    tokio::join!(runner.run(job, telling), listening)
}

/// The entry of a config that has it as an agent, with more members if any.
pub fn agent(id: &str, more: &str) -> String {
    let (program, cwd) = (json!(example()), json!(&*PACKAGES));
    format!("{id}: {{ runner: 'acp', command: ['node', {program}], cwd: {cwd}, {more} }}")
}

fn example() -> PathBuf {
    PACKAGES.join("node_modules/@agentclientprotocol/sdk/dist/examples/agent.js")
}

fn runner(allow: &[ToolKind]) -> Acp {
    let config = AcpRunner {
        command: vec!["node".to_owned(), example().display().to_string()],
        cwd: PACKAGES.clone(),
        env: BTreeMap::new(),
        pass_env: PASS_ENV_DEFAULT.map(str::to_owned).to_vec(),
        allow: allow.iter().copied().collect::<BTreeSet<_>>(),
        start_timeout: Duration::from_secs(60),
    };
    Acp::new(config, Env::process(), Groups::default())
}

#[tokio::test]
async fn a_real_agent_is_refused_what_the_policy_does_not_allow() {
    let (ending, told) = carry_out(&runner(&[]), job("Improve it."), |_| {}).await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    let reply = ending.reply.unwrap();
    assert!(reply.contains("reading some files") && reply.contains("I'll skip the configuration update"), "{reply}");
    let refused = "not permitted: edit (Modifying critical configuration file)";
    assert!(told.contains(&Progress::Summary(refused.to_owned())), "{told:?}");
    let read = "Reading project files".to_owned();
    assert!(told.contains(&Progress::ToolCalled { id: "call_1".into(), name: read.clone() }), "{told:?}");
    assert!(told.contains(&Progress::ToolCompleted { id: "call_1".into(), name: read, ok: true }), "{told:?}");
    let is_done = |told: &Progress| matches!(told, Progress::ToolCompleted { id, .. } if id == "call_2");
    assert!(!told.iter().any(is_done), "{told:?}");
}

#[tokio::test]
async fn a_real_agent_does_what_the_policy_allows() {
    let (ending, told) = carry_out(&runner(&[ToolKind::Edit]), job("Improve it."), |_| {}).await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    assert!(ending.reply.unwrap().contains("successfully updated the configuration"));
    let name = "Modifying critical configuration file".to_owned();
    assert!(told.contains(&Progress::ToolCompleted { id: "call_2".into(), name, ok: true }), "{told:?}");
}

#[tokio::test]
async fn a_real_agent_ends_its_turn_when_it_is_stopped() {
    let job = job("Improve it.");
    let stop = job.stop.clone();
    let stopping = |progress: &Progress| {
        if matches!(progress, Progress::Text(_)) {
            stop.cancel();
        }
    };
    let (ending, _) = carry_out(&runner(&[]), job, stopping).await;
    assert_eq!(ending.state, RunState::Cancelled, "{ending:?}");
    assert!(ending.reply.unwrap().contains("reading some files"));
}
