//! The room through its door: texts in, a config or problems out.

mod accepted;
mod agents;
mod callbacks;
mod component;
mod files;
mod hooks;
mod hooks_refused;
mod refused;
mod runners;
mod snippets;
mod webhooks;
mod webhooks_refused;
mod webhooks_warned;

use std::path::Path;

use super::{Config, ConfigErrors, Env, Format};

const FILE: &str = "/etc/sandclaw/sandclaw.json5";

/// An environment with `TOKEN`, `HOST` and nothing else.
fn env() -> Env {
    Env::new(|name| match name {
        "TOKEN" => Some(" t0ken ".to_owned()),
        "HOST" => Some("127.0.0.1".to_owned()),
        "BLANK" => Some(" ".to_owned()),
        _ => None,
    })
}

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(text, Format::Json5, Path::new(FILE), &env())
}

/// A file with the webhooks plugin switched on and these routes.
fn routes(routes: &str) -> Result<Config, ConfigErrors> {
    parse(&format!("{{plugins:{{entries:{{webhooks:{{enabled:true,config:{{routes:{{{routes}}}}}}}}}}}}}"))
}

/// One route with these keys besides the two that it needs.
fn route(keys: &str) -> Result<Config, ConfigErrors> {
    routes(&format!("a: {{ sessionKey: 's', secret: 'x', {keys} }}"))
}

/// The problems as `path: message`, those of the only route or endpoint as `.key: message`.
fn problems(result: Result<Config, ConfigErrors>) -> Vec<String> {
    let errors = result.expect_err("refused");
    let short = |path: &str| {
        let path =
            path.replacen("plugins.entries.webhooks.config.routes", "R", 1).replacen("webhooks.endpoints", "E", 1);
        path.replacen("R.a.", ".", 1).replacen("E[0].", ".", 1)
    };
    errors.problems().iter().map(|problem| format!("{}: {}", short(&problem.path), problem.message)).collect()
}

/// The `webhooks` root with these keys.
fn webhooks(keys: &str) -> Result<Config, ConfigErrors> {
    parse(&format!("{{ webhooks: {{ {keys} }} }}"))
}

/// One endpoint with these keys besides the three that it needs.
fn endpoint(keys: &str) -> Result<Config, ConfigErrors> {
    webhooks(&format!("endpoints: [{{ name: 'a', url: 'https://example.com/x', events: ['flow.*'], {keys} }}]"))
}
