use std::time::Duration;

use super::*;
use crate::config::auth::AuthConfig;
use crate::config::hooks::{HookAction, HookForm};
use crate::model::{AgentId, SessionMode};

const LONG: &str = "a token that is long enough for all";

fn hooks(members: &str) -> Config {
    parse(&format!("{{ hooks: {{ enabled: true, token: '{LONG}', {members} }} }}")).unwrap()
}

#[test]
fn a_door_has_openclaws_defaults() {
    let config = hooks("");
    let [door] = &config.hooks[..] else { panic!("one door") };
    assert_eq!((door.form, door.path.as_str(), door.tokens.len()), (HookForm::Hooks, "/hooks", 1));
    assert!(!door.sessions.allow_request_key && door.sessions.prefixes.is_empty() && !door.include_reply);
    assert_eq!((&door.agents.known[..], &door.agents.allowed), (&[AgentId::new("main")][..], &None));
    assert_eq!((config.warnings.len(), config.agents.list.len()), (0, 1));
    assert!(!format!("{config:?}").contains(LONG));
}

#[test]
fn a_door_that_is_not_switched_on_is_not_there_and_takes_no_path() {
    for text in
        ["{}", "{ hooks: {} }", "{ hooks: { enabled: false, path: '/' , mappings: [{ sessionKey: 'a{{b}}' }] } }"]
    {
        let Ok(config) = parse(text) else { continue };
        assert!(config.hooks.is_empty(), "{text}");
    }
}

#[test]
fn a_path_is_written_as_openclaw_has_it() {
    for (path, expected) in [("/x/", "/x"), ("x", "/x"), (" /a/b// ", "/a/b"), ("", "/hooks"), (" ", "/hooks")] {
        assert_eq!(hooks(&format!("path: '{path}'")).hooks[0].path, expected, "{path}");
    }
}

#[test]
fn a_mapping_with_a_credential_of_its_own_keeps_the_addresses_of_the_door() {
    let config = hooks(
        "allowedIps: ['10.0.0.0/8'], mappings: [{ match: { path: 'a' }, auth: 'none' }, { match: { path: 'b' }, auth: 'none', allowedIps: ['1.2.3.4'] },
          { match: { path: 'c' } }]",
    );
    let mappings = &config.hooks[0].mappings;
    for (at, address, expected) in
        [(0, "10.1.1.1", true), (0, "1.2.3.4", false), (1, "10.1.1.1", false), (1, "1.2.3.4", true)]
    {
        assert_eq!(mappings[at].allowed_ips.contains(address.parse().unwrap()), expected, "{at} {address}");
    }
    assert!(!mappings[2].has_own_gate());
}

#[test]
fn a_mapping_has_openclaws_members() {
    let config = hooks(
        "allowedSessionKeyPrefixes: ['hook:'], mappings: [{}, { id: 'b', match: { path: '/a/b/', source: 's' }, action: 'wake', wakeMode: 'next-heartbeat',
          sessionKey: 'hook:{{x}}', textTemplate: ' t ', forEach: 'items', deliver: false }, { transform: { plugin: 'x.wasm', config: { a: 1 },
          grants: ['clock'], limits: { deadlineMs: 100 } } }]",
    );
    let [first, second, third] = &config.hooks[0].mappings[..] else { panic!("three") };
    assert_eq!((first.id.as_str(), &first.path, first.action), ("mapping-1", &None, HookAction::Agent));
    assert_eq!(
        (second.path.as_deref(), second.source.as_deref(), second.action),
        (Some("a/b"), Some("s"), HookAction::Wake)
    );
    assert_eq!((second.text_template.as_str(), second.for_each.as_deref()), (" t ", Some("items")));
    assert!(second.is_wake_deferred && second.deliver == Some(false) && second.session_mode == SessionMode::Isolated);
    let transform = third.transform.as_ref().unwrap();
    assert_eq!((transform.file.as_str(), transform.config.as_str()), ("x.wasm", "{\"a\":1}"));
    assert_eq!(transform.limits.deadline, Duration::from_millis(100));
}

#[test]
fn the_preset_for_mail_takes_larger_bodies() {
    let rules = "allowedSessionKeyPrefixes: ['hook:'], presets: ['gmail']";
    assert_eq!(hooks(rules).hooks[0].mappings[0].body_max_bytes, 6_819_200);
    let large =
        hooks(&format!("{rules}, gmail: {{ maxBytes: 1000000, allowUnsafeExternalContent: true, account: 'x' }}"));
    assert_eq!(large.hooks[0].mappings[0].body_max_bytes, 32 << 20);
    assert_eq!(large.hooks[0].mappings[0].allow_unsafe_external_content, Some(true));
    assert!(large.warnings[0].starts_with("hooks.gmail: no mailbox is watched here"), "{:?}", large.warnings);
}

#[test]
fn agents_that_are_named_are_there_unless_they_are_listed_elsewhere() {
    let config = hooks("allowedAgentIds: ['main', 'ci', ''], mappings: [{ agentId: 'reader' }]");
    let known: Vec<&str> = config.hooks[0].agents.known.iter().map(AgentId::as_str).collect();
    assert_eq!(known, ["main", "reader", "ci"]);
    assert!(known.iter().all(|id| config.agents.find(&AgentId::new(*id)).is_some()));

    let text = format!(
        "{{ agents: {{ list: [{{ id: 'a' }}, {{ id: 'b' }}] }}, hooks: {{ enabled: true, token: '{LONG}', mappings: [{{ agentId: 'aa' }}] }} }}"
    );
    let config = parse(&text).unwrap();
    assert_eq!((config.hooks[0].agents.known.len(), &config.hooks[0].agents.default), (2, &None));
    let warned = "hooks.mappings[0].agentId: there is no agent `aa` under agents; did you mean `a`?; its messages go to the default agent";
    assert_eq!(config.warnings, [warned]);
}

#[test]
fn the_guides_door_lists_its_agents() {
    let config = webhooks("enabled: true, secret: ['one', 'another that is long enough'], agents: { 'my-agent': { sessionKey: 's' }, b: {} }").unwrap();
    let [door] = &config.hooks[..] else { panic!("one door") };
    assert_eq!((door.form, door.path.as_str(), door.tokens.len()), (HookForm::Listed, "/hooks", 2));
    let listed: Vec<_> = door.agents.listed.iter().map(|one| (one.id.as_str(), one.session_key.as_deref())).collect();
    assert_eq!(listed, [("my-agent", Some("s")), ("b", None)]);
    assert_eq!(
        config.warnings,
        [
            "webhooks.secret[0]: a secret shorter than 24 characters can be guessed; `openssl rand -hex 32` makes a better one"
        ]
    );

    let off = webhooks("agents: { a: { sessionKey: 's' } }").unwrap();
    assert_eq!(
        (off.hooks.len(), &off.warnings[..]),
        (0, &["webhooks.agents: not served; to open /hooks, add enabled: true".to_owned()][..])
    );
}

#[test]
fn both_doors_are_served_on_paths_of_their_own() {
    let both = |path: &str| {
        parse(&format!(
            "{{ hooks: {{ enabled: true, token: '{LONG}', path: '{path}' }}, webhooks: {{ enabled: true, secret: '{LONG}', agents: {{ a: {{}} }} }} }}"
        ))
    };
    assert_eq!(both("/agents").unwrap().hooks.len(), 2);
    for path in ["/hooks", "/hooks/more"] {
        let said = problems(both(path));
        assert!(
            matches!(&said[..], [one] if one.starts_with("webhooks.enabled: conflicts with hooks.path (`/hooks")),
            "{said:?}"
        );
    }
}

#[test]
fn an_inbound_endpoint_has_a_credential_of_its_own_or_the_shared_one() {
    let config = webhooks(
        "secret: 'a shared secret that is long', inbound: { basePath: 'in/', endpoints: { a: { agentId: 'x', template: ' t ' },
          b: { agentId: 'x', template: 't', secret: 'its own secret, also long', sessionKey: 'b:{{body.id}}' },
          c: { agentId: 'x', template: 't', auth: 'none', sessionMode: 'persistent' } } }",
    )
    .unwrap();
    let inbound = config.webhooks.inbound.unwrap();
    assert_eq!(inbound.base_path, "/in");
    let [a, b, c] = &inbound.endpoints[..] else { panic!("three") };
    assert!((matches!(a.auth, AuthConfig::Bearer(_)) && !a.auth.is_nobody()) && a.template == " t ");
    assert_eq!(
        (a.session_mode, b.session_mode, c.session_mode),
        (SessionMode::Isolated, SessionMode::Persistent, SessionMode::Persistent)
    );
    assert!(matches!(c.auth, AuthConfig::Open));
    let open = "webhooks.inbound.endpoints.c.auth: anybody who reaches this door is let in; give it a scheme, or close it to others with `allowedIps`";
    assert_eq!(config.warnings, [open]);
}
