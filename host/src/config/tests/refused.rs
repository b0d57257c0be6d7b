use super::super::starter;
use super::*;

#[test]
fn a_problem_names_file_line_and_path() {
    let text = "{\n plugins: {\n  entries: { webhooks: { enabled: true, config: { routes: {\n   a: {\n    secert: 'x',\n   },\n  } } } },\n },\n limits: { cpuMs: 0 },\n}";
    let errors = parse(text).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "/etc/sandclaw/sandclaw.json5:4: plugins.entries.webhooks.config.routes.a.sessionKey: required, a non-blank string\n\
         /etc/sandclaw/sandclaw.json5:4: plugins.entries.webhooks.config.routes.a.secret: required, a non-blank string or {source, provider, id}\n\
         /etc/sandclaw/sandclaw.json5:5: plugins.entries.webhooks.config.routes.a.secert: unknown key `secert`; did you mean `secret`?\n\
         /etc/sandclaw/sandclaw.json5:9: limits.cpuMs: must be a whole number from 1 to 60000, found 0\n\
         4 problems in /etc/sandclaw/sandclaw.json5; nothing of it was used"
    );
}

#[test]
fn a_wrong_route_is_refused() {
    let needed = "sessionKey: 's', secret: 'x'";
    for (written, expected) in [
        ("a: { secret: 'x' }".to_owned(), ".sessionKey: required, a non-blank string"),
        ("a: { sessionKey: 's' }".to_owned(), ".secret: required, a non-blank string or {source, provider, id}"),
        ("a: { sessionKey: '', secret: 'x' }".to_owned(), ".sessionKey: must be a non-blank string"),
        (format!("a: {{ {needed}, auth: 'none' }}"), ".secret: would be asked of nobody: `auth` is \"none\""),
        (
            format!("a: {{ {needed}, auth: {{ scheme: 'github', secret: 'y' }} }}"),
            ".secret: would open nothing: `auth` has a secret of its own",
        ),
        ("a: { sessionKey: ' \\ufeff', secret: 'x' }".to_owned(), ".sessionKey: must be a non-blank string"),
        (
            "a: { sessionKey: 5, secret: 'x' }".to_owned(),
            ".sessionKey: must be a string, found a number; put it in quotes",
        ),
        ("a: { sessionKey: null, secret: 'x' }".to_owned(), ".sessionKey: must be a string, found null; give a value"),
        ("a: { sessionKey: 's', secret: '' }".to_owned(), ".secret: must be a non-blank string or {"),
        ("a: { sessionKey: 's', secret: '${BLANK}' }".to_owned(), ".secret: must be a non-blank string or {"),
        (
            "a: { sessionKey: 's', secret: 12345 }".to_owned(),
            ".secret: must be a non-blank string or {source, provider, id}, found a number",
        ),
        (
            "a: { sessionKey: 's', secret: ['x'] }".to_owned(),
            ".secret: must be a non-blank string or {source, provider, id}, found a list",
        ),
        (
            format!("a: {{ {needed}, token: 1 }}"),
            ".token: unknown key `token`; the keys here are enabled, path, sessionKey, ",
        ),
        (format!("a: {{ {needed}, enabled: 'yes' }}"), ".enabled: must be true or false, found a string"),
        (format!("a: {{ {needed}, path: ' ' }}"), ".path: must be a non-blank string"),
        (format!("a: {{ {needed}, controllerId: '' }}"), ".controllerId: must be a non-blank string"),
        (format!("a: {{ {needed}, description: ' ' }}"), ".description: must be a non-blank string"),
        (
            format!("a: {{ {needed}, description: '${{NO_A}} ${{NO_B}}' }}"),
            ".description: environment variables NO_A, NO_B are not set",
        ),
        (
            format!("a: {{ {needed}, path: '/healthz/' }}"),
            ".path: conflicts with /healthz, where the gateway itself answers",
        ),
        (
            format!("a: {{ {needed}, path: 'readyz' }}"),
            ".path: conflicts with /readyz, where the gateway itself answers",
        ),
        (format!("' ': {{ {needed} }}"), "R[\" \"]: a route needs a non-blank id"),
        ("a: 'x'".to_owned(), "R.a: must be a map, found a string"),
        (
            format!("a: {{ {needed} }}, b: {{ {needed}, path: '/plugins/webhooks/a/' }}"),
            "R.b.path: conflicts with routes.a.path (`/plugins/webhooks/a`)",
        ),
        (
            format!("a: {{ {needed}, path: '/b' }}, ' a ': {{ {needed}, path: '/c' }}"),
            "R[\" a \"]: the route `a` has the same id",
        ),
        (format!("a: {{ {needed} }}, a: {{ {needed}, path: '/c' }}"), "R.a: written twice, first on line 1; keep one"),
    ] {
        let found = problems(routes(&written));
        assert!(found[0].starts_with(expected), "{written}: {found:?}");
        let first_wins = written.starts_with("a: {") && written.contains("}, a:");
        assert!(found.len() == 1 || first_wins, "{written}: {found:?}");
    }
}

#[test]
fn a_wrong_secret_reference_is_refused() {
    let providers = "f: { source: 'file', path: '/k', mode: 'singleValue' }, j: { source: 'file', path: '/k' }, \
                     e: { source: 'env', allowlist: ['A'] }, x: { source: 'exec', command: '/c' }";
    for (reference, expected) in [
        ("source: 'vault', provider: 'default', id: 'A'", ".source: must be one of env, file, exec, found `vault`"),
        ("provider: 'default', id: 'A'", ".source: required, one of env, file, exec"),
        ("source: 'env', id: 'A'", ".provider: required, a non-blank string"),
        ("source: 'env', provider: 'default'", ".id: required, a non-blank string"),
        ("source: 'env', provider: 'default', id: ' '", ".id: must be a non-blank string"),
        ("source: 'env', provider: 'default', id: 'A', extra: 1", ".extra: unknown key `extra`"),
        ("source: 'env', provider: 'nobody', id: 'A'", ".provider: no provider `nobody` under secrets.providers"),
        (
            "source: 'file', provider: 'default', id: 'A'",
            ".provider: the provider `default` has the source env, not file",
        ),
        ("source: 'exec', provider: 'f', id: 'A'", ".provider: the provider `f` has the source file, not exec"),
        ("source: 'env', provider: 'e', id: 'B'", ".id: not in the allowlist of the provider `e`"),
        ("source: 'file', provider: 'f', id: 'A'", ".id: must be `value`"),
        ("source: 'file', provider: 'j', id: 'A'", ".id: must be a JSON pointer"),
    ] {
        let text = format!(
            "{{ secrets: {{ providers: {{ {providers} }} }}, plugins: {{ entries: {{ webhooks: {{ enabled: true, \
             config: {{ routes: {{ a: {{ sessionKey: 's', secret: {{ {reference} }} }} }} }} }} }} }} }}"
        );
        let found = problems(parse(&text));
        assert!(found.len() == 1 && found[0].starts_with(&format!(".secret{expected}")), "{reference}: {found:?}");
    }
}

#[test]
fn a_wrong_provider_is_refused_once() {
    for (provider, expected) in [
        ("p: { path: '/x' }", ".p.source: required, one of env, file, exec"),
        ("p: { source: 'store' }", ".p.source: must be one of env, file, exec, found `store`"),
        ("p: { source: 'file' }", ".p.path: required, a non-blank string"),
        ("p: { source: 'file', path: 'x' }", ".p.path: must be an absolute path of a file"),
        ("p: { source: 'file', path: '/' }", ".p.path: must be an absolute path of a file"),
        ("p: { source: 'file', path: '/x', mode: 'yaml' }", ".p.mode: must be one of json, singleValue, found `yaml`"),
        ("p: { source: 'file', path: '/x', command: '/y' }", ".p.command: unknown key `command`"),
        ("p: { source: 'exec', command: 'x' }", ".p.command: must be an absolute path of a file"),
        ("p: { source: 'exec', command: '/x', args: 'y' }", ".p.args: must be a list, found a string"),
        ("p: { source: 'exec', command: '/x', args: [1] }", ".p.args[0]: must be a string, found a number"),
        ("p: { source: 'exec', command: '/x', passEnv: ['A=b'] }", ".p.passEnv[0]: must be the name of an environment"),
        ("p: { source: 'exec', command: '/x', env: { A: '${NO}' } }", ".p.env.A: environment variable NO is not set"),
        (
            "p: { source: 'exec', command: '/x', timeoutMs: 60001 }",
            ".p.timeoutMs: must be a whole number from 1 to 60000",
        ),
        ("p: { source: 'env', allowlist: 'A' }", ".p.allowlist: must be a list"),
        ("p: 5", ".p: must be a map, found a number"),
    ] {
        let text = format!(
            "{{ secrets: {{ providers: {{ {provider} }} }}, plugins: {{ entries: {{ webhooks: {{ config: {{ routes: {{ \
             a: {{ sessionKey: 's', secret: {{ source: 'exec', provider: 'p', id: 'x' }} }} }} }} }} }} }} }}"
        );
        let found = problems(parse(&text));
        let own: Vec<_> = found.iter().filter(|problem| problem.starts_with("secrets.")).collect();
        assert!(own.len() == 1 && own[0].starts_with(&format!("secrets.providers{expected}")), "{provider}: {found:?}");
    }
    let found = problems(parse("{ secrets: { providers: { p: { source: 'file' } } } }"));
    assert_eq!(found.len(), 1);
}

#[test]
fn a_wrong_plugin_or_grant_is_refused() {
    let name = ".plugin: must be the plain name of a file in the plugins folder";
    for (keys, expected) in [
        ("plugin: '../z.wasm'", name),
        ("plugin: 'a/z.wasm'", name),
        ("plugin: 'a\\\\z.wasm'", name),
        ("plugin: '.wasm'", name),
        ("plugin: '.z.wasm'", name),
        ("plugin: 'z.wat'", name),
        ("plugin: 'z\\u0000.wasm'", name),
        ("plugin: 5", ".plugin: must be a string such as \"zapier.wasm\" or {file, digest}, found a number"),
        ("plugin: {}", ".plugin.file: required, a non-blank string"),
        ("plugin: { file: 'z.wasm', sha: 1 }", ".plugin.sha: unknown key `sha`"),
        (
            "plugin: { file: 'z.wasm', digest: 'md5:1' }",
            ".plugin.digest: must be `sha256:` and 64 lower-case hex digits",
        ),
        ("grants: []", ".grants: grants are for a `plugin`"),
        ("plugin: 'z.wasm', grants: 'clock'", ".grants: must be a list"),
        ("plugin: 'z.wasm', grants: ['clock', 'net']", ".grants[1]: `net`: no such power; the powers are flow/read, "),
        (
            "plugin: 'z.wasm', grants: ['flow/read/x']",
            ".grants[0]: `flow/read/x`: flow/read has no such function; grant",
        ),
    ] {
        let found = problems(route(keys));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{keys}: {found:?}");
    }
}

#[test]
fn a_limit_outside_its_range_is_refused_with_the_range() {
    let keys = [
        "rateRequests",
        "rateWindowMs",
        "inFlight",
        "bodyKiB",
        "bodyTimeoutMs",
        "deadlineMs",
        "cpuMs",
        "memoryMiB",
        "outputKiB",
        "logKiB",
        "hostCalls",
    ];
    for key in keys {
        for value in ["0", "-1", "1.5", "1e12", "NaN", "Infinity"] {
            let found = problems(route(&format!("limits: {{ {key}: {value} }}")));
            let expected = format!(".limits.{key}: must be a whole number from ");
            assert!(found.len() == 1 && found[0].starts_with(&expected), "{key} {value}: {found:?}");
            assert!(parse(&format!("{{ limits: {{ {key}: {value} }} }}")).is_err());
        }
    }
    for key in ["rateKeys", "headerTimeoutMs", "requestsInFlight", "connections"] {
        assert!(parse(&format!("{{ limits: {{ {key}: 0 }} }}")).is_err());
        let found = problems(route(&format!("limits: {{ {key}: 100 }}")));
        assert!(found[0].starts_with(&format!(".limits.{key}: unknown key")), "{found:?}");
    }
    let found = problems(route("limits: { cpuMs: '5' }"));
    assert_eq!(found, [".limits.cpuMs: must be a whole number from 1 to 60000, found a string"]);
}

#[test]
fn a_wrong_section_is_refused() {
    for (text, expected) in [
        ("[]", ": must be a map, found a list"),
        ("{ gatway: {} }", "gatway: unknown key `gatway`; did you mean `gateway`?"),
        ("{ gateway: [] }", "gateway: must be a map, found a list"),
        (
            "{ gateway: { listen: 'localhost' } }",
            "gateway.listen: must be an address and a port such as 127.0.0.1:18789",
        ),
        ("{ gateway: { listen: '${HOST}' } }", "gateway.listen: must be an address and a port"),
        ("{ gateway: { listen: '${NO}:80' } }", "gateway.listen: environment variable NO is not set"),
        (
            "{ gateway: { trustedProxies: ['10.0.0.0/40'] } }",
            "gateway.trustedProxies[0]: must be an address or a network",
        ),
        ("{ gateway: { trustedProxies: '10.0.0.1' } }", "gateway.trustedProxies: must be a list"),
        ("{ stateDir: '' }", "stateDir: must be a non-blank string"),
        ("{ sandbox: { instances: 0 } }", "sandbox.instances: must be a whole number from 1 to 4096, found 0"),
        ("{ sandbox: { compileCache: 1 } }", "sandbox.compileCache: must be true or false, found a number"),
        ("{ secrets: { refreshMs: 1 } }", "secrets.refreshMs: must be a whole number from 100 to 3600000"),
        ("{ plugins: { allow: [1] } }", "plugins.allow[0]: must be a string"),
        ("{ plugins: { entries: { telegram: {} } } }", "plugins.entries.telegram: unknown key"),
        (
            "{ plugins: { entries: { webhooks: { config: { route: {} } } } } }",
            "plugins.entries.webhooks.config.route: unknown key `route`; did you mean `routes`?",
        ),
        ("{ plugins: { entries: { webhooks: { config: { routes: [] } } } } }", "R: must be a map, found a list"),
        ("{ plugins: { entries: { webhooks: { config: { routes: null } } } } }", "R: must be a map, found null"),
        ("{ stateDir: 'a', stateDir: 'b' }", "stateDir: written twice, first on line 1; keep one"),
    ] {
        let found = problems(parse(text));
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn no_problem_repeats_what_could_be_a_secret() {
    for route in [
        "a: { sessionKey: 's', secret: 987654321 }",
        "a: { sessionKey: 's', secret: ['s3cr3t'] }",
        "a: { sessionKey: 's', secret: { source: 'env', provider: 'default', id: 'X', value: 's3cr3t' } }",
        "a: { secret: 's3cr3t' }",
    ] {
        let printed = routes(route).unwrap_err().to_string();
        assert!(!printed.contains("s3cr3t") && !printed.contains("987654321"), "{printed}");
    }
}

#[test]
fn a_cut_off_file_is_refused_at_every_byte_and_nothing_panics() {
    let text = starter("x");
    for end in (0..text.trim_end().len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(parse(&text[..end]).is_err(), "cut at {end}");
        let _ = Config::parse(&text[end..], Format::Yaml, Path::new(FILE), &env());
    }
}
