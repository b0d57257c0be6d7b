//! A real OpenClaw Gateway, from npm, with the Node.js that it needs. Only the model behind it, which would cost money, is a server of this
//! test that always says the same. The packages are 800 MB, so this is not among the usual tests; it takes a minute, most of it for npm:
//!
//! ```text
//! cargo test -p gateway-tests -- --ignored real_openclaw
//! ```

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use sandclaw::agents::openclaw::{Gateway, OpenClaw, ToolCall, ToolError};
use sandclaw::agents::runner::Job;
use sandclaw::auth::secret::{Resolver, look_up_all};
use sandclaw::clock::Clock;
use sandclaw::config::agents::OpenClawRunner;
use sandclaw::config::webhooks::AllowedNet;
use sandclaw::config::{Env, Providers, SecretSpec};
use sandclaw::json::canonical;
use sandclaw::model::{RunId, RunState, SessionKey, SessionMode};
use sandclaw::outbound::egress::{Egress, EgressOptions, SystemNames};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::acp::{carry_out, job};
use crate::documents::root;
use crate::verifiers::{fetched, npm};

const HOOKS_TOKEN: &str = "hooks-token-0123456789abcdef0123456789abcdef";
const GATEWAY_TOKEN: &str = "gateway-token-0123456789abcdef0123456789abcdef";

static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let from = root().join("tests/agents/openclaw");
    fetched("openclaw", &from, &["package-lock.json", "package.json"], npm)
});

/// A model that says the same to everybody, in the way of OpenAI's chat completions, and remembers what it was asked.
struct Model {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Model {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = seen.clone();
                thread::spawn(move || answer(stream, &seen));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        length = lower.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    seen.lock().unwrap().push(String::from_utf8_lossy(&body).into_owned());
    let chunk = |choice: Value| {
        let chunk =
            json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "parrot", "choices": [choice]});
        format!("data: {chunk}\n\n")
    };
    let said = chunk(json!({"index": 0, "delta": {"role": "assistant", "content": "Done."}, "finish_reason": null}));
    let end = chunk(json!({"index": 0, "delta": {}, "finish_reason": "stop"}));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    write!(stream, "{head}{said}{end}data: [DONE]\n\n").ok()
}

/// A Gateway with a state folder of its own. Killed with all of its processes when dropped.
struct RealGateway {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl RealGateway {
    fn start(model: &Model) -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let parrot = json!({
            "id": "parrot", "name": "parrot", "reasoning": false, "input": ["text"], "contextWindow": 128_000, "maxTokens": 4_096,
            "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
        });
        let provider = json!({
            "baseUrl": format!("http://127.0.0.1:{}/v1", model.port), "apiKey": "none", "api": "openai-completions", "models": [parrot],
        });
        let config = json!({
            "gateway": {
                "mode": "local", "port": port, "bind": "loopback", "auth": {"mode": "token", "token": GATEWAY_TOKEN},
                "controlUi": {"enabled": false},
            },
            "hooks": {
                "enabled": true, "token": HOOKS_TOKEN, "allowRequestSessionKey": true, "allowedSessionKeyPrefixes": ["hook:"],
            },
            "models": {"mode": "replace", "providers": {"loop": provider}},
            "agents": {"defaults": {"model": {"primary": "loop/parrot"}, "workspace": at("workspace"), "skipBootstrap": true}},
        });
        for name in ["home", "tmp", "workspace"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at("openclaw.json"), config.to_string()).unwrap();
        let node = ["x64", "arm64"].map(|cpu| PACKAGES.join(format!("node_modules/node-linux-{cpu}/bin/node")));
        let node = node.into_iter().find(|node| node.exists()).expect("npm has fetched a Node.js for this machine");
        let log = File::create(at("log")).unwrap();
        let child = Command::new(&node)
            .arg(PACKAGES.join("node_modules/openclaw/openclaw.mjs"))
            .args(["gateway", "run", "--port", &port.to_string()])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", node.parent().unwrap().display()))
            .env("HOME", at("home"))
            .env("TMPDIR", at("tmp"))
            .env("OPENCLAW_STATE_DIR", at("home/.openclaw"))
            .env("OPENCLAW_CONFIG_PATH", at("openclaw.json"))
            .env("OPENCLAW_SKIP_CHANNELS", "1")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        Self { folder, port, child }
    }

    fn config(&self) -> OpenClawRunner {
        OpenClawRunner {
            url: format!("http://127.0.0.1:{}", self.port).parse().unwrap(),
            token: SecretSpec::Plain(HOOKS_TOKEN.into()),
            gateway_token: Some(SecretSpec::Plain(GATEWAY_TOKEN.into())),
            agent_id: Some("main".to_owned()),
            hooks_path: "/hooks".to_owned(),
            waits: true,
            allow_private: vec![AllowedNet { net: "127.0.0.1/32".parse().unwrap(), port: Some(self.port) }],
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    #[track_caller]
    fn expect(&self, found: &sandclaw::agents::runner::Ending, state: RunState, error: &str) {
        let matches = found.state == state && found.error.as_deref().unwrap_or_default().contains(error);
        assert!(matches, "{found:?}; the Gateway's log:\n{}", self.log());
    }
}

impl Drop for RealGateway {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

async fn gateway(config: OpenClawRunner) -> Gateway {
    let names = Arc::new(SystemNames::default());
    let gateway =
        Gateway::new(config, "agents.main", Egress::new(EgressOptions { extra_ca_pem: None, names }).unwrap());
    let resolver = Resolver::new(Providers::new(Default::default()), Env::new(|_| None));
    look_up_all(&gateway.secrets().collect::<Vec<_>>(), &resolver).await;
    gateway
}

async fn runner(config: OpenClawRunner) -> OpenClaw {
    OpenClaw::new(gateway(config).await, Clock::system())
}

fn call(tool: &str) -> ToolCall {
    ToolCall {
        tool: tool.to_owned(),
        action: None,
        args: canonical(b"{}").unwrap(),
        session_key: None,
        agent: None,
        idempotency_key: None,
        timeout: Duration::from_secs(60),
    }
}

#[tokio::test]
#[ignore = "fetches 800 MB; run it with `cargo test -p gateway-tests -- --ignored real_openclaw`"]
async fn a_real_openclaw_gateway_carries_out_runs_wakes_and_tools() {
    let model = Model::start();
    let real = RealGateway::start(&model);
    let main = runner(real.config()).await;

    // It is not there yet, so this one is asked again until it is. The Gateway wraps the message; ours must not be wrapped twice.
    let first = Job { prompt: "WRAPPED BY US".to_owned(), ..job("Water the plants in room 17.") };
    let (ending, _) = carry_out(&main, first.clone(), |_| {}).await;
    real.expect(&ending, RunState::Succeeded, "");
    let asked = model.asked();
    let about_plants = |asked: &[String]| asked.iter().filter(|asked| asked.contains("room 17")).count();
    assert_eq!(about_plants(&asked), 1, "{}", real.log());
    let prompt = asked.iter().find(|asked| asked.contains("room 17")).unwrap();
    assert!(prompt.contains("<<<EXTERNAL_UNTRUSTED_CONTENT") && !prompt.contains("WRAPPED BY US"));

    // The same run once more, as after a crash: the Gateway knows its key.
    let (ending, _) = carry_out(&main, first, |_| {}).await;
    real.expect(&ending, RunState::Succeeded, "");
    assert_eq!(about_plants(&model.asked()), 1, "it was run twice");

    // A session that goes on.
    let session = |run: &str, message: &str| Job {
        run: RunId::new(run),
        session: SessionKey::new("hook:garden"),
        mode: SessionMode::Persistent,
        ..job(message)
    };
    for (run, message) in [("run-2", "The key is under the mat."), ("run-3", "Where is the key?")] {
        let (ending, _) = carry_out(&main, session(run, message), |_| {}).await;
        real.expect(&ending, RunState::Succeeded, "");
    }
    let asked = model.asked();
    let last = asked.iter().find(|asked| asked.contains("Where is the key?")).unwrap();
    assert!(last.contains("under the mat"), "the session was forgotten");

    let wake = Job { run: RunId::new("run-4"), is_wake: true, ..job("Look around.") };
    real.expect(&carry_out(&main, wake, |_| {}).await.0, RunState::Succeeded, "");

    // What the Gateway refuses, in its own words.
    let nobody = runner(OpenClawRunner { agent_id: Some("nobody".to_owned()), ..real.config() }).await;
    let refused = Job { run: RunId::new("run-5"), ..job("Hello?") };
    real.expect(&carry_out(&nobody, refused.clone(), |_| {}).await.0, RunState::Failed, "unknown agentId \"nobody\"");
    let stranger = runner(OpenClawRunner { token: SecretSpec::Plain("wrong".into()), ..real.config() }).await;
    real.expect(&carry_out(&stranger, refused, |_| {}).await.0, RunState::Failed, "the Gateway refused `token`");

    // Tools.
    let tools = gateway(real.config()).await;
    let listed = tools.tools_invoke(&call("sessions_list")).await.unwrap();
    assert!(listed.as_str().contains("\"details\""), "{}", listed.as_str());
    assert!(matches!(tools.tools_invoke(&call("exec")).await, Err(ToolError::NoSuchTool(_))));
    let stranger = OpenClawRunner { gateway_token: Some(SecretSpec::Plain("wrong".into())), ..real.config() };
    assert_eq!(gateway(stranger).await.tools_invoke(&call("sessions_list")).await, Err(ToolError::Unauthorized));
}
