//! The guide of agents that are told. Other than there, a request names a session only where the config lets it, and what cannot be stored is
//! 503, which senders repeat, and not 500.

use gateway_tests::Process;
use sandclaw::model::{RunKind, SessionMode};
use serde_json::{Value, json};

use super::reader::{Reader, at, filled, loaded, step};
use super::snippet;

const HOST: &str = "https://your-gateway";

fn serve(config: &str) -> (Reader, Process) {
    let reader = Reader::with(&[("sandclaw.json5", config)]);
    let gateway = reader.serve();
    (reader, gateway)
}

/// Agent, session and message of each run.
fn told(reader: &Reader) -> Vec<(String, String, String)> {
    let told =
        |run: sandclaw::model::Run| (run.asked.agent.to_string(), run.asked.session.to_string(), run.asked.message);
    reader.runs().into_iter().map(told).collect()
}

fn run(agent: &str, session: &str, message: &str) -> (String, String, String) {
    (agent.to_owned(), session.to_owned(), message.to_owned())
}

#[test]
pub fn the_first_request_is_answered_as_shown() {
    let (reader, gateway) = serve(snippet("002/quick.json5"));
    let (status, answer) = reader.curl(&at(&gateway, "002/agent.sh", HOST), &[]);
    assert_eq!(status, 200, "{answer}");
    let shown: Value = serde_json::from_str(snippet("002/answer.json")).unwrap();
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(&answer[name], value, "{name}");
    }
    assert_eq!(told(&reader), [run("my-agent", "webhook-session", "执行今日数据汇总任务")]);
    assert_eq!(reader.runs()[0].asked.mode, SessionMode::Persistent);
}

#[test]
pub fn a_wake_up_needs_no_words() {
    let (reader, gateway) = serve(snippet("002/quick.json5"));
    let (status, answer) = reader.curl(&at(&gateway, "002/wake.sh", HOST), &[]);
    assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{answer}");
    let [run] = &reader.runs()[..] else { panic!("one run") };
    assert_eq!((run.asked.agent.as_str(), run.asked.kind), ("my-agent", RunKind::Wake));
}

#[test]
pub fn a_session_of_the_senders_choice_needs_leave() {
    let requests = [
        ("002/agent-session.sh", "optional-custom-session", "请检查服务器状态并生成报告"),
        ("002/dynamic.sh", "order-12345-session", "处理订单 #12345"),
    ];
    let (reader, gateway) = serve(snippet("002/quick.json5"));
    for (file, ..) in requests {
        let (status, answer) = reader.curl(&at(&gateway, file, HOST), &[]);
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.contains("allowRequestSessionKey=true"), "{status} {error}");
    }
    assert!(told(&reader).is_empty());

    let leave = [("enabled: true,", "enabled: true, allowRequestSessionKey: true,")];
    let (reader, gateway) = serve(&filled(snippet("002/quick.json5"), &leave));
    for (file, session, message) in requests {
        let (status, answer) = reader.curl(&at(&gateway, file, HOST), &[]);
        assert_eq!((status, &answer["session"]), (200, &json!(session)), "{answer}");
        assert_eq!(told(&reader).pop().unwrap(), run("my-agent", session, message));
    }
}

#[test]
pub fn statuses_are_those_of_the_table() {
    let (reader, gateway) = serve(snippet("002/quick.json5"));
    let request = at(&gateway, "002/agent.sh", HOST);
    let shown = snippet("002/authorization.http").trim();
    let bare = filled(&request, &[(&format!("-H \"{shown}\" \\\n"), "\\\n")]);
    let mut tried = Vec::new();
    for row in snippet("002/statuses.md").lines().filter(|row| row.starts_with("| `")) {
        let status: u16 = row.split('`').nth(1).unwrap().parse().unwrap();
        let scripts = match status {
            200 => vec![request.clone()],
            401 => vec![bare.clone(), filled(&request, &[("your-secret-token", "another-token")])],
            404 => vec![filled(&request, &[("my-agent", "nobody")])],
            // Nothing that a reader does leads to it.
            _ => continue,
        };
        for script in scripts {
            assert_eq!(reader.curl(&script, &[]).0, status, "{script}");
        }
        tried.push(status);
    }
    assert_eq!(tried, [200, 401, 404]);
    assert_eq!(reader.runs().len(), 1);
}

#[test]
pub fn messages_share_the_session_that_the_config_names() {
    let config = loaded("002/fixed.json5");
    assert_eq!(config.warnings, ["webhooks.agents: not served; to open /hooks, add enabled: true"]);
    let on = [("webhooks: {", "webhooks: { enabled: true, secret: \"your-secret-token\",")];
    let (reader, gateway) = serve(&filled(snippet("002/fixed.json5"), &on));
    let request = filled(&at(&gateway, "002/agent.sh", HOST), &[("my-agent", "monitor-agent")]);
    for _ in 0..2 {
        assert_eq!(reader.curl(&request, &[]).0, 200);
    }
    let shared = run("monitor-agent", "monitor-persistent-session", "执行今日数据汇总任务");
    assert_eq!(told(&reader), [shared.clone(), shared]);
    assert!(reader.runs().iter().all(|run| run.asked.mode == SessionMode::Persistent), "it remembers");
}

#[test]
pub fn the_alarm_script_tells_the_agent() {
    let (reader, gateway) = serve(snippet("002/full.json5"));
    let (status, answer) = reader.curl(&at(&gateway, "002/alarm.sh", HOST), &["磁盘 /data 已用 95%"]);
    assert_eq!((status, &answer["session"]), (200, &json!("alert-session")), "{answer}");
    let message = "收到告警：磁盘 /data 已用 95%，请分析原因并给出处理建议";
    assert_eq!(told(&reader), [run("alert-handler", "alert-session", message)]);

    let report = filled(&at(&gateway, "002/agent.sh", HOST), &[("my-agent", "daily-report-agent")]);
    assert_eq!(reader.curl(&report, &[]).1["session"], "report-session");
}

#[test]
pub fn a_deployment_is_told_from_github_actions() {
    let (reader, gateway) = serve(&filled(snippet("002/quick.json5"), &[("my-agent", "devops-agent")]));
    let words = [
        ("${{ secrets.OPENCLAW_GATEWAY_URL }}", &*format!("http://{}", gateway.address)),
        ("${{ secrets.OPENCLAW_SECRET }}", "your-secret-token"),
        ("${{ github.sha }}", "abc123"),
    ];
    let (status, answer) = reader.curl(&filled(&step("002/github-actions.yaml"), &words), &[]);
    assert_eq!((status, &answer["queued"]), (200, &json!(true)), "{answer}");
    let message = "生产环境部署完成，版本 abc123，请检查服务状态";
    assert_eq!(told(&reader), [run("devops-agent", "webhook-session", message)]);
}
