//! Reads the file from the top: which sections there are and what each defaults to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::field::Field;
use super::hooks::{HookDoor, Roster};
use super::limits::{self, RouteLimits};
use super::model::{Config, Gateway, RouteConfig, SandboxConfig};
use super::paths::Paths;
use super::problem::quoted;
use super::reader::Section;
use super::secrets::{self, Declared};
use super::{agents, allowed_ips, channels, hooks, llm, proxies, routes, taskflow_endpoints, webhooks, workflows};

/// Where OpenClaw's gateway listens, reachable from this machine only.
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 18_789);

/// Component instances that can exist at once. Each keeps address space, and memory only while it runs; more than a few
/// for each core wait for the processor anyway, the rest wait for the disk.
const INSTANCES_DEFAULT: u32 = 512;
/// Above this the address space of the pool outgrows what a process may reserve.
const INSTANCES_MAX: u32 = 4_096;

/// The plugin that serves routes. It has OpenClaw's name, because its config has OpenClaw's shape.
const WEBHOOKS: &str = "webhooks";

/// The whole file. Where a value is wrong the reader holds the problem, and what is returned is of no use.
pub(super) fn read(root: &Field<'_>, file: &Path) -> Config {
    let beside = file.parent().unwrap_or(Path::new(""));
    let section = root.section(&[
        "gateway",
        "stateDir",
        "secrets",
        "limits",
        "sandbox",
        "plugins",
        "agents",
        "webhooks",
        "hooks",
        "workflows",
        "channels",
        "llm",
    ]);
    let gateway = read_gateway(&section.field("gateway"));
    let state_dir = folder(&section, "stateDir", "state", beside);
    let (secrets, declared) = secrets::read(&section.field("secrets"));
    let (route_limits, global_limits) = limits::read_global(&section.field("limits"));
    let sandbox = read_sandbox(&section.field("sandbox"));
    let plugins = section.field("plugins").section(&["dir", "allow", "entries"]);
    let plugins_dir = folder(&plugins, "dir", "plugins", beside);
    let (routes, mut paths) = read_plugins(&plugins, route_limits, &declared);
    let agents_field = section.field("agents");
    let roster = Roster::new(&agents_field);
    let callbacks = agents::read_callbacks(&agents_field, &declared);
    let for_hooks = hooks::Around { limits: route_limits, declared: &declared, roster: &roster, callbacks: &callbacks };
    let around = webhooks::Around { beside, limits: route_limits, declared: &declared, hooks: &for_hooks };
    let hooks_field = section.field("hooks");
    let hooks = hooks::read(&hooks_field, &for_hooks, &mut paths);
    let workflow_doors = hooks_field.entries().into_iter().find(|(key, _)| *key == "webhooks");
    let workflow_doors = workflow_doors
        .map(|(_, field)| taskflow_endpoints::read(&field, route_limits, &declared, &mut paths))
        .unwrap_or_default();
    let (mut webhooks, listed) = webhooks::read(&section.field("webhooks"), &around, &mut paths);
    let (channels, endpoints) = channels::read(&section.field("channels"), &around);
    webhooks.endpoints.extend(endpoints);
    webhooks.endpoints.extend(callbacks.endpoints.iter().cloned());
    let mut agents = agents::read(&agents_field, &agents::Around { beside, declared: &declared }, callbacks);
    agents::take_paths(&agents, &agents_field, &mut paths);
    agents::add_named(&mut agents, roster.known());
    // Only now is everybody named who is.
    let known = |mut door: HookDoor| {
        door.agents.known = roster.known();
        door
    };
    Config {
        file: file.to_owned(),
        gateway,
        state_dir,
        secrets,
        global_limits,
        sandbox,
        plugins_dir,
        routes,
        agents,
        hooks: hooks.into_iter().chain(listed).map(known).collect(),
        webhooks,
        channels,
        llms: llm::read(&section.field("llm"), &declared),
        workflows: workflows::read(&section.field("workflows"), beside, route_limits, &declared),
        workflow_doors,
        warnings: Vec::new(),
    }
}

fn read_gateway(field: &Field<'_>) -> Gateway {
    let section = field.section(&["listen", "trustedProxies", "allowedIps", "allowRealIpFallback"]);
    Gateway {
        listen: read_listen(&section.field("listen")).unwrap_or(LISTEN_DEFAULT),
        trusted_proxies: proxies::read(&section.field("trustedProxies")),
        allowed_ips: allowed_ips::read(&section.field("allowedIps")),
        allow_real_ip_fallback: section.field("allowRealIpFallback").flag(false),
    }
}

fn read_listen(field: &Field<'_>) -> Option<SocketAddr> {
    let text = field.text()?;
    let address = text.parse().ok();
    if address.is_none() {
        let message = format!("must be an address and a port such as {LISTEN_DEFAULT} or [::1]:18789");
        field.problem(format!("{message}, found {}", quoted(&text)));
    }
    address
}

/// A folder; a relative one lies beside the config file, wherever the process was started.
fn folder(section: &Section<'_>, key: &str, default: &str, beside: &Path) -> PathBuf {
    beside.join(section.field(key).text().unwrap_or_else(|| default.to_owned()))
}

fn read_sandbox(field: &Field<'_>) -> SandboxConfig {
    let section = field.section(&["instances", "pagemapScan", "compileCache"]);
    SandboxConfig {
        instances: section.field("instances").number(1..=INSTANCES_MAX).unwrap_or(INSTANCES_DEFAULT),
        pagemap_scan: section.field("pagemapScan").flag(false),
        compile_cache: section.field("compileCache").flag(true),
    }
}

/// The routes, if the plugin that serves them is switched on; they are checked in any case.
fn read_plugins(section: &Section<'_>, limits: RouteLimits, declared: &Declared) -> (Vec<RouteConfig>, Paths) {
    let allow = section.field("allow");
    let allowed: Vec<_> = allow.items().iter().filter_map(Field::text).collect();
    let entry = section.field("entries").section(&[WEBHOOKS]).field(WEBHOOKS);
    let webhooks = entry.section(&["enabled", "config"]);
    let enabled = webhooks.field("enabled").flag(false);
    let config = webhooks.field("config");
    let (routes, paths) = routes::read(&config.section(&["routes"]).field("routes"), limits, declared);

    let (reason, advice) = if !enabled {
        ("disabled in config", "set plugins.entries.webhooks.enabled to true")
    } else if allow.is_present() && !allowed.iter().any(|name| name == WEBHOOKS) {
        ("not in plugins.allow", "add \"webhooks\" to plugins.allow")
    } else {
        for warning in routes.iter().flat_map(routes::warnings) {
            entry.warn(warning);
        }
        return (routes, paths);
    };
    if config.is_present() {
        let at = &entry.path;
        entry.warn(format!("{at}: plugin disabled ({reason}) but config is present: no route is served; {advice}"));
    }
    (Vec::new(), Paths::default())
}
