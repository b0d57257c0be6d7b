use super::parse;
use crate::config::webhooks::Signing;

const SECRET: &str = "secret: 'a-secret-for-callbacks-of-runs'";

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let errors = parse(text).unwrap_err();
    let found: Vec<_> = errors.problems().iter().map(|it| format!("{}: {}", it.path, it.message)).collect();
    assert_eq!(found, expected, "{text}");
}

fn section(members: &str) -> String {
    format!("{{ agents: {{ callbacks: {{ {members} }} }} }}")
}

#[test]
fn each_host_of_the_list_is_an_endpoint() {
    let members = "allowUrls: ['https://ci.example.com/hooks/', 'https://n8n.example.com:8443', 'https://ci.example.com/in'], \
                   retry: { maxAttempts: 7 }, timeoutMs: 2000, signing: 'both'";
    let config = parse(&section(&format!("secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0', {members}"))).unwrap();
    let found: Vec<_> = config
        .webhooks
        .endpoints
        .iter()
        .map(|it| (it.name.as_str(), it.callbacks.len(), it.retry.max_attempts, it.signing, it.events.join(",")))
        .collect();
    let events = || "run.finished".to_owned();
    assert_eq!(
        found,
        [
            ("agents.callbacks.ci.example.com", 2, 7, Signing::Both, events()),
            ("agents.callbacks.n8n.example.com-8443", 1, 7, Signing::Both, events()),
        ]
    );
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    assert!(config.agents.list.iter().all(|agent| agent.id.as_str() == "main"), "it is no agent");
    let allowed = |url| config.agents.callbacks.allowed(url);
    assert_eq!(allowed("https://CI.example.com/in?a"), Some("https://ci.example.com/in?a".to_owned()));
    assert_eq!(allowed("https://ci.example.com/"), None);
}

#[test]
fn another_secret_or_another_host_makes_no_other_endpoint() {
    let version = |members: &str| parse(&section(members)).unwrap().webhooks.endpoints[0].version();
    let one = version(&format!("{SECRET}, allowUrls: ['https://a.example/']"));
    assert_eq!(
        one,
        version("secret: 'another-secret-of-some-length', allowUrls: ['https://a.example/', 'https://b.example']")
    );
    assert_ne!(one, version(&format!("{SECRET}, allowUrls: ['https://a.example/'], timeoutMs: 10")));
}

#[test]
fn callbacks_are_signed_and_go_over_https_to_where_the_operator_says() {
    let urls = "allowUrls: ['https://ci.example.com/']";
    let missing = "agents.callbacks.secret: is missing, and callbacks are signed; add secret: \"${CALLBACK_SECRET}\"";
    refused(&section(urls), &[missing]);
    let signing =
        "agents.callbacks.signing: must be one of openclaw, standard, both: callbacks are signed, and as a whole";
    for word in ["none", "feishu", "dingtalk"] {
        refused(&section(&format!("{SECRET}, {urls}, signing: '{word}'")), &[signing]);
    }
    let list = "agents.callbacks.allowUrls: must be 1 to 100 URLs under which a callback may be, such as \"https://ci.example.com/hooks/\"";
    refused(&section(SECRET), &[list]);
    refused(&section(&format!("{SECRET}, allowUrls: []")), &[list]);
    let https = "agents.callbacks.allowUrls[0]: must begin with https://; what an agent answers goes over plain http only to where \
                 `allowPrivate` allows";
    for (url, allow) in [
        ("http://ci.example.com/", "[]"),
        ("http://10.0.0.1/", "['127.0.0.0/8']"),
        ("http://127.0.0.1:81/", "['127.0.0.1/32:80']"),
    ] {
        let text = section(&format!("{SECRET}, allowUrls: ['{url}'], allowPrivate: {allow}"));
        refused(&text, &[https]);
    }
    for (url, allow) in [("http://ci.internal/", "['10.0.0.0/8']"), ("http://127.0.0.1:81/", "['127.0.0.1/32:81']")] {
        parse(&section(&format!("{SECRET}, allowUrls: ['{url}'], allowPrivate: {allow}"))).unwrap();
    }
    let shape = "agents.callbacks.allowUrls[0]: must be scheme, host and the beginning of a path, of at most 2048 bytes, without a query \
                 and without %2e, %2f, %5c and %25";
    for url in ["https://ci.example.com/?a=b", "https://ci.example.com/a%2fb/"] {
        refused(&section(&format!("{SECRET}, allowUrls: ['{url}']")), &[shape]);
    }
}

#[test]
fn a_door_names_only_a_url_that_a_run_may_name() {
    let hooks = |callbacks: &str, mapping: &str| {
        format!(
            "{{ agents: {{ {callbacks} }}, hooks: {{ enabled: true, token: 'a-token-that-is-long-enough', mappings: [{{ match: {{ path: 'x' }}, \
             messageTemplate: 'x', textTemplate: 'x', {mapping} }}] }} }}"
        )
    };
    let callbacks = format!("callbacks: {{ {SECRET}, allowUrls: ['https://ci.example.com/'] }}");
    let at = "hooks.mappings[0].callbackUrl";
    for good in ["'https://ci.example.com/a'", "'{{url}}'"] {
        parse(&hooks(&callbacks, &format!("callbackUrl: {good}"))).unwrap();
    }
    refused(
        &hooks("", "callbackUrl: '{{url}}'"),
        &[&format!("{at}: needs agents.callbacks, which says where the end of a run may be reported to")],
    );
    refused(
        &hooks(&callbacks, "callbackUrl: 'https://other.example/'"),
        &[&format!("{at}: is under no URL of agents.callbacks.allowUrls")],
    );
    refused(
        &hooks(&callbacks, "callbackUrl: '{{url}}', action: 'wake'"),
        &[&format!("{at}: is for `action: \"agent\"`: nobody answers a wake-up; remove it")],
    );
    refused(
        "{ webhooks: { endpoints: [{ name: 'agents.callbacks.x', url: 'https://x.example', events: ['*'] }] } }",
        &[
            "webhooks.endpoints[0].name: begins as the names of agents.callbacks do, which are made from it; choose another",
        ],
    );
}

#[test]
fn beside_one_agent_that_one_still_gets_what_names_nobody() {
    let callbacks = format!("callbacks: {{ {SECRET}, allowUrls: ['https://ci.example.com/'] }}");
    let text = format!(
        "{{ agents: {{ ops: {{}}, {callbacks} }}, hooks: {{ enabled: true, token: 'a-token-that-is-long-enough' }} }}"
    );
    let config = parse(&text).unwrap();
    let agents = &config.hooks[0].agents;
    assert_eq!(agents.default.as_ref().map(|agent| agent.as_str()), Some("ops"));
    assert_eq!(agents.known.iter().map(|agent| agent.as_str()).collect::<Vec<_>>(), ["ops"]);
}
