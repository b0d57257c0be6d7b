use super::*;

#[test]
fn a_wrong_root_is_refused() {
    for (written, expected) in [
        ("endpoint: []", "webhooks.endpoint: unknown key `endpoint`; did you mean `endpoints`?"),
        ("endpoints: {}", "E: must be a list, found a map"),
        ("endpoints: ['x']", "E[0]: must be a map, found a string"),
        ("instanceId: ''", "webhooks.instanceId: must be a non-blank string"),
        ("instanceId: 'a\\nb'", "webhooks.instanceId: must be at most 253 characters, none of them a control"),
        ("instanceId: '${NO}'", "webhooks.instanceId: environment variable NO is not set"),
        ("retentionDays: 0", "webhooks.retentionDays: must be a whole number from 1 to 365, found 0"),
        ("retentionDays: '14'", "webhooks.retentionDays: must be a whole number from 1 to 365, found a string"),
        ("extraCa: 5", "webhooks.extraCa: must be a string"),
        ("ingest: 'x'", "webhooks.ingest: must be a map"),
        ("ingest: {}", "webhooks.ingest.secret: required, a non-blank string or {source, provider, id}"),
        ("ingest: { secret: '${NO}' }", "webhooks.ingest.secret: environment variable NO is not set"),
        ("ingest: { secret: 'x', path: '' }", "webhooks.ingest.path: must be a non-blank string"),
        ("ingest: { secret: 'x', path: '/a b' }", "webhooks.ingest.path: no request can match it"),
        ("ingest: { secret: 'x', path: '/readyz/' }", "webhooks.ingest.path: conflicts with /readyz"),
        (
            "ingest: { secret: 'x', limits: { bodyKiB: 0 } }",
            "webhooks.ingest.limits.bodyKiB: must be a whole number from 1 to 16384",
        ),
        (
            "ingest: { secret: 'x', limits: { cpuMs: 1 } }",
            "webhooks.ingest.limits.cpuMs: unknown key `cpuMs`; the keys here are bodyKiB, bodyTimeoutMs, inFlight",
        ),
        ("inbound: { enable: true }", "webhooks.inbound.enable: unknown key `enable`; did you mean `enabled`?"),
        ("inbound: { enabled: 'yes' }", "webhooks.inbound.enabled: must be true or false"),
        ("inbound: { endpoints: [] }", "webhooks.inbound.endpoints: must be a map"),
        (
            "inbound: { endpoints: { a: { template: 'x' } } }",
            "webhooks.inbound.endpoints.a.agentId: required, a non-blank string",
        ),
        (
            "inbound: { endpoints: { a: { agentId: 'x', template: 5 } } }",
            "webhooks.inbound.endpoints.a.template: must be a string",
        ),
    ] {
        let found = problems(webhooks(written));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{written}: {found:?}");
    }
}

#[test]
fn the_door_for_events_takes_no_path_of_another() {
    let with = |path: &str, enabled: bool| {
        parse(&format!(
            "{{ plugins: {{ entries: {{ webhooks: {{ enabled: {enabled}, config: {{ routes: {{ a: {{ path: '{path}', sessionKey: 's', \
             secret: 'x' }} }} }} }} }} }}, webhooks: {{ ingest: {{ secret: 'x' }} }} }}"
        ))
    };
    assert!(with("/other", true).is_ok() && with("/events", false).is_ok());
    let found = problems(with("/events/", true));
    assert_eq!(found, ["webhooks.ingest.path: conflicts with routes.a.path (`/events`); choose another path"]);
}

#[test]
fn what_an_endpoint_needs_is_asked_for_at_once() {
    let found = problems(webhooks("endpoints: [{ nam: 'x' }]"));
    assert_eq!(
        found,
        [
            ".nam: unknown key `nam`; did you mean `name`?",
            ".name: required, a non-blank string",
            ".url: required, a non-blank string",
            ".events: required, a list of event types such as [\"flow.*\"]",
        ]
    );
}

#[test]
fn names_differ() {
    let one = |name: &str| format!("{{ name: '{name}', url: 'https://x.example', events: ['*'] }}");
    let found = problems(webhooks(&format!("endpoints: [{}, {}, {}]", one("a"), one("b"), one("a"))));
    let expected = "E[2].name: webhooks.endpoints[0] has the name `a` too; deliveries are told apart by it: rename one";
    assert_eq!(found, [expected]);
    for name in ["", "a b", "ä", "a/b", &"x".repeat(65)] {
        let found = problems(webhooks(&format!("endpoints: [{}]", one(name))));
        assert!(found.len() == 1 && found[0].starts_with(".name: must be "), "{name}: {found:?}");
    }
}

#[test]
fn a_wrong_url_is_refused_and_not_repeated() {
    for (url, expected) in [
        ("example.com/s3cr3t", "relative URL without a base"),
        ("ftp://example.com/s3cr3t", "its scheme must be http or https"),
        ("file:///s3cr3t", "its scheme must be http or https"),
        ("https://", "empty host"),
        ("https:///?s3cr3t", "empty host"),
        ("https://u:s3cr3t@example.com", "it holds a user or a password"),
        ("https://s3cr3t@example.com", "it holds a user or a password"),
        ("https://example.com/#s3cr3t", "a receiver never sees what follows `#`"),
        ("https://example.com:0/s3cr3t", "nobody listens on port 0"),
        ("https://example.com:99999/s3cr3t", "invalid port number"),
        ("https://[::1/s3cr3t", "invalid IPv6 address"),
        ("https://exa\\nmple.com/s3cr3t", "it holds white space or a control character"),
        ("https://example.com/s3cr3t x", "it holds white space or a control character"),
        (&format!("https://example.com/{}", "s3cr3t".repeat(700)), "it is longer than 4096 bytes"),
    ] {
        let found = problems(webhooks(&format!("endpoints: [{{ name: 'a', url: '{url}', events: ['*'] }}]")));
        let expected = format!(".url: must be a URL such as https://example.com/events: {expected}");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{url}: {found:?}");
        assert!(!found[0].contains("s3cr3t"), "{found:?}");
    }
}

#[test]
fn wrong_events_are_refused() {
    for (events, expected) in [
        ("[]", ".events: must not be empty"),
        ("'flow.*'", ".events: must be a list, found a string"),
        ("['']", ".events[0]: must be a non-blank string"),
        ("['Flow.failed']", ".events[0]: must be an event type such as flow.failed"),
        ("['flow..failed']", ".events[0]: must be an event type"),
        ("['.flow']", ".events[0]: must be an event type"),
        ("['flow.?']", ".events[0]: must be an event type"),
        (&format!("['{}']", "x".repeat(129)), ".events[0]: must be an event type"),
    ] {
        let found =
            problems(webhooks(&format!("endpoints: [{{ name: 'a', url: 'https://x.example', events: {events} }}]")));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{events}: {found:?}");
    }
}

#[test]
fn a_wrong_endpoint_is_refused() {
    for (written, expected) in [
        ("enabled: 1", ".enabled: must be true or false"),
        ("filter: { agentIds: [] }", ".filter.agentIds: must not be empty; name what you want, or remove the key"),
        ("filter: { agentIds: 'a' }", ".filter.agentIds: must be a list"),
        ("filter: { sessionKeys: [''] }", ".filter.sessionKeys[0]: must be a non-blank string"),
        ("filter: { channel: 5 }", ".filter.channel: must be a string or a list of strings"),
        ("filter: { agentId: ['a'] }", ".filter.agentId: unknown key `agentId`; did you mean `agentIds`?"),
        ("filter: { expr: 'data.x =' }", ".filter.expr: not valid CEL at line 1, column "),
        ("filter: { expr: 'dta.x == 1' }", ".filter.expr: there is no variable `dta`; there are id, type, "),
        ("filter: { expr: ['true'] }", ".filter.expr: must be a string"),
        ("retry: 3", ".retry: must be a map, found a number"),
        ("retry: { maxAttempts: 0 }", ".retry.maxAttempts: must be a whole number from 1 to 100, found 0"),
        ("retry: { maxAttempts: 101 }", ".retry.maxAttempts: must be a whole number from 1 to 100, found 101"),
        (
            "retry: { backoffMs: 2000, maxBackoffMs: 1000 }",
            ".retry.maxBackoffMs: must not be less than `backoffMs`, 2000",
        ),
        ("retry: { scheduleMs: [5000], maxAttempts: 2 }", ".retry.maxAttempts: not together with `scheduleMs`"),
        ("retry: { scheduleMs: [] }", ".retry.scheduleMs: must be a list of 1 to 99 waits"),
        ("retry: { scheduleMs: [0] }", ".retry.scheduleMs[0]: must be a whole number from 1 to 86400000, found 0"),
        ("timeoutMs: '5'", ".timeoutMs: must be a number or {connectMs, headersMs, totalMs}"),
        ("timeoutMs: 1", ".timeoutMs: must be a whole number from 10 to 300000, found 1"),
        ("timeoutMs: { total: 5 }", ".timeoutMs.total: unknown key `total`"),
        ("timeoutMs: { connectMs: 20000 }", ".timeoutMs.totalMs: must not be less than `connectMs`, 20000"),
        ("rateLimit: {}", ".rateLimit.requests: required, a number of tries"),
        ("rateLimit: { requests: 1, perMs: 1 }", ".rateLimit.perMs: must be a whole number from 100 to 86400000"),
        ("maxInFlight: 0", ".maxInFlight: must be a whole number from 1 to 1024"),
        ("ordering: 'strict'", ".ordering: must be one of none, session, found `strict`"),
        ("allowPrivate: '10.0.0.0/8'", ".allowPrivate: must be a list"),
        ("allowPrivate: ['10.0.0.0/99']", ".allowPrivate[0]: must be an address or a network, with the only port"),
        ("breaker: { failures: 0 }", ".breaker.failures: must be a whole number from 1 to 100000"),
        ("breaker: { openMs: 1000, openMaxMs: 500 }", ".breaker.openMaxMs: must not be less than `openMs`, 1000"),
        ("disableAfter: true", ".disableAfter: must be {hours, failures} or false"),
        ("disableAfter: { days: 5 }", ".disableAfter.days: unknown key `days`"),
        ("maxInFlight: Infinity", ".maxInFlight: must be a whole number from 1 to 1024, found inf"),
    ] {
        let found = problems(endpoint(written));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{written}: {found:?}");
    }
}

#[test]
fn a_wrong_transform_is_refused() {
    for (written, expected) in [
        ("null", ": must be a JSON template or {plugin}, found null"),
        ("'x.wasm'", ": is a template as it stands; for a component write { plugin:"),
        ("{ text: '${NO}' }", ".text: environment variable NO is not set"),
        ("{ a: [NaN] }", ".a[0]: must be a number that JSON has"),
        ("{ a: 1, a: 2 }", ".a: written twice"),
        ("{ plugin: 'x' }", ".plugin: must be the plain name of a file in the plugins folder, ending in .wasm"),
        ("{ plugin: '../x.wasm' }", ".plugin: must be the plain name"),
        ("{ plugin: { digest: 'x' } }", ".plugin.file: required"),
        ("{ plugin: 'x.wasm', text: 'y' }", ".text: unknown key `text`"),
        ("{ plugin: 'x.wasm', grants: ['flow/read'] }", ".grants[0]: `flow/read`: a transform belongs to no session"),
        ("{ plugin: 'x.wasm', grants: ['network'] }", ".grants[0]: `network`: no such power"),
        ("{ plugin: 'x.wasm', limits: { bodyKiB: 1 } }", ".limits.bodyKiB: unknown key `bodyKiB`"),
        ("{ plugin: 'x.wasm', limits: { cpuMs: 0 } }", ".limits.cpuMs: must be a whole number"),
        ("{ plugin: 'x.wasm', config: { a: '${NO}' } }", ".config.a: environment variable NO is not set"),
        ("{ plugin: 'x.wasm', onFailure: 'drop' }", ".onFailure: must be one of dead, retry-after-swap"),
    ] {
        let found = problems(endpoint(&format!("transform: {written}")));
        assert!(found[0].starts_with(&format!(".transform{expected}")), "{written}: {found:?}");
        assert!(found.len() == 1 || written.contains("digest"), "{written}: {found:?}");
    }
}

#[test]
fn a_wrong_secret_or_signing_is_refused_and_not_repeated() {
    for (written, expected) in [
        ("signing: 'openclaw'", ".signing: needs a secret; add `secret`"),
        ("signing: 'feishu'", ".signing: needs a secret"),
        (
            "signing: 'hmac', secret: 's3cr3t'",
            ".signing: must be one of openclaw, standard, both, dingtalk, feishu, none",
        ),
        ("secret: ''", ".secret: must be a non-blank string"),
        ("secret: '${NO}'", ".secret: environment variable NO is not set"),
        ("secret: { source: 'env', provider: 'nobody', id: 'A' }", ".secret.provider: no provider `nobody`"),
        ("secret: 's3cr3t', secrets: ['s3cr3t']", ".secrets: not together with `secret`"),
        ("secrets: 's3cr3t'", ".secrets: must be a list"),
        ("secrets: []", ".secrets: must be 1 to 10 secrets"),
        ("secrets: ['s3cr3t', 5]", ".secrets[1]: must be a non-blank string or {source, provider, id}"),
        ("secrets: [{ expiresAt: '2026-12-01T00:00:00Z' }]", ".secrets[0].value: required, a non-blank string or"),
        (
            "secrets: [{ value: 's3cr3t', expires: 'x' }]",
            ".secrets[0].expires: unknown key `expires`; did you mean `expiresAt`?",
        ),
        (
            "secrets: [{ value: 's3cr3t', expiresAt: '2026-12-01' }]",
            ".secrets[0].expiresAt: must be a time such as 2026-12-01T00:00:00Z",
        ),
        ("secrets: [{ value: 's3cr3t', expiresAt: 5 }]", ".secrets[0].expiresAt: must be a string"),
        ("signing: 'standard', secret: 's3cr3t!'", ".secret: for this `signing` a secret is `whsec_` and base64"),
        ("signing: 'both', secret: 'whsec_'", ".secret: nothing follows the prefix"),
        ("secret: 'whsec_'", ".secret: nothing follows the prefix"),
        ("signing: 'both', secret: 'whsec_Q'", ".secret: for this `signing`"),
        ("signing: 'standard', secret: 'whpk_QUJD'", ".secret: for this `signing`"),
        ("signing: 'both', secret: 'whsk_QUJD'", ".secret: this `signing` needs a secret that the receiver has too"),
        ("signing: 'feishu', secrets: ['whsk_QUJD', 'whpk_QUJD']", ".secrets[0]: this `signing` needs a secret"),
        ("signing: 'standard', secrets: ['QUJD', 'whsk_QUJD']", ".secrets[1]: for this `signing`"),
        ("headers: 'x'", ".headers: must be a map"),
        ("headers: { 'x y': 's3cr3t' }", ".headers[\"x y\"]: is no name of a header"),
        ("headers: { '': 's3cr3t' }", ".headers[\"\"]: is no name of a header"),
        ("headers: { Host: 's3cr3t' }", ".headers.Host: the header `host` is set by the gateway itself"),
        ("headers: { 'Proxy-Authorization': 's3cr3t' }", ".headers.Proxy-Authorization: the header"),
        ("headers: { 'Webhook-Id': 's3cr3t' }", ".headers.Webhook-Id: the header"),
        ("headers: { 'X-OpenClaw-Delivery': 's3cr3t' }", ".headers.X-OpenClaw-Delivery: the header"),
        ("headers: { x: 's3cr3t', X: 's3cr3t' }", ".headers.X: is there twice"),
        ("headers: { x: 's3cr3t\\r\\nHost: y' }", ".headers.x: must be at most 4096 bytes without line ends"),
        ("headers: { x: 's3cr3t\\u007f' }", ".headers.x: must be at most"),
        ("headers: { x: 's3cr3t\\0' }", ".headers.x: must be at most"),
        ("headers: { x: 5 }", ".headers.x: must be a non-blank string"),
        ("headers: { x: '' }", ".headers.x: must be a non-blank string"),
        ("headers: { x: '${NO}' }", ".headers.x: environment variable NO is not set"),
    ] {
        let found = problems(endpoint(written));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{written}: {found:?}");
        assert!(!found[0].contains("s3cr3t"), "{found:?}");
    }
    let many: String = (0..51).map(|at| format!("h{at}: 'x', ")).collect();
    let found = problems(endpoint(&format!("headers: {{ {many} }}")));
    assert_eq!(found, [".headers: has more than 50 headers, the most that receivers take"]);
}
