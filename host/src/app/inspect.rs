//! What the components of a config need, were given and leave unused, without starting a gateway: for `check`, `plugins list` and `plugins inspect`.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{CACHE_FOLDER, compiler, source_and_grants};
use crate::clock::Clock;
use crate::config::{Config, RouteLimits};
use crate::limits::Budget;
use crate::model::{Digest, Grant, Grants, Ids, Power, RouteId, SessionKey};
use crate::sandbox::{Compiled, Compiler, PluginFolder, PoolSize, SandboxEngine, Slot, Source};
use crate::store::Store;
use crate::taskflow::TaskFlows;

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
    let folder = config.plugins_dir.is_dir().then(|| PluginFolder::open(&config.plugins_dir)).transpose()?;
    let bench = Bench::new(compiler(config, cache.is_dir().then_some(cache.as_path()))?, folder)?;
    let mut inspection = Inspection::default();
    for route in &config.routes {
        let (source, grants) = source_and_grants(&route.handler);
        inspection.found.push(bench.look(Some(&route.id), source, grants, &route.limits).await);
    }
    let named: Vec<String> = inspection.found.iter().map(|found| found.file.clone()).collect();
    for name in bench.folder.iter().flat_map(PluginFolder::names).filter(|name| !named.contains(name)) {
        let source = Source::File { name, digest: None };
        inspection.found.push(bench.look(None, source, Grants::default(), &RouteLimits::default()).await);
    }
    Ok(inspection)
}

/// Looks at one file anywhere, as if everything that can be granted were granted: what is refused then runs nowhere.
pub async fn inspect_file(path: &Path) -> Result<Found> {
    let missing = || format!("{} is not a file that can be read", path.display());
    let path = path.canonicalize().with_context(missing)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        anyhow::bail!(missing());
    };
    let engine = SandboxEngine::new(PoolSize { runs: 1, memory_max_bytes: 1 << 30, pagemap_scan: false })?;
    let bench = Bench::new(Compiler::new(engine, None), Some(PluginFolder::open(folder)?))?;
    let source = Source::File { name: name.to_owned(), digest: None };
    let limits = RouteLimits { memory_max_bytes: 1 << 30, ..RouteLimits::default() };
    let all = Power::ALL.into_iter().map(Grant::whole).collect();
    let mut found = bench.look(Some(&RouteId::new("?")), source, all, &limits).await;
    (found.route, found.granted, found.unused) = (None, Vec::new(), Vec::new());
    Ok(found)
}

/// What a component is looked at with: a compiler, the folder, and a session of nobody in a store that is gone afterwards.
struct Bench {
    compiler: Compiler,
    folder: Option<PluginFolder>,
    taskflows: TaskFlows,
    _scratch: TempDir,
}

impl Bench {
    fn new(compiler: Compiler, folder: Option<PluginFolder>) -> Result<Self> {
        let scratch = tempfile::tempdir().context("no temporary folder can be made")?;
        let store = Store::open(scratch.path(), Clock::system())?;
        Ok(Self { compiler, folder, taskflows: TaskFlows::new(store, Clock::system(), Ids), _scratch: scratch })
    }

    /// Loads the component into a slot exactly as a gateway would. Without a route nothing is loaded, only its need is read.
    async fn look(&self, route: Option<&RouteId>, source: Source, grants: Grants, limits: &RouteLimits) -> Found {
        let file = source.name().to_owned();
        let compiled = match source.bytes(self.folder.as_ref()) {
            Ok(bytes) => self.compiler.compile(&file, bytes).await,
            Err(error) => Err(error),
        };
        // Held to the end, so that the slot finds it compiled.
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(error) => return broken(route, file, &grants, error.to_string()),
        };
        let mut found = describe(route, file, &compiled, &grants);
        if let Some(route) = route {
            let session = self.taskflows.bind(SessionKey::new("nobody"), "");
            let slot = Slot::new(route.clone(), source, grants, session, Budget::from(limits), Clock::system());
            found.refused = slot.load(&self.compiler, self.folder.as_ref()).await.err().map(|error| error.to_string());
        }
        found
    }
}

fn broken(route: Option<&RouteId>, file: String, grants: &Grants, reason: String) -> Found {
    Found {
        route: route.map(ToString::to_string),
        file,
        digest: None,
        needs: Vec::new(),
        unknown: Vec::new(),
        granted: names(grants),
        unused: Vec::new(),
        refused: Some(reason),
    }
}

fn describe(route: Option<&RouteId>, file: String, compiled: &Compiled, grants: &Grants) -> Found {
    Found {
        route: route.map(ToString::to_string),
        file,
        digest: Some(compiled.digest),
        needs: compiled.need.as_grants(),
        unknown: compiled.need.unknown.iter().cloned().collect(),
        granted: names(grants),
        unused: compiled.need.unused(grants),
        refused: None,
    }
}

fn names(grants: &Grants) -> Vec<String> {
    grants.iter().map(|grant| grant.to_string()).collect()
}
