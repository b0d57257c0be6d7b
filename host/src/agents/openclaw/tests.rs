//! The runner against gateways that write every byte by hand, on this machine's loopback; a real one is met in `tests/it/openclaw_gateway.rs`.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::*;
use crate::auth::secret::{Resolver, look_up_all};
use crate::config::agents::OpenClawRunner;
use crate::config::webhooks::AllowedNet;
use crate::config::{Env, Providers, SecretSpec};
use crate::json::canonical;
use crate::model::{AgentId, RunId, RunOptions, SessionKey};
use crate::outbound::egress::{Egress, EgressOptions, SystemNames};

const TAKEN: &str = r#"{"ok":true,"runId":"r","completion":{"status":"ok","replyDisposition":"visible"}}"#;

/// A gateway that answers with these texts in their order, the last one ever after, and remembers what it was asked.
struct Fake {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    serving: AbortOnDropHandle<()>,
}

impl Fake {
    async fn new(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (seen, answers) = (asked.clone(), answers.to_vec());
        let serving = tokio::spawn(async move {
            for turn in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let mut chunk = [0; 4096];
                while !is_whole(&request) {
                    match stream.read(&mut chunk).await.unwrap_or(0) {
                        0 => break,
                        read => request.extend_from_slice(&chunk[..read]),
                    }
                }
                seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
                let answer = answers.get(turn).or(answers.last()).cloned().unwrap_or_default();
                if answer == "silence" {
                    let _ = stream.read(&mut chunk).await;
                } else {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { address, asked, serving: AbortOnDropHandle::new(serving) }
    }

    async fn gateway(&self, waits: bool) -> Gateway {
        let config = OpenClawRunner {
            url: Url::parse(&format!("http://{}/base/", self.address)).unwrap(),
            token: SecretSpec::Plain("hooks-token".into()),
            gateway_token: Some(SecretSpec::Plain("gateway-token".into())),
            agent_id: Some("ops".to_owned()),
            hooks_path: "/hooks".to_owned(),
            waits,
            allow_private: vec![AllowedNet { net: "127.0.0.1/32".parse().unwrap(), port: Some(self.address.port()) }],
        };
        let egress =
            Egress::new(EgressOptions { extra_ca_pem: None, names: Arc::new(SystemNames::default()) }).unwrap();
        let gateway = Gateway::new(config, "agents.ops", egress);
        let resolver = Resolver::new(Providers::new(Default::default()), Env::new(|_| None));
        look_up_all(&gateway.secrets().collect::<Vec<_>>(), &resolver).await;
        gateway
    }

    async fn run(&self, job: Job) -> (RunEnd, Vec<Progress>) {
        let (telling, mut told) = mpsc::channel(8);
        let runner = OpenClaw::new(self.gateway(true).await, Clock::system());
        let ending = runner.run(job, telling).await;
        let mut all = Vec::new();
        while let Ok(progress) = told.try_recv() {
            all.push(progress);
        }
        (ending, all)
    }

    async fn close(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }

    /// The JSON of a request.
    fn body(&self, at: usize) -> Value {
        let asked = self.asked.lock().unwrap();
        serde_json::from_str(asked[at].split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn http(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn job() -> Job {
    Job {
        run: RunId::new("run-1"),
        agent: AgentId::new("ours"),
        session: SessionKey::new("hook:one"),
        mode: SessionMode::Isolated,
        runner_session: None,
        prompt: "<<<wrapped>>>".to_owned(),
        message: "as it came".to_owned(),
        source: "GitHub".to_owned(),
        is_wake: false,
        options: RunOptions::default(),
        timeout: Duration::from_secs(60),
        attempt: 1,
        stop: CancellationToken::new(),
    }
}

async fn check(status: &str, body: &str, state: RunState, expected: &str) {
    let fake = Fake::new(&[http(status, "", body)]).await;
    let (ending, _) = fake.run(job()).await;
    assert_eq!(ending.state, state, "{status} {body}: {ending:?}");
    assert!(ending.error.as_deref().unwrap_or_default().contains(expected), "{status} {body}: {ending:?}");
    assert_eq!(fake.times_asked(), 1, "{status} {body}");
}

#[tokio::test]
async fn a_message_goes_to_the_hook_as_it_came_and_the_completion_ends_the_run() {
    let fake = Fake::new(&[http("200 OK", "", TAKEN)]).await;
    let (ending, told) = fake.run(job()).await;
    assert_eq!((ending.state, ending.error), (RunState::Succeeded, None));
    assert_eq!(told, [Progress::Summary("the agent's answer is visible".into())]);
    let asked = fake.asked.lock().unwrap()[0].clone();
    assert!(asked.starts_with("POST /base/hooks/agent HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: Bearer hooks-token\r\n"), "{asked}");
    let expected = serde_json::json!({
        "agentId": "ops", "message": "as it came", "name": "GitHub", "idempotencyKey": "run-1",
        "waitForCompletion": true, "timeoutSeconds": 60,
    });
    assert_eq!(fake.body(0), expected);
}

#[tokio::test]
async fn a_persistent_session_and_what_the_caller_said_are_handed_on() {
    let fake = Fake::new(&[http("200 OK", "", TAKEN)]).await;
    let options = RunOptions {
        model: Some("m".into()),
        deliver: Some(false),
        channel: Some("slack".into()),
        to: Some("#ops".into()),
        ..RunOptions::default()
    };
    fake.run(Job { mode: SessionMode::Persistent, options, ..job() }).await;
    let body = fake.body(0);
    for (key, expected) in [
        ("sessionKey", "hook:one"),
        ("sessionMode", "persistent"),
        ("model", "m"),
        ("channel", "slack"),
        ("to", "#ops"),
    ] {
        assert_eq!(body[key], expected);
    }
    assert_eq!(body["deliver"], false);
}

#[tokio::test]
async fn a_wake_is_the_wrapped_text_because_the_gateway_believes_it() {
    let fake = Fake::new(&[http("200 OK", "", r#"{"ok":true,"mode":"now","eventOutcome":"queued"}"#)]).await;
    let (ending, _) = fake.run(Job { is_wake: true, ..job() }).await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    assert!(fake.asked.lock().unwrap()[0].starts_with("POST /base/hooks/wake "));
    assert_eq!(fake.body(0), serde_json::json!({"agentId": "ops", "text": "<<<wrapped>>>", "mode": "now"}));
}

#[tokio::test]
async fn who_does_not_wait_has_succeeded_when_the_gateway_has_taken_it() {
    let fake = Fake::new(&[http("200 OK", "", r#"{"ok":true,"runId":"r"}"#)]).await;
    let runner = OpenClaw::new(fake.gateway(false).await, Clock::system());
    let ending = runner.run(job(), mpsc::channel(8).0).await;
    assert_eq!(ending.state, RunState::Succeeded, "{ending:?}");
    assert_eq!(fake.body(0).get("waitForCompletion"), None);
}

#[tokio::test]
async fn a_gateway_that_is_busy_is_asked_again_with_the_same_bytes() {
    let busy = http("503 Service Unavailable", "retry-after: 0\r\n", r#"{"ok":false,"error":"starting"}"#);
    let limited = http("429 Too Many Requests", "retry-after: 0\r\n", "Too Many Requests");
    let reload = http(
        "409 Conflict",
        "retry-after: 0\r\n",
        r#"{"ok":false,"error":"hook configuration changed; retry request"}"#,
    );
    let proxy = http("502 Bad Gateway", "retry-after: 0\r\n", "<html>nginx</html>");
    let fake = Fake::new(&[busy, limited, reload, proxy, http("200 OK", "", TAKEN)]).await;
    let (ending, _) = fake.run(job()).await;
    assert_eq!((ending.state, fake.times_asked()), (RunState::Succeeded, 5), "{ending:?}");
    assert!((1..5).all(|at| fake.body(at) == fake.body(0)));
}

#[tokio::test]
async fn what_the_gateway_refuses_fails_once_with_its_own_words() {
    let failed = RunState::Failed;
    check("400 Bad Request", r#"{"ok":false,"error":"unknown agentId \"ops\""}"#, failed, "unknown agentId \"ops\"")
        .await;
    check("401 Unauthorized", "Unauthorized", failed, "the Gateway refused `token`").await;
    check("404 Not Found", "Not Found", failed, "is `hooksPath` its hooks.path").await;
    check("409 Conflict", r#"{"ok":false,"error":"session conflict"}"#, failed, "status 409: session conflict").await;
    check("502 Bad Gateway", r#"{"ok":false,"error":"preparation failed"}"#, failed, "preparation failed").await;
    check("500 Oops", "", failed, "status 500").await;
    check("302 Found\r\nlocation: http://elsewhere/", "", failed, "a redirect is never followed").await;
    check("200 OK", "<html>hello</html>", failed, "not one of an OpenClaw Gateway").await;
    check("200 OK", &"x".repeat(100_000), RunState::Lost, "broke off").await;
}

#[tokio::test]
async fn a_completion_says_how_the_run_ended() {
    let completion = |rest: &str| format!(r#"{{"ok":true,"runId":"r","completion":{{{rest}}}}}"#);
    check("200 OK", &completion(r#""status":"error""#), RunState::Failed, "failed in the Gateway").await;
    check("200 OK", &completion(r#""status":"skipped""#), RunState::Failed, "skipped").await;
    let undelivered = completion(r#""status":"ok","deliveryError":"delivery-failed""#);
    check("200 OK", &undelivered, RunState::Succeeded, "could not be delivered").await;
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_loses_the_run_and_does_not_begin_it_twice() {
    let fake = Fake::new(&[String::new()]).await;
    let (ending, _) = fake.run(job()).await;
    assert_eq!((ending.state, fake.times_asked()), (RunState::Lost, 1), "{ending:?}");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_asked_until_the_time_is_over() {
    let fake = Fake::new(&[]).await;
    let gateway = fake.gateway(true).await;
    // Nobody listens there any more.
    fake.close().await;
    let runner = OpenClaw::new(gateway, Clock::system());
    let ending = runner.run(Job { timeout: Duration::from_millis(1200), ..job() }, mpsc::channel(8).0).await;
    assert_eq!(ending.state, RunState::TimedOut, "{ending:?}");
    assert!(ending.error.as_deref().unwrap().contains("no connection to"), "{ending:?}");
}

#[tokio::test]
async fn a_gateway_that_never_answers_costs_no_more_than_the_time_of_the_run() {
    let fake = Fake::new(&["silence".to_owned()]).await;
    let (ending, _) = fake.run(Job { timeout: Duration::from_millis(300), ..job() }).await;
    assert_eq!(ending.state, RunState::TimedOut, "{ending:?}");
    let stopped = job();
    stopped.stop.cancel();
    assert_eq!(fake.run(stopped).await.0.state, RunState::Cancelled);
}

fn call() -> ToolCall {
    ToolCall {
        tool: "message".to_owned(),
        action: Some("send".to_owned()),
        args: canonical(br#"{"text":"hi \ud800"}"#).unwrap(),
        session_key: None,
        agent: None,
        idempotency_key: Some("k".to_owned()),
        timeout: Duration::from_secs(30),
    }
}

async fn invoke(status: &str, body: &str) -> (Result<String, ToolError>, Fake) {
    let fake = Fake::new(&[http(status, "", body)]).await;
    let result = fake.gateway(true).await.tools_invoke(&call()).await;
    (result.map(|result| result.into_string()), fake)
}

#[tokio::test]
async fn a_tool_is_called_with_the_gateways_token_and_its_result_comes_back_whole() {
    let large = "x".repeat(500_000);
    let (result, fake) = invoke("200 OK", &format!(r#"{{"ok":true,"result":{{"text":"{large}"}}}}"#)).await;
    assert_eq!(result.unwrap().len(), large.len() + 11);
    let asked = fake.asked.lock().unwrap()[0].clone();
    assert!(asked.starts_with("POST /base/tools/invoke ") && asked.contains("authorization: Bearer gateway-token\r\n"));
    assert!(
        asked.ends_with(r#"{"tool":"message","action":"send","args":{"text":"hi \ud800"},"idempotencyKey":"k"}"#),
        "{asked}"
    );
}

#[tokio::test]
async fn every_refusal_of_a_tool_has_its_own_error() {
    let error = async |status: &str, body: &str| invoke(status, body).await.0.unwrap_err();
    let said = |message: &str| {
        format!(r#"{{"ok":false,"error":{{"type":"t","message":"{message}","requiresApproval":true}}}}"#)
    };
    assert_eq!(error("400 Bad Request", &said("no args")).await, ToolError::BadCall("no args".into()));
    assert_eq!(error("401 Unauthorized", "{}").await, ToolError::Unauthorized);
    let forbidden = ToolError::Forbidden { message: "ask first".into(), requires_approval: true };
    assert_eq!(error("403 Forbidden", &said("ask first")).await, forbidden);
    assert_eq!(error("404 Not Found", &said("nope")).await, ToolError::NoSuchTool("nope".into()));
    assert_eq!(error("500 Oops", &said("broken")).await, ToolError::Failed("status 500: broken".into()));
    assert!(matches!(error("503 Busy", "").await, ToolError::Unreachable(_)));
    assert!(matches!(error("200 OK", "hello").await, ToolError::Failed(_)));
    assert_eq!(error("200 OK", &"x".repeat(3 << 20)).await, ToolError::ResultTooLarge);
    let fake = Fake::new(&[String::new()]).await;
    let lost = fake.gateway(true).await.tools_invoke(&call()).await.unwrap_err();
    assert!(matches!(lost, ToolError::Unknown(_)), "{lost:?}");
}
