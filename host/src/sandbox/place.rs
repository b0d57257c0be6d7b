//! The place of one component, whatever its kind: which one serves now, why another one does not, and whether it rests.
//!
//! ```text
//!   file appears → read → pin → compile → need ⊆ grants → tried once → swapped in      (runs in flight end on the old one)
//!                    └──────┴────────┴──────────┴───────────┴→ the last good one goes on serving, the status says why
//! ```

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use super::SandboxError;
use super::announce::{Announce, News};
use super::compile::Compiler;
use super::folder::PluginFolder;
use super::kind::Kind;
use super::meter::Cost;
use super::outcome::Failure;
use super::plugin::{Plugin, short};
use super::poison::Poison;
use super::source::Source;
use super::user::{User, log_of};
use crate::clock::Clock;
use crate::limits::{Admission, Budget};
use crate::model::{Digest, Grants, Millis};

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

/// A slot and how it stands, for whoever lists them.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Whose slot it is.
    pub user: User,
    /// The file, or the name of the built-in component.
    pub file: String,
    /// What serves, and what does not.
    pub status: Arc<Status>,
    /// Until when it rests, if it does.
    pub rests_until: Option<Millis>,
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

/// The place of one component.
pub(super) struct Place<K: Kind> {
    pub kind: K,
    pub user: User,
    pub source: Source,
    pub grants: Grants,
    pub budget: Budget,
    clock: Clock,
    announce: Announce,
    serving: ArcSwapOption<Tried<K>>,
    status: ArcSwap<Status>,
    swaps: watch::Sender<Option<Digest>>,
}

/// A component that serves, with its crash record.
struct Tried<K: Kind> {
    plugin: Arc<Plugin<K>>,
    poison: Poison,
}

/// One run that took place.
pub(super) struct Ran<V> {
    pub outcome: Result<V, Failure>,
    pub digest: Digest,
    pub cost: Cost,
}

impl<K: Kind> Place<K> {
    /// An empty place. Components are tried within the budget.
    pub fn new(
        kind: K,
        user: User,
        source: Source,
        grants: Grants,
        budget: Budget,
        clock: Clock,
        announce: Announce,
    ) -> Self {
        let status = Status { serving: None, refused: None, since: clock.now() };
        Self {
            kind,
            user,
            source,
            grants,
            budget,
            clock,
            announce,
            serving: ArcSwapOption::empty(),
            status: ArcSwap::from_pointee(status),
            swaps: watch::Sender::new(None),
        }
    }

    pub fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    /// If it crashed too often and rests: until when.
    pub fn rests_until(&self) -> Option<Millis> {
        self.serving.load().as_ref().and_then(|tried| tried.poison.rests_until(self.clock.now()))
    }

    pub fn standing(&self) -> Standing {
        Standing {
            user: self.user.clone(),
            file: self.source.name().to_owned(),
            status: self.status(),
            rests_until: self.rests_until(),
        }
    }

    /// The digest that serves, and every other one from then on.
    pub fn swaps(&self) -> watch::Receiver<Option<Digest>> {
        self.swaps.subscribe()
    }

    /// Loads the component of the source and swaps it in. On any failure the last good one goes on serving.
    pub async fn load(&self, compiler: &Compiler, folder: Option<&PluginFolder>) -> Result<(), SandboxError> {
        let loaded = self.prepare(compiler, folder).await;
        let old = self.serving.load().as_ref().map(|tried| tried.plugin.digest());
        match loaded {
            Ok(plugin) if old == Some(plugin.digest()) => {
                self.say(old, None);
                Ok(())
            }
            Ok(plugin) => {
                self.swap(old, plugin);
                Ok(())
            }
            Err(error) => {
                self.refuse(old, &error);
                Err(error)
            }
        }
    }

    /// Runs the component once.
    pub async fn run(
        &self,
        admission: Admission,
        bound: K::Bound,
        input: K::Input,
    ) -> Result<Ran<K::Verdict>, NotReady> {
        let Some(tried) = self.serving.load_full() else { return Err(NotReady::Refused) };
        if let Some(until) = tried.poison.rests_until(self.clock.now()) {
            return Err(NotReady::Resting { for_ms: until.0 - self.clock.now().0 });
        }
        let (answer, cost) = tried.plugin.run(admission, self.user.clone(), bound, input).await;
        let outcome = answer.and_then(K::judge);
        match &outcome {
            Ok(_) => tried.poison.worked(),
            Err(failure) => self.failed(&tried, failure),
        }
        Ok(Ran { outcome, digest: tried.plugin.digest(), cost })
    }

    async fn prepare(
        &self,
        compiler: &Compiler,
        folder: Option<&PluginFolder>,
    ) -> Result<Arc<Plugin<K>>, SandboxError> {
        let file = self.source.name();
        let compiled = compiler.compile(file, self.source.bytes(folder)?).await?;
        let plugin = Arc::new(Plugin::prepare(compiler.engine(), compiled, &self.grants, &self.user, file)?);
        plugin.try_once(&self.user, self.kind.idle(), self.budget, file).await?;
        Ok(plugin)
    }

    fn swap(&self, old: Option<Digest>, plugin: Arc<Plugin<K>>) {
        let (user, file, new) = (&self.user, self.source.name(), plugin.digest());
        // Said first: whoever gets the new component's answer finds no complaint about the file any more.
        let was_refused = self.say(Some(new), None).refused.is_some();
        self.serving.store(Some(Arc::new(Tried { plugin, poison: Poison::default() })));
        match old {
            None => log_of!(info, user, plugin = file, digest = short(new), "plugin ready"),
            Some(old) => log_of!(info, user, plugin = file, from = short(old), to = short(new), "plugin swapped"),
        }
        // The first component of a gateway that starts is no news; one that comes after a refusal is.
        if old.is_some() || was_refused {
            News::Swapped { from: old, to: new }.tell(&self.announce, user, file);
        }
        self.swaps.send_replace(Some(new));
    }

    fn refuse(&self, old: Option<Digest>, error: &SandboxError) {
        let (user, file, reason) = (&self.user, self.source.name(), error.to_string());
        match old {
            None => log_of!(warn, user, "{reason}"),
            Some(old) => log_of!(
                warn,
                user,
                serving = short(old),
                "the new plugin is refused, the last good one goes on serving: {reason}"
            ),
        }
        let before = self.say(old, Some(reason.clone()));
        // Each touch of a bad file tries it again; only another reason is news.
        if before.refused.as_ref() != Some(&reason) {
            News::Refused { serving: old, reason: &reason }.tell(&self.announce, user, file);
        }
    }

    fn failed(&self, tried: &Tried<K>, failure: &Failure) {
        let (user, file) = (&self.user, self.source.name());
        log_of!(
            warn,
            user,
            plugin = file,
            outcome = failure.kind.as_str(),
            blame = failure.kind.blame().as_str(),
            "run failed: {}",
            failure.detail
        );
        let Some(until) = tried.poison.failed(failure.kind, self.clock.now()) else { return };
        let rest_ms = until.0 - self.clock.now().0;
        log_of!(error, user, plugin = file, rest_ms, "plugin poisoned: it crashed too often and rests");
        News::Poisoned { serving: tried.plugin.digest(), until }.tell(&self.announce, user, file);
    }

    /// Sets the status, and returns what it was.
    fn say(&self, serving: Option<Digest>, refused: Option<String>) -> Arc<Status> {
        let before = self.status();
        if before.serving != serving || before.refused != refused {
            self.status.store(Arc::new(Status { serving, refused, since: self.clock.now() }));
        }
        before
    }
}
