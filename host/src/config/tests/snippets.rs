//! Configs that people have already. They load as they stand.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::SecretSpec;
use super::super::webhooks::{Backoff, Endpoint, Filter, Retry, Signing, Transform};
use super::*;

const BASIC: &str = r#"{
webhooks: {
endpoints: [
{
// Webhook 名称
name: "main-webhook",
// 目标 URL
url: "https://your-server.com/openclaw/events",
// 签名密钥(用于验证请求真实性)
secret: "whsec_xxxxxxxxxxxxxxxx",
// 订阅的事件类型
events: [
"message.received",
"message.sent",
"session.created",
"session.ended",
"tool.called",
"tool.completed",
"error.occurred"
],
// 重试配置
retry: {
maxAttempts: 3,
backoffMs: 1000
}
}
]
}
}
"#;

const INBOUND: &str = r#"{
webhooks: {
inbound: {
enabled: true,
// 入站Webhook路径前缀
basePath: "/webhooks/inbound",
// 端点配置
endpoints: {
// 当收到 POST /webhooks/inbound/alert 时触发
"alert": {
agentId: "alert-handler",
// 消息模板,支持变量替换
template: "收到告警:{{body.title}} - 严重级别:{{body.severity}}"
},
"deploy": {
agentId: "devops-agent",
template: "{{body.repo}} 的 {{body.branch}} 分支部署{{body.status}}"
}
}
}
}
}
"#;

const AUDIT: &str = r#"{
webhooks: {
endpoints: [{
name: "audit-log",
url: "https://audit.company.com/api/logs",
events: ["message.received", "message.sent"],
// 只发送特定Agent的事件
filter: {
agentIds: ["customer-support", "hr-assistant"]
}
}]
}
}
"#;

const SLACK: &str = r#"{
webhooks: {
endpoints: [{
name: "slack-alert",
url: "https://hooks.slack.com/services/T00/B00/xxxxx",
events: ["error.occurred"],
// 转换为Slack消息格式
transform: {
text: "🚨 OpenClaw 告警: {{data.error.message}}\nAgent: {{data.agentId}}\n时间: {{timestamp}}"
}
}]
}
}
"#;

const CRM: &str = r#"{
webhooks: {
endpoints: [{
name: "crm-integration",
url: "https://crm.company.com/api/interactions",
events: ["session.created"],
headers: {
"X-API-Key": "${CRM_API_KEY}"
}
}]
}
}
"#;

const TICKETS: &str = r#"{
webhooks: {
// 出站:新会话 → 创建工单
endpoints: [{
name: "create-ticket",
url: "https://ticketing.company.com/api/tickets",
events: ["session.created"],
filter: { agentIds: ["support-bot"] }
}],
// 入站:工单更新 → 通知Agent
inbound: {
endpoints: {
"ticket-update": {
agentId: "support-bot",
template: "工单 #{{body.ticketId}} 状态已更新为:{{body.status}}"
}
}
}
}
}
"#;

fn only_endpoint(text: &str) -> Endpoint {
    let mut config = parse(text).unwrap();
    assert_eq!(config.webhooks.endpoints.len(), 1);
    config.webhooks.endpoints.remove(0)
}

#[test]
fn the_basic_endpoint_loads_as_it_stands() {
    assert_eq!(parse(BASIC).unwrap().warnings, Vec::<String>::new());
    let endpoint = only_endpoint(BASIC);
    assert_eq!(endpoint.name.as_str(), "main-webhook");
    assert_eq!(endpoint.url.as_str(), "https://your-server.com/openclaw/events");
    assert_eq!((endpoint.events.len(), endpoint.events[6].as_str()), (7, "error.occurred"));
    let [secret] = &endpoint.secrets[..] else { panic!("one secret") };
    // All of it is the key, the prefix too.
    assert!(matches!(&secret.spec, SecretSpec::Plain(text) if text.expose_secret() == "whsec_xxxxxxxxxxxxxxxx"));
    assert_eq!((secret.expires_at, endpoint.signing, endpoint.enabled), (None, Signing::OpenClaw, true));
    let backoff = Backoff::Exponential { first: Duration::from_secs(1), max: Duration::from_secs(3_600) };
    assert_eq!(endpoint.retry, Retry { max_attempts: 3, backoff });
}

#[test]
fn the_audit_endpoint_loads_as_it_stands() {
    let endpoint = only_endpoint(AUDIT);
    let agents = vec!["customer-support".to_owned(), "hr-assistant".to_owned()];
    assert_eq!(endpoint.filter, Filter { agent_ids: agents, ..Filter::default() });
    assert_eq!((endpoint.signing, endpoint.secrets.len(), endpoint.headers.len()), (Signing::None, 0, 0));
}

#[test]
fn the_slack_endpoint_loads_as_it_stands() {
    let Transform::Template(template) = only_endpoint(SLACK).transform else { panic!("a template") };
    let expected =
        r#"{"text":"🚨 OpenClaw 告警: {{data.error.message}}\nAgent: {{data.agentId}}\n时间: {{timestamp}}"}"#;
    assert_eq!(template.as_str(), expected);
}

#[test]
fn the_crm_endpoint_loads_as_it_stands_if_its_variable_is_set() {
    let env = Env::new(|name| (name == "CRM_API_KEY").then(|| "k3y".to_owned()));
    let config = Config::parse(CRM, Format::Json5, Path::new(FILE), &env).unwrap();
    let [(name, value)] = &config.webhooks.endpoints[0].headers[..] else { panic!("one header") };
    assert_eq!(name, "x-api-key");
    assert!(matches!(value, SecretSpec::Plain(text) if text.expose_secret() == "k3y"));
    assert!(!format!("{config:?}").contains("k3y"));

    let found = problems(parse(CRM));
    let expected = ".headers.X-API-Key: environment variable CRM_API_KEY is not set; set it, ";
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
}

#[test]
fn inbound_templates_load_and_let_nobody_in_until_they_have_a_secret() {
    for (text, count) in [(INBOUND, 2), (TICKETS, 1)] {
        let config = parse(text).unwrap();
        let inbound = config.webhooks.inbound.as_ref().unwrap();
        assert_eq!((inbound.base_path.as_str(), inbound.endpoints.len()), ("/webhooks/inbound", count));
        assert!(inbound.endpoints.iter().all(|endpoint| endpoint.auth.is_nobody()));
        let expected = "webhooks.inbound: there is no secret, so every request is answered 401; add secret: ";
        assert!(matches!(&config.warnings[..], [one] if one.starts_with(expected)), "{:?}", config.warnings);
        // Who is named is there.
        assert!(inbound.endpoints.iter().all(|endpoint| config.agents.find(&endpoint.agent).is_some()));
    }
    assert_eq!(only_endpoint(TICKETS).filter.agent_ids, ["support-bot"]);
}
