use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::webhooks::{
    Backoff, Breaker, DisableAfter, Endpoint, Filter, OnTransformFailure, Ordering, RateLimit, Retry, Signing,
    Timeouts, Transform,
};
use super::super::{RouteLimits, SecretSpec};
use super::*;
use crate::model::Millis;

fn only_endpoint(result: Result<Config, ConfigErrors>) -> Endpoint {
    let mut endpoints = result.unwrap().webhooks.endpoints;
    assert_eq!(endpoints.len(), 1);
    endpoints.remove(0)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn without_the_root_nothing_comes_in_and_nothing_goes_out() {
    for text in ["{}", "{ webhooks: {} }"] {
        let webhooks = parse(text).unwrap().webhooks;
        assert!(webhooks.ingest.is_none() && webhooks.endpoints.is_empty() && webhooks.extra_ca.is_none());
        assert_eq!(webhooks.retention, secs(14 * 86_400));
        assert!(!webhooks.instance_id.is_empty());
    }
}

#[test]
fn an_endpoint_needs_a_name_a_url_and_events() {
    let endpoint = only_endpoint(endpoint(""));
    assert_eq!((endpoint.name.as_str(), endpoint.url.as_str()), ("a", "https://example.com/x"));
    assert_eq!(endpoint.events, ["flow.*"]);
    assert!(endpoint.secrets.is_empty() && endpoint.headers.is_empty() && endpoint.allow_private.is_empty());
    assert_eq!((endpoint.filter, endpoint.transform), (Filter::default(), Transform::None));
    let backoff = Backoff::Exponential { first: secs(1), max: secs(3_600) };
    assert_eq!(endpoint.retry, Retry { max_attempts: 3, backoff });
    assert_eq!(endpoint.timeouts, Timeouts { connect: secs(5), headers: secs(15), total: secs(15) });
    assert_eq!((endpoint.rate_limit, endpoint.max_in_flight, endpoint.ordering), (None, 16, Ordering::None));
    assert_eq!((endpoint.signing, endpoint.enabled), (Signing::None, true));
    assert_eq!(endpoint.breaker, Breaker { failures: 10, open: secs(30), open_max: secs(1_800) });
    assert_eq!(endpoint.disable_after, Some(DisableAfter { failing: secs(120 * 3_600), failures: 20 }));
}

#[test]
fn the_root_is_read() {
    let webhooks = webhooks(
        "instanceId: 'node-1', retentionDays: 30, extraCa: 'corp.pem', \
         ingest: { path: 'gateway/events/', secret: '${TOKEN}', limits: { bodyKiB: 2, bodyTimeoutMs: 1000, inFlight: 3 } }",
    );
    let webhooks = webhooks.unwrap().webhooks;
    assert_eq!((webhooks.instance_id.as_str(), webhooks.retention), ("node-1", secs(30 * 86_400)));
    assert_eq!(webhooks.extra_ca.as_deref(), Some(Path::new("/etc/sandclaw/corp.pem")));
    let ingest = webhooks.ingest.unwrap();
    assert_eq!((ingest.path.as_str(), ingest.body_max_bytes, ingest.in_flight), ("/gateway/events", 2_048, 3));
    assert_eq!(ingest.body_timeout, secs(1));
    assert!(matches!(&ingest.auth.secrets()[0], SecretSpec::Plain(text) if text.expose_secret() == "t0ken"));
}

#[test]
fn the_door_for_events_has_defaults() {
    let ingest = webhooks("ingest: { secret: 'x' }").unwrap().webhooks.ingest.unwrap();
    assert_eq!((ingest.path.as_str(), ingest.body_max_bytes), ("/events", 1_024 * 1_024));
    assert_eq!((ingest.body_timeout, ingest.in_flight), (secs(15), 512));
}

#[test]
fn retries_are_counted_or_scheduled() {
    let exponential =
        |first, max| Backoff::Exponential { first: Duration::from_millis(first), max: Duration::from_millis(max) };
    for (written, max_attempts, backoff) in [
        ("{}", 3, exponential(1_000, 3_600_000)),
        ("{ maxAttempts: 1 }", 1, exponential(1_000, 3_600_000)),
        ("{ maxAttempts: 3, backoffMs: 1000 }", 3, exponential(1_000, 3_600_000)),
        ("{ backoffMs: 7200000 }", 3, exponential(7_200_000, 7_200_000)),
        ("{ backoffMs: 10, maxBackoffMs: 10 }", 3, exponential(10, 10)),
        ("{ scheduleMs: [5000] }", 2, Backoff::Schedule(vec![secs(5)])),
        ("{ scheduleMs: [5000, 300000] }", 3, Backoff::Schedule(vec![secs(5), secs(300)])),
    ] {
        let retry = only_endpoint(endpoint(&format!("retry: {written}"))).retry;
        assert_eq!(retry, Retry { max_attempts, backoff }, "{written}");
    }
}

#[test]
fn a_timeout_is_for_the_whole_try_or_for_its_parts() {
    for (written, connect, headers, total) in [
        ("20000", 5_000, 20_000, 20_000),
        ("1000", 1_000, 1_000, 1_000),
        ("{}", 5_000, 15_000, 15_000),
        ("{ totalMs: 30000 }", 5_000, 30_000, 30_000),
        ("{ totalMs: 300 }", 300, 300, 300),
        ("{ connectMs: 100, headersMs: 200, totalMs: 300 }", 100, 200, 300),
    ] {
        let timeouts = only_endpoint(endpoint(&format!("timeoutMs: {written}"))).timeouts;
        let [connect, headers, total] = [connect, headers, total].map(Duration::from_millis);
        assert_eq!(timeouts, Timeouts { connect, headers, total }, "{written}");
    }
}

#[test]
fn the_pace_of_an_endpoint_is_read() {
    let endpoint = only_endpoint(endpoint(
        "rateLimit: { requests: 100 }, maxInFlight: 2, ordering: 'session', breaker: { failures: 3, openMs: 3600000 }, \
         disableAfter: { hours: 1 }, enabled: false",
    ));
    assert_eq!(endpoint.rate_limit, Some(RateLimit { requests: 100, window: secs(1) }));
    assert_eq!((endpoint.max_in_flight, endpoint.ordering, endpoint.enabled), (2, Ordering::Session, false));
    assert_eq!(endpoint.breaker, Breaker { failures: 3, open: secs(3_600), open_max: secs(3_600) });
    assert_eq!(endpoint.disable_after, Some(DisableAfter { failing: secs(3_600), failures: 20 }));
    assert_eq!(only_endpoint(super::endpoint("disableAfter: false")).disable_after, None);
}

#[test]
fn a_filter_is_read() {
    let filter = only_endpoint(endpoint(
        "filter: { agentIds: ['a'], sessionKeys: ['agent:main:main', ' b '], channel: 'slack', expr: \"data.cost > 1.5\" }",
    ))
    .filter;
    assert_eq!((filter.agent_ids.join("|"), filter.session_keys.join("|")), ("a".into(), "agent:main:main|b".into()));
    assert_eq!((filter.channels.join("|"), filter.expr.as_deref()), ("slack".into(), Some("data.cost > 1.5")));
    let several = only_endpoint(endpoint("filter: { channel: ['slack', 'telegram'] }")).filter;
    assert_eq!(several.channels, ["slack", "telegram"]);
}

#[test]
fn a_secret_signs_as_openclaw_does_unless_it_is_said() {
    let standard = format!("whsec_{}", "QUJD".repeat(8));
    let ed25519 = format!("whsk_{}=", "A".repeat(43));
    for (written, secrets, signing) in [
        ("secret: 'x'".to_owned(), 1, Signing::OpenClaw),
        ("secret: { source: 'env', provider: 'default', id: 'A' }, signing: 'both'".to_owned(), 1, Signing::Both),
        (format!("secret: '{standard}', signing: 'standard'"), 1, Signing::Standard),
        ("secret: 'QUJD', signing: 'standard'".to_owned(), 1, Signing::Standard),
        (format!("secret: '{ed25519}', signing: 'standard'"), 1, Signing::Standard),
        ("secret: 'SECabc', signing: 'dingtalk'".to_owned(), 1, Signing::DingTalk),
        ("secret: 'abc', signing: 'feishu'".to_owned(), 1, Signing::Feishu),
        ("signing: 'none'".to_owned(), 0, Signing::None),
        ("secrets: ['a', { value: '${TOKEN}', expiresAt: '2026-12-01T00:00:00Z' }]".to_owned(), 2, Signing::OpenClaw),
    ] {
        let config = endpoint(&written).unwrap();
        assert_eq!(config.warnings, Vec::<String>::new(), "{written}");
        let endpoint = only_endpoint(Ok(config));
        assert_eq!((endpoint.secrets.len(), endpoint.signing), (secrets, signing), "{written}");
    }
}

#[test]
fn a_secret_can_expire() {
    for (written, expected) in [
        ("'a', { value: 'b', expiresAt: '2026-12-01T00:00:00Z' }", [None, Some(Millis(1_796_083_200_000))]),
        (
            "{ value: 'a' }, { value: 'b', expiresAt: '2026-12-01T01:00:00.5+01:00' }",
            [None, Some(Millis(1_796_083_200_500))],
        ),
        (
            "{ source: 'env', provider: 'default', id: 'A' }, { value: { source: 'env', provider: 'default', id: 'B' } }",
            [None, None],
        ),
    ] {
        let endpoint = only_endpoint(endpoint(&format!("secrets: [{written}]")));
        assert_eq!(endpoint.secrets.iter().map(|secret| secret.expires_at).collect::<Vec<_>>(), expected, "{written}");
    }
}

#[test]
fn headers_are_lower_case_and_may_be_references() {
    let endpoint = only_endpoint(endpoint(
        "headers: { 'X-API-Key': 'pre-${TOKEN}', Authorization: { source: 'env', provider: 'default', id: 'A' }, 'Content-Type': 'text/plain; é' }",
    ));
    let names: Vec<_> = endpoint.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-api-key", "authorization", "content-type"]);
    assert!(matches!(&endpoint.headers[0].1, SecretSpec::Plain(text) if text.expose_secret() == "pre- t0ken"));
    assert!(matches!(&endpoint.headers[1].1, SecretSpec::Ref(reference) if reference.id == "A"));
}

#[test]
fn a_template_is_any_json_with_its_variables_put_in() {
    for (written, expected) in [
        (
            "{ text: '{{data.x}} ${HOST} $${HOST}', n: [1.50, 1e21, 0x10, true, null], b: {}, a: [] }",
            r#"{"text":"{{data.x}} 127.0.0.1 ${HOST}","n":[1.5,1e+21,16,true,null],"b":{},"a":[]}"#,
        ),
        ("'{{data}}'", r#""{{data}}""#),
        ("[{ plugin: 'x' }]", r#"[{"plugin":"x"}]"#),
        ("{ plugin: ['x'], ' a, ': ',' }", r#"{"plugin":["x"]," a, ":","}"#),
        ("5", "5"),
    ] {
        let endpoint = only_endpoint(endpoint(&format!("transform: {written}")));
        assert!(
            matches!(&endpoint.transform, Transform::Template(text) if text.as_str() == expected),
            "{:?}",
            endpoint.transform
        );
    }
}

#[test]
fn a_component_has_its_own_limits_and_few_powers() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let config = parse(&format!(
        "{{ limits: {{ memoryMiB: 8, bodyKiB: 1 }}, webhooks: {{ endpoints: [{{ name: 'a', url: 'https://x.example', events: ['*'], transform: {{ \
         plugin: {{ file: 'x.wasm', digest: '{digest}' }}, config: {{ host: '${{HOST}}' }}, grants: ['clock', 'random'], \
         limits: {{ cpuMs: 7 }}, onFailure: 'retry-after-swap' }} }}] }} }}"
    ));
    let Transform::Component { component, on_failure } = only_endpoint(config).transform else { panic!("a component") };
    assert_eq!((component.file.as_str(), component.digest.unwrap().to_string()), ("x.wasm", digest));
    assert_eq!(component.config.as_str(), r#"{"host":"127.0.0.1"}"#);
    assert_eq!(component.grants.iter().map(|grant| grant.to_string()).collect::<Vec<_>>(), ["clock", "random"]);
    assert_eq!((component.limits.cpu, component.limits.memory_max_bytes), (Duration::from_millis(7), 8 << 20));
    assert_eq!(on_failure, OnTransformFailure::RetryAfterSwap);

    let Transform::Component { component: plain, on_failure } =
        only_endpoint(endpoint("transform: { plugin: 'x.wasm' }")).transform
    else {
        panic!("a component")
    };
    assert_eq!((plain.config.as_str(), plain.digest, plain.grants.is_empty()), ("null", None, true));
    assert_eq!((plain.limits, on_failure), (RouteLimits::default(), OnTransformFailure::Dead));
}

#[test]
fn a_definition_holds_what_is_written_but_no_secret() {
    let definition = |keys: &str| only_endpoint(endpoint(keys)).definition.into_string();
    let common = r#"{"name":"a","url":"https://example.com/x","events":["flow.*"]"#;
    assert_eq!(definition(""), format!("{common}}}"));
    let written =
        "secret: 's3cr3t', headers: { 'X-Key': 's3cr3t', b: '${TOKEN}' }, timeoutMs: 1e4, transform: { t: '${TOKEN}' }";
    let expected = r#","headers":{"X-Key":null,"b":null},"timeoutMs":10000,"transform":{"t":"${TOKEN}"}}"#;
    assert_eq!(definition(written), format!("{common}{expected}"));

    let version = |keys: &str| only_endpoint(endpoint(keys)).version();
    assert_eq!(version("secret: 'a', headers: { x: '1' }"), version("headers: { x: '2' }, secrets: ['a', 'b']"));
    assert_ne!(version("headers: { x: '1' }"), version("headers: { y: '1' }"));
    assert_ne!(version("maxInFlight: 1"), version("maxInFlight: 2"));
}
