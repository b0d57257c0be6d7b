use super::*;

/// The problems of an enabled `hooks` with these members.
fn hooks(members: &str) -> Vec<String> {
    problems(parse(&format!("{{ agents: {{ list: [{{ id: 'main' }}] }}, hooks: {{ enabled: true, {members} }} }}")))
}

#[test]
fn what_does_not_go_together_is_said_in_openclaws_words() {
    let token = "token: 'a token that is long enough for all'";
    for (members, expected) in [
        ("".to_owned(), "hooks.token: hooks.enabled requires hooks.token; add token: "),
        (format!("{token}, path: '//'"), "hooks.path: hooks.path may not be '/'"),
        (
            format!("{token}, defaultSessionKey: 'main', allowedSessionKeyPrefixes: ['hook:']"),
            "hooks.defaultSessionKey: hooks.defaultSessionKey must match hooks.allowedSessionKeyPrefixes",
        ),
        (
            format!("{token}, allowedSessionKeyPrefixes: ['ci:']"),
            "hooks.allowedSessionKeyPrefixes: hooks.allowedSessionKeyPrefixes must include 'hook:' when hooks.defaultSessionKey is unset",
        ),
        (
            format!("{token}, presets: ['gmail']"),
            "hooks.allowedSessionKeyPrefixes: hooks.allowedSessionKeyPrefixes is required when a hook mapping sessionKey uses templates",
        ),
        (
            format!("{token}, mappings: [{{ sessionMode: 'persistent' }}]"),
            "hooks.mappings[0].sessionKey: persistent hook mappings require sessionKey, hooks.defaultSessionKey, or a transform",
        ),
        (
            format!("{token}, mappings: [{{ forEach: 'a.b' }}]"),
            "hooks.mappings[0].forEach: forEach must be a top-level payload key",
        ),
        (
            format!("{token}, mappings: [{{ transform: {{ module: 'x.js' }} }}]"),
            "hooks.mappings[0].transform: a JavaScript module would run with all that this process can do, so none is loaded; write",
        ),
        (
            format!("{token}, mappings: [{{ transform: {{ plugin: 'x.wasm', grants: ['flows'] }} }}]"),
            "hooks.mappings[0].transform.grants[0]: ",
        ),
        (format!("{token}, mappings: [{{ action: 'run' }}]"), "hooks.mappings[0].action: must be one of agent, wake"),
        (
            format!("{token}, mappings: [{{ allowedIps: ['10.0.0.1'] }}]"),
            "hooks.mappings[0].allowedIps: needs `match.path`",
        ),
        (
            format!("{token}, mappings: [{{ match: {{ path: 'wake/' }}, auth: 'none' }}]"),
            "hooks.mappings[0].auth: cannot be said of `wake`, a name of the door's own; take another match.path",
        ),
        (
            format!("{token}, mappings: [{{ match: {{ path: '/agent' }}, allowedIps: ['10.0.0.1'] }}]"),
            "hooks.mappings[0].allowedIps: cannot be said of `agent`",
        ),
        (
            format!("{token}, mappings: [{{ match: {{ path: 'a' }} }}, {{ match: {{ path: '/a' }}, auth: 'none' }}]"),
            "hooks.mappings[1]: an earlier mapping has the same match.path",
        ),
        (
            format!(
                "{token}, mappings: [{{ match: {{ path: 'a' }}, auth: 'none' }}, {{ match: {{ path: 'a' }}, allowedIps: ['10.0.0.1'] }}]"
            ),
            "hooks.mappings[1]: an earlier mapping has the same match.path",
        ),
        (format!("{token}, mapping: []"), "hooks.mapping: unknown key `mapping`; did you mean `mappings`?"),
        ("token: '$(openssl rand -hex 32)'".to_owned(), "hooks.token: looks like a shell command"),
        ("token: '${MISSING}'".to_owned(), "hooks.token: environment variable MISSING is not set"),
        ("token: []".to_owned(), "hooks.token: must have 1 to 8 secrets"),
    ] {
        let said = hooks(&members);
        assert!(matches!(&said[..], [one] if one.starts_with(expected)), "{members}: {said:?}");
    }
}

#[test]
fn a_template_that_no_request_reaches_needs_no_prefixes() {
    let text = "{ hooks: { enabled: true, token: 't', mappings: [{ match: { path: 'gmail' }, messageTemplate: 'x' }], presets: ['gmail'] } }";
    assert!(parse(text).is_ok());
}

#[test]
fn the_guides_door_needs_what_it_cannot_do_without() {
    for (members, expected) in [
        (
            "enabled: true, agents: { a: {} }",
            "webhooks.enabled: webhooks.enabled requires webhooks.secret; add secret: ",
        ),
        (
            "enabled: true, secret: 'x'",
            "webhooks.enabled: webhooks.enabled requires webhooks.agents, the agents that can be reached",
        ),
    ] {
        let said = problems(webhooks(members));
        assert!(matches!(&said[..], [one] if one.starts_with(expected)), "{members}: {said:?}");
    }
    let text =
        "{ agents: { list: [{ id: 'reader' }] }, webhooks: { enabled: true, secret: 'x', agents: { raeder: {} } } }";
    let expected = "webhooks.agents.raeder: there is no agent `raeder` under agents; did you mean `reader`?";
    assert_eq!(problems(parse(text)), [expected]);
}

#[test]
fn an_inbound_endpoint_that_could_do_harm_is_refused() {
    for (members, expected) in [
        ("sessionKey: '{{body.key}}'", "sessionKey: must begin with text of its own"),
        (
            "auth: 'none', secret: 'x'",
            "secret: would never be asked for, because `auth` says another way; remove one of them",
        ),
        ("auth: 'open'", "auth: must be \"bearer\", \"none\" or a map"),
        ("secret: '$(cat x)'", "secret: looks like a shell command"),
    ] {
        let said = problems(webhooks(&format!(
            "inbound: {{ endpoints: {{ a: {{ agentId: 'x', template: 't', {members} }} }} }}"
        )));
        let expected = format!("webhooks.inbound.endpoints.a.{expected}");
        assert!(matches!(&said[..], [one] if one.starts_with(&expected)), "{members}: {said:?}");
    }
    let said = problems(webhooks("inbound: { basePath: '/', endpoints: { 'a/b': { agentId: 'x', template: ' ' } } }"));
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn a_route_under_a_door_is_no_route() {
    let with_route = |path: &str, rest: &str| {
        let route = format!("a: {{ sessionKey: 's', secret: 'x', path: '{path}' }}");
        problems(parse(&format!(
            "{{ plugins: {{ entries: {{ webhooks: {{ enabled: true, config: {{ routes: {{ {route} }} }} }} }} }}, {rest} }}"
        )))
    };
    let hooks = "hooks: { enabled: true, token: 't' }";
    let said = with_route("/hooks/github", hooks);
    assert_eq!(said, ["hooks.path: conflicts with routes.a.path (`/hooks/github`); choose another path"]);
    let said = with_route("/webhooks/inbound", "webhooks: { inbound: { endpoints: {} } }");
    assert_eq!(
        said,
        ["webhooks.inbound.basePath: conflicts with routes.a.path (`/webhooks/inbound`); choose another path"]
    );
    let said = problems(parse(
        "{ hooks: { enabled: true, token: 't' }, webhooks: { ingest: { secret: 'x', path: '/hooks/events' } } }",
    ));
    assert_eq!(said, ["webhooks.ingest.path: conflicts with hooks.path (`/hooks`); choose another path"]);
    let said = problems(parse("{ hooks: { enabled: true, token: 't', path: '/healthz' } }"));
    assert_eq!(said, ["hooks.path: conflicts with /healthz, where the gateway itself answers; choose another path"]);
}
