use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::super::{
    FileMode, GlobalLimits, Handler, Provider, RouteConfig, RouteLimits, SandboxConfig, SecretSpec, starter,
};
use super::*;
use crate::model::Power;

/// The snippet that OpenClaw's documentation of the plugin shows, as it stands there.
const DOCUMENTED: &str = r#"{
  plugins: {
    entries: {
      webhooks: {
        enabled: true,
        config: {
          routes: {
            zapier: {
              path: "/plugins/webhooks/zapier",
              sessionKey: "agent:main:main",
              secret: {
                source: "env",
                provider: "default",
                id: "OPENCLAW_WEBHOOK_SECRET",
              },
              controllerId: "webhooks/zapier",
              description: "Zapier TaskFlow bridge",
            },
          },
        },
      },
    },
  },
}
"#;

fn only_route(result: Result<Config, ConfigErrors>) -> RouteConfig {
    let mut routes = result.unwrap().routes;
    assert_eq!(routes.len(), 1);
    routes.remove(0)
}

#[test]
fn the_documented_snippet_loads_as_it_stands() {
    let config = parse(DOCUMENTED).unwrap();
    assert_eq!(config.warnings, Vec::<String>::new());
    let route = only_route(Ok(config));
    assert_eq!(route.id.as_str(), "zapier");
    assert_eq!(route.path, "/plugins/webhooks/zapier");
    assert_eq!(route.session_key.as_str(), "agent:main:main");
    assert!(
        matches!(&route.auth.secrets()[0], SecretSpec::Ref(r) if r.to_string() == "env:default:OPENCLAW_WEBHOOK_SECRET")
    );
    assert_eq!(route.controller_id, "webhooks/zapier");
    assert_eq!(route.description.as_deref(), Some("Zapier TaskFlow bridge"));
    assert_eq!(route.handler, Handler::BuiltIn);
    assert_eq!(route.limits, RouteLimits::default());
}

#[test]
fn an_empty_file_is_a_gateway_without_routes() {
    let config = parse("{}").unwrap();
    assert_eq!(config.gateway.listen.to_string(), "127.0.0.1:18789");
    assert!(!config.gateway.allow_real_ip_fallback);
    assert_eq!(config.state_dir, Path::new("/etc/sandclaw/state"));
    assert_eq!(config.plugins_dir, Path::new("/etc/sandclaw/plugins"));
    assert_eq!(config.secrets.refresh, Duration::from_secs(2));
    assert_eq!(config.global_limits, GlobalLimits::default());
    assert_eq!(config.sandbox, SandboxConfig { instances: 512, pagemap_scan: false, compile_cache: true });
    assert!(config.routes.is_empty());
    assert!(config.warnings.is_empty());
}

#[test]
fn the_default_limits_are_the_promised_ones() {
    let limits = RouteLimits {
        rate_requests: 120,
        rate_window: Duration::from_secs(60),
        in_flight: 8,
        body_max_bytes: 262_144,
        body_timeout: Duration::from_secs(15),
        deadline: Duration::from_secs(5),
        cpu: Duration::from_secs(1),
        memory_max_bytes: 64 << 20,
        output_max_bytes: 8 << 20,
        log_max_bytes: 64 << 10,
        host_calls_max: 1_000,
    };
    assert_eq!(RouteLimits::default(), limits);
}

#[test]
fn every_section_is_read() {
    let config = parse(
        r#"{
          gateway: { listen: "[::1]:0", trustedProxies: ["10.0.0.0/8", "::1"], allowRealIpFallback: true },
          stateDir: "/var/lib/sandclaw",
          secrets: { refreshMs: 500, providers: {
            f: { source: "file", path: "/run/key", mode: "singleValue" },
            j: { source: "file", path: "/run/keys" },
            e: { source: "env", allowlist: ["A"] },
            x: { source: "exec", command: "/usr/bin/x", args: ["", "${HOST}"], passEnv: ["HOME"], env: { A: "b" }, jsonOnly: false, timeoutMs: 10 },
          } },
          limits: { rateKeys: 100, connections: 10, bodyKiB: 1, cpuMs: 7 },
          sandbox: { instances: 2, pagemapScan: true, compileCache: false },
          plugins: { dir: "../p", allow: ["other", "webhooks"], entries: { webhooks: { enabled: true, config: { routes: {
            a: { sessionKey: "s", secret: { source: "file", provider: "f", id: "value" }, limits: { cpuMs: 9 } },
          } } } } },
        }"#,
    )
    .unwrap();
    assert_eq!(config.gateway.listen.to_string(), "[::1]:0");
    assert!(config.gateway.trusted_proxies.contains(IpAddr::from([10, 1, 1, 1])));
    assert!(config.gateway.allow_real_ip_fallback);
    assert_eq!(config.state_dir, Path::new("/var/lib/sandclaw"));
    assert_eq!(config.plugins_dir, Path::new("/etc/sandclaw/../p"));
    assert_eq!(config.secrets.refresh, Duration::from_millis(500));
    assert!(matches!(config.providers().get("j"), Some(Provider::File { mode: FileMode::Json, .. })));
    let Some(Provider::Exec(exec)) = config.providers().get("x") else { panic!("an exec provider") };
    assert_eq!((exec.args.join("|"), exec.json_only, exec.timeout.as_millis()), ("|127.0.0.1".to_owned(), false, 10));
    assert_eq!((config.global_limits.rate_keys_max, config.global_limits.connections_max), (100, 10));
    assert_eq!(config.sandbox, SandboxConfig { instances: 2, pagemap_scan: true, compile_cache: false });
    let limits = config.routes[0].limits;
    assert_eq!((limits.body_max_bytes, limits.cpu, limits.in_flight), (1024, Duration::from_millis(9), 8));
}

#[test]
fn the_same_config_can_be_yaml() {
    let text = "plugins:\n  entries:\n    webhooks:\n      enabled: true\n      config:\n        routes:\n          \
                1:\n            sessionKey: s\n            secret: ${TOKEN}\n            limits: {inFlight: 3}\n";
    let route = only_route(Config::parse(text, Format::Yaml, Path::new("x.yaml"), &env()));
    assert_eq!((route.id.as_str(), route.path.as_str(), route.limits.in_flight), ("1", "/plugins/webhooks/1", 3));
}

#[test]
fn paths_are_trimmed_and_made_to_begin_but_not_to_end_with_a_slash() {
    for (path, expected) in [
        ("/x", "/x"),
        ("x", "/x"),
        (" /x/ ", "/x"),
        ("/x//", "/x/"),
        ("/", "/"),
        ("//", "/"),
        ("/health", "/health"),
        ("/X/Hook", "/X/Hook"),
        ("/Healthz", "/Healthz"),
    ] {
        assert_eq!(only_route(route(&format!("path: '{path}'"))).path, expected, "{path}");
    }
}

#[test]
fn ids_are_trimmed_and_give_path_and_controller_their_names() {
    let route = only_route(routes("' zapier/eu\u{feff}': { sessionKey: ' s ', secret: 'x' }"));
    assert_eq!(route.id.as_str(), "zapier/eu");
    assert_eq!(route.path, "/plugins/webhooks/zapier/eu");
    assert_eq!(route.controller_id, "webhooks/zapier/eu");
    assert_eq!(route.session_key.as_str(), "s");
}

#[test]
fn a_path_that_no_url_has_is_a_warning() {
    for path in ["/x?y", "/a b", "/é", "/x#y"] {
        let warnings = route(&format!("path: '{path}'")).unwrap().warnings;
        assert!(matches!(&warnings[..], [one] if one.starts_with("route a: no request can match")), "{warnings:?}");
    }
}

#[test]
fn a_written_secret_is_trimmed_and_takes_variables() {
    for (written, expected) in
        [("' x '", "x"), ("'${TOKEN}'", "t0ken"), ("'pre-${TOKEN}'", "pre- t0ken"), ("'$${TOKEN}'", "${TOKEN}")]
    {
        let route = only_route(routes(&format!("a: {{ sessionKey: 's', secret: {written} }}")));
        let SecretSpec::Plain(secret) = &route.auth.secrets()[0] else { panic!("{written}") };
        assert_eq!(secret.expose_secret(), expected);
        assert!(!format!("{route:?}").contains("t0ken"));
    }
}

#[test]
fn a_secret_whose_variable_is_missing_is_a_warning() {
    let config = routes("a: { sessionKey: 's', secret: '${NOT_THERE}' }, b: { sessionKey: 's', secret: 'x' }").unwrap();
    assert!(matches!(config.routes[0].auth.secrets()[0], SecretSpec::Missing(_)));
    assert_eq!(config.routes.len(), 2);
    assert_eq!(config.warnings, ["Missing env var \"NOT_THERE\" - feature using this value will be unavailable"]);
}

#[test]
fn a_plugin_has_what_it_was_granted_and_nothing_else() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let route = only_route(route(&format!(
        "plugin: {{ file: 'z.wasm', digest: '{digest}' }}, grants: ['flow/read/get-flow', 'task/run/*', 'clock']"
    )));
    let Handler::Plugin { file, digest: pinned, grants } = route.handler else { panic!("a plugin") };
    assert_eq!((file.as_str(), pinned.unwrap().to_string()), ("z.wasm", digest));
    let granted: Vec<_> = grants.iter().map(|grant| grant.to_string()).collect();
    assert_eq!(granted, ["flow/read/get-flow", "task/run", "clock"]);
    assert!(!grants.allows(Power::FlowRead, "list-flows"));
}

#[test]
fn a_plugin_without_grants_gets_none() {
    let route = only_route(route("plugin: 'z.wasm'"));
    assert!(matches!(route.handler, Handler::Plugin { grants, digest: None, .. } if grants.is_empty()));
}

#[test]
fn routes_that_are_switched_off_are_not_served_and_take_no_path() {
    let config = routes(
        "off: { enabled: false, path: '/x', sessionKey: 's', secret: '${NOT_THERE}' }, \
         healthz: { enabled: false, path: '/healthz', sessionKey: 's', secret: 'x' }, \
         on: { path: '/x', sessionKey: 's', secret: 'x' }",
    )
    .unwrap();
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.routes[0].id.as_str(), "on");
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn a_plugin_that_is_not_switched_on_serves_nothing_and_says_so() {
    let entry = "config: { routes: { a: { sessionKey: 's', secret: 'x' } } }";
    for (plugins, reason) in [
        (format!("entries: {{ webhooks: {{ {entry} }} }}"), "disabled in config"),
        (format!("entries: {{ webhooks: {{ enabled: false, {entry} }} }}"), "disabled in config"),
        (format!("allow: [], entries: {{ webhooks: {{ enabled: true, {entry} }} }}"), "not in plugins.allow"),
        (format!("allow: ['x'], entries: {{ webhooks: {{ enabled: true, {entry} }} }}"), "not in plugins.allow"),
    ] {
        let config = parse(&format!("{{ plugins: {{ {plugins} }} }}")).unwrap();
        assert!(config.routes.is_empty());
        let expected = format!("plugins.entries.webhooks: plugin disabled ({reason}) but config is present");
        assert!(matches!(&config.warnings[..], [one] if one.starts_with(&expected)), "{:?}", config.warnings);
    }
    let silent = parse("{ plugins: { entries: { webhooks: { enabled: false } } } }").unwrap();
    assert!(silent.warnings.is_empty());
}

#[test]
fn the_starter_config_is_accepted_and_holds_its_secret() {
    for secret in ["s3cret", "quotes \" ' \\ and ${HOME} $${X} \u{2028}."] {
        let config = parse(&starter(secret)).unwrap();
        assert_eq!(config.warnings, Vec::<String>::new());
        let route = only_route(Ok(config));
        assert_eq!((route.id.as_str(), route.session_key.as_str()), ("hello", "agent:main:main"));
        assert_eq!(route.handler, Handler::BuiltIn);
        let SecretSpec::Plain(held) = &route.auth.secrets()[0] else { panic!("a plain secret") };
        assert_eq!(held.expose_secret(), secret);
    }
}

#[test]
fn the_starter_config_without_its_comment_signs_is_accepted_too() {
    let commented = |line: &str| {
        let (indent, comment) = line.split_once("// ")?;
        let code = indent.trim().is_empty()
            && comment.trim_start().starts_with(['s', 'p', 'k', 'v', 'z', 'g', 'l', 't', 'w', 'i', 'e', '{', ']', '}']);
        (code && comment.trim_end().ends_with([',', '{', '}', '[', '0'])).then(|| format!("{indent}{comment}"))
    };
    let text = starter("x");
    let text: Vec<_> = text.lines().map(|line| commented(line).unwrap_or_else(|| line.to_owned())).collect();
    // Whoever takes the signs away also sets the variables.
    let text = text.join("\n").replace("${INGEST_SECRET}", "in").replace("${AUDIT_SECRET}", "out");
    let config = parse(&text).unwrap();
    assert_eq!((config.routes.len(), config.webhooks.endpoints.len()), (2, 1), "{config:?}");
    assert!(config.webhooks.ingest.is_some());
    assert!(config.providers().get("vault").is_some());
    assert!(config.gateway.trusted_proxies.contains(IpAddr::from([10, 0, 0, 1])));
}
