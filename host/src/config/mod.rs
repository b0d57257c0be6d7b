//! The operator's file, read whole or refused whole: every problem is reported at once, with file, line, path and what to
//! do, and a [`Config`] exists only if there is none. Nothing is opened or resolved here; `app` takes it from there.

pub mod agents;
mod allowed_ips;
pub mod auth;
mod bodies;
mod channels;
mod component;
mod env;
mod field;
pub mod hooks;
mod json5;
mod json_value;
mod limits;
mod lines;
mod llm;
mod model;
mod paths;
mod problem;
mod provider;
mod proxies;
mod reader;
mod routes;
mod secrets;
mod sections;
mod starter;
mod suggest;
mod taskflow_endpoints;
#[cfg(test)]
mod tests;
mod tree;
pub mod webhooks;
pub mod workflow;
mod workflows;
mod yaml;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use allowed_ips::AllowedIps;
pub use bodies::Bodies;
pub use channels::{Channels, LOG_CHANNEL};
pub use component::Component;
pub use env::Env;
pub use limits::{GlobalLimits, RouteLimits};
pub use llm::{DEFAULT_LLM, Llm};
pub use model::{Config, Gateway, Handler, RouteConfig, SandboxConfig};
pub use problem::{ConfigErrors, Problem};
pub use provider::{ExecProvider, FileMode, Provider, Providers, SecretRef, SecretSource, SecretSpec, Secrets};
pub use proxies::TrustedProxies;
pub use starter::starter;
pub use suggest::closest;
pub use taskflow_endpoints::{WAIT_MAX, WorkflowDoors, WorkflowEndpoint};
pub use tree::Format;
pub use workflows::{GatewayTools, StepPlugin, WorkflowRights, Workflows};

use reader::Reader;

/// Largest config file. A thousand routes with comments are half of it.
const FILE_MAX_BYTES: u64 = 1024 * 1024;

/// The names under which a config is looked for, in this order.
const NAMES: [&str; 4] = ["sandclaw.json5", "sandclaw.json", "sandclaw.yaml", "sandclaw.yml"];

impl Config {
    /// Reads a config file; its format is told by its extension, `${…}` is taken from the process.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let file = path.display().to_string();
        let Some(format) = Format::of(path) else {
            return Err(ConfigErrors::one(
                &file,
                None,
                "the name of a config file ends in .json5, .json, .yaml or .yml",
            ));
        };
        let text = read_file(path, FILE_MAX_BYTES)
            .map_err(|error| ConfigErrors::one(&file, None, format!("cannot be read: {error}")))?;
        Self::parse(&text, format, path, &Env::process())
    }

    /// Reads a config from its text. `file` is what problems name, and relative folders lie beside it.
    pub fn parse(text: &str, format: Format, file: &Path, env: &Env) -> Result<Self, ConfigErrors> {
        let name = file.display().to_string();
        let tree = tree::parse(text, format).map_err(|error| ConfigErrors::one(&name, error.line, error.message))?;
        let reader = Reader::new(&name, env);
        let mut config = sections::read(&reader.root(&tree), file);
        let (problems, warnings) = reader.finish();
        if !problems.is_empty() {
            return Err(ConfigErrors::new(&name, problems));
        }
        config.warnings = warnings;
        Ok(config)
    }
}

/// The one config file in the folder.
pub fn find(dir: &Path) -> Result<PathBuf, ConfigErrors> {
    let found: Vec<_> = NAMES.into_iter().filter(|name| dir.join(name).exists()).collect();
    let folder = dir.display().to_string();
    match found[..] {
        [name] => Ok(dir.join(name)),
        [] => {
            let names = NAMES.join(", ");
            Err(ConfigErrors::one(
                &folder,
                None,
                format!("there is no {names}; `sandclaw init` writes one to start with"),
            ))
        }
        _ => {
            let names = found.join(" and ");
            Err(ConfigErrors::one(&folder, None, format!("{names} are both there; keep one, or name the one to use")))
        }
    }
}

fn read_file(path: &Path, max_bytes: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    // One byte more than is allowed, to tell a full file from one that is too large.
    File::open(path)?.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("larger than {} KiB, the most such a file may have", max_bytes / 1024)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("not UTF-8 text; save it as UTF-8"))
}
