//! The guide of workflows behind doors. Other than there, a file alone may do nothing to the machine: its commands are granted in the config, and
//! its channels said there.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use gateway_tests::{Answer, Process, Receiver, eventually};
use sandclaw::config::{Config, Env, Format};
use serde_json::json;

use super::reader::{Reader, at, filled, loaded, step};
use super::snippet;
use crate::PROGRAM;
use crate::workflows::{calls, record, said, until_status};

const HOST: &str = "https://your-gateway.example.com";

/// The guide's port, which only one test of a machine could have.
const PORT: &str = "18790";

/// A workflow that repeats what it was sent.
const REPEATS: &str =
    "steps:\n  - tool: message\n    args: { channel: \"feishu:dev\", text: \"sent: ${webhook.body}\" }\n";

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// What the guide's config lacks: a channel, and what the workflow may do.
fn granted(reader: &Reader, channel: &Receiver) -> String {
    let path = format!("{}:/usr/bin:/bin", reader.path().join("bin").display());
    format!(
        "workflows:\n  flows:\n    deploy-workflow: {{ grants: [command], env: {{ PATH: \"{path}\" }} }}\n\
         channels:\n  \"feishu:dev\": {{ {} }}\n",
        channel.members("/dev")
    )
}

#[tokio::test(flavor = "multi_thread")]
pub async fn a_deployment_runs_once_its_commands_are_granted() {
    let doors = loaded("000/sandclaw.yaml").workflow_doors;
    let [door] = &doors.endpoints[..] else { panic!("one door") };
    assert_eq!((doors.port, &*door.path, &*door.flow), (Some(18_790), "/taskflow/deploy", "deploy-workflow"));

    let config = filled(snippet("000/sandclaw.yaml"), &[(PORT, &free_port())]);
    let workflow = snippet("000/workflows/deploy-workflow.yaml");
    let reader = Reader::with(&[("sandclaw.yaml", &config), ("workflows/deploy-workflow.yaml", workflow)]);
    reader.programs(&["git", "npm", "pm2"]);
    let gateway = reader.serve();
    let (status, answer) = reader.curl(&at(&gateway, "000/curl.sh", HOST), &[]);
    assert_eq!((status, &answer["code"]), (503, &json!("workflow_not_ready")));
    assert!(reader.log().contains("grants"), "the log says what to add: {}", reader.log());
    gateway.kill();
    assert_eq!(calls(reader.path()), Vec::<String>::new());

    let channel = Receiver::start().await;
    reader.write("sandclaw.yaml", &(config + &granted(&reader, &channel)));
    let gateway = reader.serve();
    let (status, answer) = reader.curl(&at(&gateway, "000/curl.sh", HOST), &[]);
    assert_eq!((status, &answer["ok"], &answer["status"]), (202, &json!(true), &json!("running")));
    let flow = answer["flowId"].as_str().unwrap();
    until_status(reader.path(), flow, "succeeded").await;
    assert_eq!(calls(reader.path()), ["git pull origin main", "npm test", "pm2 restart app"]);
    let told = channel.wait_for(2).await;
    let texts: Vec<_> = told.iter().map(|message| message.json()["content"]["text"].clone()).collect();
    assert_eq!(texts, ["收到部署请求,开始处理...", "部署成功"]);

    let shown = reader.bash(&filled(snippet("000/tasks.sh"), &[("<flow-id>", flow)]), &[]);
    assert!(shown.starts_with("TaskFlows: 1\n") && shown.matches(flow).count() >= 2, "{shown}");
    assert!(shown.contains("workflow/deploy-workflow") && shown.contains("succeeded"), "{shown}");
}

/// Posts, and waits for what the workflow repeats.
async fn repeated(reader: &Reader, script: &str, text: &str) {
    let before = said(reader.path()).len();
    let (status, answer) = reader.curl(script, &[]);
    assert_eq!(status, 202, "{answer}");
    eventually("the workflow speaks", || async { said(reader.path()).len() > before }).await;
    assert_eq!(said(reader.path())[before], ("feishu:dev".to_owned(), format!("sent: {text}")));
}

#[tokio::test(flavor = "multi_thread")]
pub async fn what_is_sent_is_what_the_workflow_is_told() {
    let (port, channel) = (free_port(), Receiver::start().await);
    let reader = Reader::with(&[("workflows/deploy-workflow.yaml", REPEATS)]);
    let config = filled(snippet("000/sandclaw.yaml"), &[(PORT, &port)]);
    reader.write("sandclaw.yaml", &(config + &granted(&reader, &channel)));
    let gateway = reader.serve();
    repeated(&reader, &at(&gateway, "000/curl.sh", HOST), r#"{"branch":"main","commit":"abc123"}"#).await;

    // Curl says that it is a form; it is taken for the JSON that it is.
    let words = [
        (HOST, &*format!("http://{}", gateway.address)),
        ("Token: $", "Token: your-secret-token"),
        (r#""ref": "$""#, r#""ref": "refs/heads/main""#),
        (r#""sha": "$""#, r#""sha": "abc123""#),
    ];
    let action = filled(&step("000/github-actions.yaml"), &words);
    repeated(&reader, &action, r#"{"ref":"refs/heads/main","sha":"abc123"}"#).await;

    let local = filled(snippet("000/local.sh"), &[(PORT, &port)]);
    assert_eq!(reader.curl(&local, &[]).0, 401, "the token of another config");
    let local = filled(&local, &[("test-token", "your-secret-token")]);
    repeated(&reader, &local, r#"{"test":true}"#).await;
}

async fn alert(gateway: &Process, token: &str) -> Answer {
    let alert = json!({"msgtype": "text", "text": {"content": "磁盘满"}}).to_string();
    gateway.client.post("/taskflow/alert", alert).header("x-openclaw-token", token).send().await
}

#[tokio::test(flavor = "multi_thread")]
pub async fn an_alert_begins_the_incident_response() {
    let reader = Reader::with(&[("sandclaw.yaml", snippet("000/alert.yaml"))]);
    let gateway = reader.serve();
    assert_eq!(alert(&gateway, "another-token").await.status, 401);
    let answer = alert(&gateway, "alert-token").await;
    assert_eq!((answer.status.as_u16(), &*answer.code()), (503, "workflow_not_ready"), "the guide has no such file");
    reader.write("workflows/incident-response.yaml", REPEATS);
    let answer = alert(&gateway, "alert-token").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let record = record(reader.path(), answer.json()["flowId"].as_str().unwrap());
    assert_eq!(record["controllerId"], "workflow/incident-response");
}

#[test]
pub fn a_token_that_is_a_command_is_refused_with_what_to_do_instead() {
    let door: String = snippet("000/token.yaml").lines().map(|line| format!("    {line}\n")).collect();
    let config = format!("hooks:\n  webhooks:\n{door}        flow: deploy-workflow\n");
    let parse = |text: &str| Config::parse(text, Format::Yaml, Path::new("sandclaw.yaml"), &Env::new(|_| None));
    let said = parse(&config).unwrap_err().to_string();
    let expected = "hooks.webhooks.endpoints[0].token: looks like a shell command, and nothing runs it here: the text itself would be the secret. \
                    Run it and put what it prints into a variable";
    assert!(said.contains(expected), "{said}");
    let printed = "0123456789abcdef".repeat(4);
    let config = parse(&filled(&config, &[("$(openssl rand -hex 32)", &printed)])).unwrap();
    assert_eq!((config.workflow_doors.endpoints.len(), config.warnings), (1, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
pub async fn only_the_listed_networks_knock() {
    loaded("000/allowed-ips.yaml");
    let door = "    endpoints: [{ path: /taskflow/deploy, token: your-secret-token, flow: deploy-workflow }]\n";
    let config = snippet("000/allowed-ips.yaml").to_owned() + door;
    let reader = Reader::with(&[("sandclaw.yaml", &config), ("workflows/deploy-workflow.yaml", REPEATS)]);
    let gateway = reader.serve();
    assert_eq!(reader.curl(&at(&gateway, "000/curl.sh", HOST), &[]).0, 403);
    gateway.kill();
    reader.write("sandclaw.yaml", &filled(&config, &[("192.168.1.0/24", "127.0.0.0/8")]));
    let gateway = reader.serve();
    assert_eq!(reader.curl(&at(&gateway, "000/curl.sh", HOST), &[]).0, 202);
}

/// The log is what the gateway writes to stderr, which its service manager keeps and follows; there is no second way to it. What became of requests is
/// in `tasks flow`, `runs` and `webhooks list`.
#[test]
pub fn logs_are_the_business_of_whoever_starts_the_gateway() {
    let arguments = snippet("000/logs.sh").trim().strip_prefix("openclaw ").unwrap().split(' ');
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unrecognized subcommand 'logs'"), "{output:?}");
}
