//! From a sender's POST to the end of the run that it asked for, through the real program: a route's task, an agent hook, and a webhook that
//! GitHub signed, each with a runner that does the work.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use gateway_tests::{Answer, Client, Gateway, GatewayBuilder, Process, Receiver, eventually, plugin};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;

use crate::{PROGRAM, acp};

const TOKEN: &str = "a-token-that-is-long-enough";
const GITHUB_SECRET: &str = "it-is-a-secret-to-everybody";

/// A gateway with a route `r`, `/hooks`, and a receiver of what agents do.
pub struct House {
    gateway: Process,
    config: PathBuf,
    folder: Arc<TempDir>,
    receiver: Receiver,
}

impl House {
    /// With these agents, and these members of `hooks`.
    pub async fn new(agents: &str, hooks: &str) -> Self {
        Self::built(Gateway::builder(), agents, hooks).await
    }

    async fn built(builder: GatewayBuilder, agents: &str, hooks: &str) -> Self {
        let receiver = Receiver::start().await;
        let top = format!(
            "agents: {{ {agents} }}, hooks: {{ enabled: true, token: '{TOKEN}', includeReply: true, {hooks} }},"
        );
        let events = "events: ['message.*', 'session.*', 'tool.*', 'error.*']";
        let builder = builder.route("r", "agent:main:main", "limits: { rateRequests: 1000000 }").top(&top);
        let (config, folder) = builder.endpoint("audit", &format!("{}, {events}", receiver.members("/events"))).write();
        Self { gateway: Process::serve(PROGRAM, &config), config, folder, receiver }
    }

    fn client(&self) -> &Client {
        &self.gateway.client
    }

    async fn act(&self, action: Value) -> Value {
        let answer = self.client().route("r", action.to_string()).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.result()
    }

    /// Has an agent carry out a task of a new flow; the flow and the run, once the route says that the task has ended.
    pub async fn task(&self, task: &str) -> (String, String) {
        let made = self.act(json!({ "action": "create_flow", "goal": "Keep the house in order" })).await;
        let flow = made["flow"]["flowId"].as_str().unwrap().to_owned();
        let action = json!({ "action": "run_task", "flowId": flow, "runtime": "acp", "task": task });
        let begun = self.act(action).await;
        let run = begun["task"]["runId"].as_str().expect("a run").to_owned();
        let summary = json!({ "action": "get_task_summary", "flowId": flow });
        eventually("the task ends", || async { self.act(summary.clone()).await["summary"]["active"] == 0 }).await;
        let summary = self.act(summary.clone()).await["summary"].clone();
        assert_eq!((&summary["total"], &summary["terminal"]), (&json!(1), &json!(1)), "{summary}");
        assert_eq!(self.act(json!({ "action": "get_flow", "flowId": flow })).await["flow"]["status"], "queued");
        (flow, run)
    }

    /// The only task of a flow, as `tasks flow show` has it.
    pub fn record(&self, flow: &str) -> Value {
        let shown = self.operator(&["tasks", "flow", "show", flow]);
        let [task] = shown["tasks"].as_array().unwrap().as_slice() else { panic!("one task was expected: {shown}") };
        task.clone()
    }

    /// `POST /hooks/agent`, answered at the end of the run.
    pub async fn ask(&self, agent: &str, message: &str) -> Value {
        let body = json!({ "agentId": agent, "message": message, "waitForCompletion": true });
        let answer = self.client().post("/hooks/agent", body.to_string()).secret(TOKEN).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// What `runs show` says.
    pub fn run(&self, id: &str) -> Value {
        self.operator(&["runs", "show", id])
    }

    fn operator(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(PROGRAM);
        let output = command.args(arguments).arg("--json").arg("--config").arg(&self.config).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(&printed).unwrap_or_else(|_| {
            panic!("{arguments:?}: {printed} {}", String::from_utf8_lossy(&output.stderr));
        })
    }

    /// The events of a run, once there are so many of them; at the end there are no others.
    pub async fn events(&self, run: &str, count: usize) -> Vec<Value> {
        let of_run = || {
            let all = self.receiver.received().into_iter().map(|received| received.json());
            all.filter(|event| event["data"]["runId"] == run).collect::<Vec<_>>()
        };
        eventually("the events come", || async { of_run().len() >= count }).await;
        of_run()
    }

    /// GitHub tells that an issue was opened.
    async fn github(&self, delivery: &str, secret: &str) -> Answer {
        let body = json!({
            "action": "opened", "issue": { "number": 5, "title": "It squeaks", "body": null },
            "repository": { "full_name": "octo/house" }, "sender": { "login": "ada" },
        });
        let body = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let post = self.client().post("/hooks/github", body).header("x-github-event", "issues");
        let post = post.header("x-github-delivery", delivery).header("user-agent", "GitHub-Hookshot/044aadd");
        post.header("x-hub-signature-256", &format!("sha256={hex}")).send().await
    }

    /// The run that GitHub's webhook became. A forger's became none, and the same delivery again is the same run.
    async fn run_of_github(&self) -> String {
        assert_eq!(self.github("d-1", "somebody-elses").await.status, 401);
        let told = self.github("d-1", GITHUB_SECRET).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let again = self.github("d-1", GITHUB_SECRET).await;
        assert_eq!((again.status, &again.text), (told.status, &told.text));
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(self.operator(&["runs", "list"])["count"], 1);
        told.json()["runId"].as_str().unwrap().to_owned()
    }

    async fn succeeded(&self, run: &str) -> Value {
        eventually("the run succeeds", || async { self.run(run)["state"] == "succeeded" }).await;
        self.run(run)
    }
}

/// The types of events, sorted.
pub fn kinds(events: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    kinds
}

/// A house where GitHub's webhooks are told to the agent `main`, by the component that makes sentences of them.
async fn house_of_github(agents: &str) -> House {
    let mapping = format!(
        "mappings: [{{ match: {{ path: 'github' }}, auth: {{ scheme: 'github', secret: '{GITHUB_SECRET}' }}, \
         messageTemplate: 'not made a sentence of', transform: {{ plugin: 'github_hook.wasm' }} }}]"
    );
    House::built(Gateway::builder().file("github_hook.wasm", &plugin("github_hook")), agents, &mapping).await
}

const SENTENCE: &str = "Issue #5 opened in octo/house by ada.\nTitle: It squeaks";

/// What the example of the protocol does: it reads a file, wants to change another, and may not.
const OF_EXAMPLE: [&str; 7] = [
    "message.received",
    "message.sent",
    "session.created",
    "session.ended",
    "tool.called",
    "tool.called",
    "tool.completed",
];
const REFUSED: &str = "not permitted: edit (Modifying critical configuration file)";
const SAID: &str = "I'll skip the configuration update";

#[tokio::test(flavor = "multi_thread")]
async fn a_route_has_a_real_agent_carry_out_a_task_and_its_record_tells_the_end() {
    let house = House::new(&acp::agent("main", ""), "").await;
    let (flow, run) = house.task("Improve it.").await;
    let record = house.record(&flow);
    for (member, expected) in [
        ("status", "succeeded"),
        ("terminalOutcome", "succeeded"),
        ("runId", run.as_str()),
        ("progressSummary", REFUSED),
    ] {
        assert_eq!(record[member], expected, "{record}");
    }
    assert!(record["terminalSummary"].as_str().unwrap().contains(SAID), "{record}");

    let events = house.events(&run, OF_EXAMPLE.len()).await;
    assert_eq!(kinds(&events), OF_EXAMPLE);
    let sent = events.iter().find(|event| event["type"] == "message.sent").unwrap();
    assert!(sent["data"]["message"]["content"].as_str().unwrap().contains(SAID), "{sent}");
    let completed = events.iter().find(|event| event["type"] == "tool.completed").unwrap();
    assert_eq!(
        completed["data"]["tool"],
        json!({ "name": "Reading project files", "callId": "call_1", "ok": true }),
        "the file that it wants to change is not changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_waits_for_a_real_agent_and_is_told_what_it_said() {
    let allowing = "permissions: { allow: ['edit'] }";
    let house = House::new(&format!("{}, {}", acp::agent("main", ""), acp::agent("editor", allowing)), "").await;
    let told = house.ask("main", "Improve it.").await;
    let completion = &told["completion"];
    assert_eq!((&completion["status"], &completion["replyDisposition"]), (&json!("ok"), &json!("visible")), "{told}");
    assert!(completion["reply"].as_str().unwrap().contains(SAID), "{told}");
    let id = told["runId"].as_str().unwrap();
    let run = house.run(id);
    assert_eq!((&run["state"], &run["summary"]), (&json!("succeeded"), &json!(REFUSED)), "{run}");
    assert_eq!(kinds(&house.events(id, OF_EXAMPLE.len()).await), OF_EXAMPLE);

    let told = house.ask("editor", "Improve it.").await;
    let reply = told["completion"]["reply"].as_str().unwrap();
    assert!(reply.contains("successfully updated the configuration"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_github_signed_is_answered_by_a_program() {
    let house =
        house_of_github("main: { runner: 'command', command: ['sh', '-c', 'cat > told; echo on my way'] }").await;
    let id = house.run_of_github().await;
    let run = house.succeeded(&id).await;
    assert_eq!((&run["reply"], &run["attempts"]), (&json!("on my way"), &json!(1)), "{run}");
    let told = std::fs::read_to_string(house.folder.path().join("told")).unwrap();
    assert!(told.starts_with("SECURITY NOTICE") && told.contains(SENTENCE), "{told}");
    let events = house.events(&id, 4).await;
    assert_eq!(kinds(&events), ["message.received", "message.sent", "session.created", "session.ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_github_signed_is_answered_by_a_client_elsewhere() {
    let house = house_of_github("main: { runner: 'none', clientSecret: 'of-the-client' }").await;
    let id = house.run_of_github().await;
    let at = async |path: &str, body: Value| {
        let answer = house.client().post(&format!("/agents/main/{path}"), body.to_string());
        answer.secret("of-the-client").send().await
    };
    let claimed = at("claim", json!({})).await.json();
    assert_eq!(claimed["run"]["runId"], id.as_str());
    assert!(claimed["run"]["message"].as_str().unwrap().contains(SENTENCE), "{claimed}");
    let end = json!({ "lease": claimed["run"]["lease"], "status": "succeeded", "reply": "oiled" });
    assert_eq!(at(&format!("runs/{id}/complete"), end).await.status, 200);
    assert_eq!(house.succeeded(&id).await["reply"], "oiled");
    let events = house.events(&id, 4).await;
    let sent = events.iter().find(|event| event["type"] == "message.sent").unwrap();
    assert_eq!(sent["data"]["message"]["content"], "oiled");
}
