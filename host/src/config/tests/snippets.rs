//! Configs that people have already. They load as they stand.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::SecretSpec;
use super::super::webhooks::{Backoff, Endpoint, Filter, Retry, Signing, Transform};
use super::*;

const BASIC: &str = include_str!("../../../../tests/it/seeds/003/basic.json5");
const INBOUND: &str = include_str!("../../../../tests/it/seeds/003/inbound.json5");
const AUDIT: &str = include_str!("../../../../tests/it/seeds/003/audit.json5");
const SLACK: &str = include_str!("../../../../tests/it/seeds/003/slack.json5");
const CRM: &str = include_str!("../../../../tests/it/seeds/003/crm.json5");
const TICKETS: &str = include_str!("../../../../tests/it/seeds/003/tickets.json5");

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
