//! What the components of a config need, were given and leave unused, without starting a gateway: for `check`, `plugins list` and `plugins inspect`.

use std::path::Path;

use anyhow::{Context, Result};

use super::{CACHE_FOLDER, compiler, source_and_grants};
use crate::config::Config;
use crate::model::{Digest, Grant, Grants, Power};
use crate::sandbox::{CompileCache, Compiled, Compiler, Plugin, PluginFolder, PoolSize, SandboxEngine, Source};

/// One component, as far as it can be told without running it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The route that uses it; none in quarantine.
    pub route: Option<String>,
    /// The file, or the name of the built-in one.
    pub file: String,
    /// Of its bytes, if the file could be read.
    pub digest: Option<Digest>,
    /// What it needs, as grants.
    pub needs: Vec<String>,
    /// Imports that no grant gives.
    pub unknown: Vec<String>,
    /// What it was granted.
    pub granted: Vec<String>,
    /// What it was granted and does not import.
    pub unused: Vec<String>,
    /// Why it would not run; nothing if it would.
    pub refused: Option<String>,
}

/// All components of a config.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// One for each enabled route, then those in quarantine.
    pub found: Vec<Found>,
}

impl Inspection {
    /// The reasons why routes would not start.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.found.iter().filter(|found| found.route.is_some()).filter_map(|found| found.refused.as_deref())
    }
}

/// Looks at every component that the config names and every other file in the plugins folder.
pub async fn inspect_all(config: &Config) -> Result<Inspection> {
    // Beside a running gateway its cache is used too; a state folder that does not exist yet is not made just for looking.
    let cache = config.state_dir.join(CACHE_FOLDER);
    let compiler = compiler(config, cache.is_dir().then_some(cache.as_path()))?;
    let folder = config.plugins_dir.is_dir().then(|| PluginFolder::open(&config.plugins_dir)).transpose()?;
    let mut inspection = Inspection::default();
    let mut used = Vec::new();
    for route in &config.routes {
        let (source, grants) = source_and_grants(&route.handler);
        if let Source::File { name, .. } = &source {
            used.push(name.clone());
        }
        inspection.found.push(look(&compiler, folder.as_ref(), Some(route.id.as_str()), &source, &grants).await);
    }
    for name in folder.iter().flat_map(PluginFolder::names).filter(|name| !used.contains(name)) {
        let source = Source::File { name, digest: None };
        inspection.found.push(look(&compiler, folder.as_ref(), None, &source, &Grants::default()).await);
    }
    Ok(inspection)
}

/// Looks at one file anywhere.
pub async fn inspect_file(path: &Path) -> Result<Found> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let engine = SandboxEngine::new(PoolSize { runs: 1, memory_max_bytes: 64 << 20, pagemap_scan: false })?;
    let compiler = Compiler::new(engine, None::<CompileCache>);
    let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let compiled = compiler.compile(&file, bytes).await?;
    let mut found = describe(None, &file, &compiled, &Grants::default());
    // Everything it could be granted, granted: what is left is why it could run nowhere.
    let all: Grants = Power::ALL.into_iter().map(Grant::whole).collect();
    found.refused = Plugin::prepare(compiler.engine(), compiled, &all, "?", &file).err().map(|error| error.to_string());
    Ok(found)
}

async fn look(
    compiler: &Compiler,
    folder: Option<&PluginFolder>,
    route: Option<&str>,
    source: &Source,
    grants: &Grants,
) -> Found {
    let file = source.name().to_owned();
    let compiled = match source.bytes(folder) {
        Ok(bytes) => compiler.compile(&file, bytes).await,
        Err(error) => Err(error),
    };
    match compiled {
        Ok(compiled) => {
            let mut found = describe(route, &file, &compiled, grants);
            if let Some(route) = route {
                found.refused = Plugin::prepare(compiler.engine(), compiled, grants, route, &file)
                    .err()
                    .map(|error| error.to_string());
            }
            found
        }
        Err(error) => Found {
            route: route.map(str::to_owned),
            file,
            digest: None,
            needs: Vec::new(),
            unknown: Vec::new(),
            granted: grants.iter().map(|grant| grant.to_string()).collect(),
            unused: Vec::new(),
            refused: Some(error.to_string()),
        },
    }
}

fn describe(route: Option<&str>, file: &str, compiled: &Compiled, grants: &Grants) -> Found {
    Found {
        route: route.map(str::to_owned),
        file: file.to_owned(),
        digest: Some(compiled.digest),
        needs: compiled.need.as_grants(),
        unknown: compiled.need.unknown.iter().cloned().collect(),
        granted: grants.iter().map(|grant| grant.to_string()).collect(),
        unused: compiled.need.unused(grants),
        refused: None,
    }
}
