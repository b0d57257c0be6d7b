//! Workflows through the front door: what a request begins, what becomes of it, and what a crash, a person or a model make of it.

mod again;
mod approvals;
mod bounds;
mod crash;
mod doors;
mod every_write;
mod gateway_tools;
mod handed_on;
pub mod models;
mod programs;
pub mod seed;
mod steps;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gateway_tests::{Answer, Client, Gateway, GatewayBuilder, eventually};
use serde_json::Value;

/// A gateway with these workflows, each granted `command` and behind `/taskflow/<name>` with the token `t`, and with programs that only say what
/// they were called with.
struct Workflows {
    builder: GatewayBuilder,
    folder: std::path::PathBuf,
    flows: String,
    doors: String,
    settings: String,
}

impl Workflows {
    fn new() -> Self {
        let builder = Gateway::builder();
        // The only way to the folder before the gateway starts; what is written is written again at the start.
        let folder = builder.write().1.path().to_owned();
        for inner in ["workflows", "bin"] {
            fs::create_dir(folder.join(inner)).unwrap();
        }
        let it = Self { builder, folder, flows: String::new(), doors: String::new(), settings: String::new() };
        for name in ["git", "npm", "pm2", "kubectl", "dmesg"] {
            it.program(name, "exit 0");
        }
        it
    }

    fn program(&self, name: &str, body: &str) {
        program(&self.folder, name, body);
    }

    /// A workflow with its door. `rights` are more members of what it may do.
    fn flow(mut self, name: &str, text: &str, rights: &str) -> Self {
        fs::write(self.folder.join("workflows").join(format!("{name}.yaml")), text).unwrap();
        let path = format!("{}:/usr/bin:/bin", self.folder.join("bin").display());
        self.flows += &format!("\"{name}\": {{ grants: [\"command\"], env: {{ PATH: \"{path}\" }}, {rights} }},\n");
        self.doors += &format!(
            "{{ path: \"/taskflow/{name}\", token: \"t-{name}-0123456789abcdef0123456789\", flow: \"{name}\" }},\n"
        );
        self
    }

    fn top(mut self, members: &str) -> Self {
        self.builder = self.builder.top(members);
        self
    }

    /// Members of `workflows` beside `flows`.
    fn settings(mut self, members: &str) -> Self {
        self.settings = members.to_owned();
        self
    }

    fn with(self) -> GatewayBuilder {
        let Self { builder, flows, doors, settings, .. } = self;
        builder.top(&format!(
            "workflows: {{ {settings} flows: {{ {flows} }} }}, hooks: {{ webhooks: {{ endpoints: [ {doors} ] }} }},"
        ))
    }

    async fn start(self) -> Gateway {
        self.with().start().await
    }
}

/// A program in the folder `bin`. It notes each call in `calls`, and then does this.
pub fn program(folder: &Path, name: &str, body: &str) {
    let (file, calls) = (folder.join("bin").join(name), folder.join("calls"));
    fs::write(&file, format!("#!/bin/sh\necho \"{name} $*\" >> '{}'\n{body}\n", calls.display())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Begins a run.
async fn begin(client: &Client, name: &str, query: &str, body: Value) -> Answer {
    let token = format!("t-{name}-0123456789abcdef0123456789");
    client.post(&format!("/taskflow/{name}{query}"), body.to_string()).header("x-openclaw-token", &token).send().await
}

/// Begins a run and waits for it; its flow's record, as the operator sees it.
async fn run(gateway: &Gateway, name: &str, body: Value) -> Value {
    let answer = begin(&gateway.client, name, "?wait=true", body).await;
    assert!(answer.status == 200 || answer.status == 422, "{} {}", answer.status, answer.text);
    record(gateway.path(), answer.json()["flowId"].as_str().unwrap())
}

/// The flow's record.
pub fn record(folder: &Path, flow: &str) -> Value {
    let store = sandclaw::store::Store::open_beside(&folder.join("state")).unwrap();
    let flow = store.find_flow(flow).unwrap().expect("a flow");
    serde_json::from_str(&flow.view()).unwrap()
}

/// How each step stands: `id status`.
fn steps(record: &Value) -> Vec<String> {
    let shown = |step: &Value| format!("{} {}", step["id"].as_str().unwrap(), step["status"].as_str().unwrap());
    record["stateJson"]["steps"].as_array().map(|steps| steps.iter().map(shown).collect()).unwrap_or_default()
}

/// What the programs were called with.
pub fn calls(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("calls")).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The kinds of all events.
fn events(folder: &Path) -> Vec<String> {
    let store = sandclaw::store::Store::open_beside(&folder.join("state")).unwrap();
    (1..).map_while(|seq| store.event(seq).ok()).map(|event| event.kind.to_owned()).collect()
}

/// The texts of the messages that were said, with their channels.
pub fn said(folder: &Path) -> Vec<(String, String)> {
    let store = sandclaw::store::Store::open_beside(&folder.join("state")).unwrap();
    let mut said = Vec::new();
    for seq in 1.. {
        let Ok(event) = store.event(seq) else { break };
        if event.kind == "channel.message" {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            said.push((data["channel"].as_str().unwrap().to_owned(), data["text"].as_str().unwrap().to_owned()));
        }
    }
    said
}

pub async fn until_status(folder: &Path, flow: &str, status: &str) -> Value {
    eventually(&format!("the flow is {status}"), || async { record(folder, flow)["status"] == status }).await;
    record(folder, flow)
}
