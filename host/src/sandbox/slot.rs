//! The place of a route's component: which one serves now, why another one does not, and whether it rests.
//!
//! ```text
//!   file appears → read → pin → compile → need ⊆ grants → tried once → swapped in      (requests in flight end on the old one)
//!                    └──────┴────────┴──────────┴───────────┴→ the last good one goes on serving, the status says why
//! ```

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::compile::{Compiler, digest_of};
use super::folder::PluginFolder;
use super::outcome::Outcome;
use super::plugin::{Plugin, short};
use super::poison::Poison;
use super::run::Call;
use super::{RequestHead, SandboxError};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::limits::{Admission, Budget};
use crate::model::{Digest, Grants, Millis, RouteId};
use crate::taskflow::Session;

/// The component with the 13 TaskFlow actions, built with the host.
const TASKFLOW_ACTIONS: &[u8] = include_bytes!(env!("SANDCLAW_TASKFLOW_ACTIONS"));

/// Where a route's component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The component inside the binary that performs the 13 TaskFlow actions.
    BuiltIn,
    /// A file of the plugins folder, perhaps pinned to a digest (`sha256:…`).
    File {
        /// The plain file name.
        name: String,
        /// The digest it must have.
        digest: Option<Digest>,
    },
}

impl Source {
    /// The name in messages and lists.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn => "built-in taskflow-actions",
            Self::File { name, .. } => name,
        }
    }

    /// The component's bytes. A pinned file is compared before the compiler sees a byte of it.
    pub fn bytes(&self, folder: Option<&PluginFolder>) -> Result<Vec<u8>, SandboxError> {
        match (self, folder) {
            (Self::BuiltIn, _) => Ok(TASKFLOW_ACTIONS.to_vec()),
            (Self::File { name, digest }, Some(folder)) => {
                let bytes = folder.read(name)?;
                check_pin(name, *digest, &bytes)?;
                Ok(bytes)
            }
            (Self::File { name, .. }, None) => {
                Err(SandboxError::File { file: name.clone(), reason: "there is no plugins folder".into() })
            }
        }
    }
}

/// What can be said of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The digest of the component that serves, if one does.
    pub serving: Option<Digest>,
    /// Why the newest file does not serve.
    pub refused: Option<String>,
    /// Since when this is so.
    pub since: Millis,
}

/// Why no run is possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// No good component was ever there.
    Refused,
    /// It crashed too often and rests for so many milliseconds.
    Resting {
        /// Time until it is tried again.
        for_ms: i64,
    },
}

/// The place of one route's component.
pub struct Slot {
    /// The route.
    pub route: RouteId,
    /// Where its component comes from.
    pub source: Source,
    /// What the component may do.
    pub grants: Grants,
    session: Session,
    budget: Budget,
    clock: Clock,
    serving: ArcSwapOption<Tried>,
    status: ArcSwap<Status>,
}

/// A component that serves, with its crash record.
struct Tried {
    plugin: Arc<Plugin>,
    poison: Poison,
}

impl Slot {
    /// An empty slot for a route, whose runs will all be bound to `session`. The budget is the route's; components are tried within it.
    pub fn new(route: RouteId, source: Source, grants: Grants, session: Session, budget: Budget, clock: Clock) -> Self {
        let status = Status { serving: None, refused: None, since: clock.now() };
        Self {
            route,
            source,
            grants,
            session,
            budget,
            clock,
            serving: ArcSwapOption::empty(),
            status: ArcSwap::from_pointee(status),
        }
    }

    /// How it stands.
    pub fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    /// If it crashed too often and rests: until when.
    pub fn rests_until(&self) -> Option<Millis> {
        self.serving.load().as_ref().and_then(|tried| tried.poison.rests_until(self.clock.now()))
    }

    /// Loads the component of the slot's source and swaps it in. On any failure the last good one goes on serving.
    pub async fn load(&self, compiler: &Compiler, folder: Option<&PluginFolder>) -> Result<(), SandboxError> {
        let loaded = self.prepare(compiler, folder).await;
        let serving = self.serving.load();
        let old = serving.as_ref().map(|tried| tried.plugin.digest());
        match loaded {
            Ok(plugin) if old == Some(plugin.digest()) => {
                self.say(old, None);
                Ok(())
            }
            Ok(plugin) => {
                let new = plugin.digest();
                self.serving.store(Some(Arc::new(Tried { plugin, poison: Poison::default() })));
                match old {
                    None => {
                        tracing::info!(route = %self.route, plugin = self.source.name(), digest = short(new), "plugin ready")
                    }
                    Some(old) => {
                        tracing::info!(route = %self.route, plugin = self.source.name(), from = short(old), to = short(new), "plugin swapped")
                    }
                }
                self.say(Some(new), None);
                Ok(())
            }
            Err(error) => {
                match old {
                    None => tracing::warn!(route = %self.route, "{error}"),
                    Some(old) => {
                        tracing::warn!(route = %self.route, serving = short(old), "the new plugin is refused, the last good one goes on serving: {error}")
                    }
                }
                self.say(old, Some(error.to_string()));
                Err(error)
            }
        }
    }

    /// Runs the component once.
    pub async fn run(
        &self,
        admission: Admission,
        head: Box<dyn RequestHead>,
        body: JsonText,
    ) -> Result<Outcome, NotReady> {
        let Some(tried) = self.serving.load_full() else { return Err(NotReady::Refused) };
        if let Some(until) = tried.poison.rests_until(self.clock.now()) {
            return Err(NotReady::Resting { for_ms: until.0 - self.clock.now().0 });
        }
        let call = Call { route: self.route.clone(), session: self.session.clone(), head, body };
        let outcome = tried.plugin.run(admission, call).await;
        match &outcome {
            Outcome::Replied(_) | Outcome::InvalidRequest(_) => tried.poison.worked(),
            Outcome::Failed(failure) => {
                tracing::warn!(route = %self.route, plugin = self.source.name(), outcome = failure.kind.as_str(), blame = failure.kind.blame().as_str(), "run failed: {}", failure.detail);
                if let Some(until) = tried.poison.failed(failure.kind, self.clock.now()) {
                    let rest_ms = until.0 - self.clock.now().0;
                    tracing::error!(route = %self.route, plugin = self.source.name(), rest_ms, "plugin poisoned: it crashed too often and rests");
                }
            }
        }
        Ok(outcome)
    }

    async fn prepare(&self, compiler: &Compiler, folder: Option<&PluginFolder>) -> Result<Arc<Plugin>, SandboxError> {
        let file = self.source.name();
        let compiled = compiler.compile(file, self.source.bytes(folder)?).await?;
        let plugin = Plugin::prepare(compiler.engine(), compiled, &self.grants, self.route.as_str(), file)?;
        let plugin = Arc::new(plugin);
        plugin.try_once(&self.route, &self.session, self.budget, file).await?;
        Ok(plugin)
    }

    fn say(&self, serving: Option<Digest>, refused: Option<String>) {
        let now = self.clock.now();
        let before = self.status.load();
        if before.serving != serving || before.refused != refused {
            self.status.store(Arc::new(Status { serving, refused, since: now }));
        }
    }
}

fn check_pin(file: &str, pin: Option<Digest>, bytes: &[u8]) -> Result<(), SandboxError> {
    let Some(pin) = pin else { return Ok(()) };
    let found = digest_of(bytes);
    if found == pin {
        return Ok(());
    }
    Err(SandboxError::File {
        file: file.to_owned(),
        reason: format!(
            "its digest is {found}, the config pins {pin}; put the pinned file back, or write the new digest if you trust it"
        ),
    })
}
