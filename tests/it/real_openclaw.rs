//! A real OpenClaw Gateway to knock at, from npm, with the Node.js that it needs, and the model behind it: a server of the tests that always
//! says the same, because a real one would cost money.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use sandclaw::config::SecretSpec;
use sandclaw::config::agents::OpenClawRunner;
use sandclaw::config::webhooks::AllowedNet;
use sandclaw::model::{RunEnd, RunState};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::documents::root;
use crate::verifiers::{fetched, npm};

const HOOKS_TOKEN: &str = "hooks-token-0123456789abcdef0123456789abcdef";
const GATEWAY_TOKEN: &str = "gateway-token-0123456789abcdef0123456789abcdef";

static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let from = root().join("tests/agents/openclaw");
    fetched("openclaw", &from, &["package-lock.json", "package.json"], npm)
});

/// A model that says the same to everybody, in the way of OpenAI's chat completions, and remembers what it was asked.
pub struct Model {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Model {
    pub fn start() -> Self {
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

    /// The requests that it got.
    pub fn asked(&self) -> Vec<String> {
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
pub struct RealGateway {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl RealGateway {
    pub fn start(model: &Model) -> Self {
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

    /// What a runner is told of it.
    pub fn config(&self) -> OpenClawRunner {
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

    /// The entry of a config that has its agent `main` as ours.
    pub fn agent(&self) -> String {
        let port = self.port;
        format!(
            "main: {{ runner: 'openclaw', url: 'http://127.0.0.1:{port}', token: '{HOOKS_TOKEN}', agentId: 'main', \
             allowPrivate: ['127.0.0.1/32:{port}'] }}"
        )
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A run is to have ended so.
    #[track_caller]
    pub fn expect(&self, found: &RunEnd, state: RunState, error: &str) {
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
