//! What the components of a config need, were given and leave unused, without starting a gateway: for `check`, `plugins list` and `plugins inspect`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::CACHE_FOLDER;
use super::parts::{Use, compiler, uses};
use crate::clock::Clock;
use crate::config::{Config, RouteLimits};
use crate::limits::Budget;
use crate::model::{Digest, EndpointName, Grant, Grants, Ids, MappingName, Power, RouteId, SessionKey};
use crate::sandbox::{
    Compiled, Compiler, ComponentKind, HookSlot, PluginFolder, PoolSize, SandboxEngine, SandboxError, Slot, Source,
    StepSlot, TransformSlot, User, tell_nobody,
};
use crate::store::Store;
use crate::taskflow::{Session, TaskFlows};

/// Runs at the same time of one file by itself: one, and one that was given up and is on its way out.
const LONE_RUNS: u32 = 2;

/// One component, as far as it can be told without running it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Who uses it; nobody in quarantine.
    pub user: Option<User>,
    /// Whether it is a route action or a transform, and of which sort, if it could be compiled and is any.
    pub kind: Option<ComponentKind>,
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
    /// One for each use of a component, by who uses it; then those in quarantine.
    pub found: Vec<Found>,
}

impl Inspection {
    /// The reasons why whoever uses a component would not start.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.found.iter().filter(|found| found.user.is_some()).filter_map(|found| found.refused.as_deref())
    }
}

/// Looks at every component that the config names and every other file in the plugins folder.
pub async fn inspect_all(config: &Config) -> Result<Inspection> {
    // Beside a running gateway its cache is used too; a state folder that does not exist yet is not made just for looking.
    let cache = config.state_dir.join(CACHE_FOLDER);
    let folder = config.plugins_dir.is_dir().then(|| PluginFolder::open(&config.plugins_dir)).transpose()?;
    let bench = Bench::new(compiler(config, cache.is_dir().then_some(cache.as_path()))?, folder)?;
    let mut inspection = Inspection::default();
    for Use { user, source, grants, limits } in uses(config) {
        inspection.found.push(bench.look(Some(user), source, grants, &limits).await);
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
    let limits = RouteLimits { memory_max_bytes: 1 << 30, ..RouteLimits::default() };
    let (compiler, folder, source) = lone(path, &limits)?;
    let bench = Bench::new(compiler, Some(folder))?;
    let user = match bench.compile(&source).await.as_ref().map(|compiled| compiled.kind) {
        Ok(Some(ComponentKind::Transform)) => User::Endpoint(EndpointName::new("?")),
        Ok(Some(ComponentKind::HookTransform)) => User::Mapping(MappingName::new("?")),
        _ => User::Route(RouteId::new("?")),
    };
    let all = Power::ALL.into_iter().map(Grant::whole).collect();
    let mut found = bench.look(Some(user), source, all, &limits).await;
    (found.user, found.granted, found.unused) = (None, Vec::new(), Vec::new());
    Ok(found)
}

/// A compiler for one file anywhere, without a cache; the file's folder, and the file in it.
pub(super) fn lone(path: &Path, limits: &RouteLimits) -> Result<(Compiler, PluginFolder, Source)> {
    let missing = || format!("{} is not a file that can be read", path.display());
    let path = path.canonicalize().with_context(missing)?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        anyhow::bail!(missing());
    };
    let size = PoolSize { runs: LONE_RUNS, memory_max_bytes: limits.memory_max_bytes, pagemap_scan: false };
    let source = Source::File { name: name.to_owned(), digest: None };
    Ok((Compiler::new(SandboxEngine::new(size)?, None), PluginFolder::open(folder)?, source))
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

    fn nobody(&self) -> Session {
        self.taskflows.bind(SessionKey::new("nobody"), "")
    }

    async fn compile(&self, source: &Source) -> Result<Arc<Compiled>, SandboxError> {
        self.compiler.compile(source.name(), source.bytes(self.folder.as_ref())?).await
    }

    /// Loads the component into a slot exactly as a gateway would. Without a user nothing is loaded, only its need is read.
    async fn look(&self, user: Option<User>, source: Source, grants: Grants, limits: &RouteLimits) -> Found {
        let file = source.name().to_owned();
        // Held to the end, so that the slot finds it compiled.
        let compiled = match self.compile(&source).await {
            Ok(compiled) => compiled,
            Err(error) => return broken(user, file, &grants, error.to_string()),
        };
        let mut found = describe(user.clone(), file, &compiled, &grants);
        let (folder, budget, clock) = (self.folder.as_ref(), Budget::from(limits), Clock::system());
        let loaded = match user {
            None => Ok(()),
            Some(User::Route(route)) => {
                let slot = Slot::new(route, source, grants, self.nobody(), budget, clock, tell_nobody());
                slot.load(&self.compiler, folder).await
            }
            Some(User::Workflow(workflow)) => {
                let slot = StepSlot::new(workflow, source, grants, self.nobody(), budget, clock, tell_nobody());
                slot.load(&self.compiler, folder).await
            }
            Some(User::Mapping(mapping)) => {
                let slot = HookSlot::new(mapping, source, grants, budget, clock, tell_nobody());
                slot.load(&self.compiler, folder).await
            }
            Some(User::Endpoint(endpoint)) => {
                let slot = TransformSlot::new(endpoint, source, grants, budget, clock, tell_nobody());
                slot.load(&self.compiler, folder).await
            }
        };
        found.refused = loaded.err().map(|error| error.to_string());
        found
    }
}

fn broken(user: Option<User>, file: String, grants: &Grants, reason: String) -> Found {
    Found {
        user,
        kind: None,
        file,
        digest: None,
        needs: Vec::new(),
        unknown: Vec::new(),
        granted: names(grants),
        unused: Vec::new(),
        refused: Some(reason),
    }
}

fn describe(user: Option<User>, file: String, compiled: &Compiled, grants: &Grants) -> Found {
    Found {
        user,
        kind: compiled.kind,
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
