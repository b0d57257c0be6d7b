//! All components of a gateway: the folder, the slots of whoever uses one, and the files that belong to nobody.

use std::sync::Arc;

use super::SandboxError;
use super::compile::Compiler;
use super::folder::PluginFolder;
use super::place::Standing;
use super::slot::{HookSlot, Slot, StepSlot, TransformSlot};
use super::source::Source;

/// The folder and the slots.
pub struct Plugins {
    compiler: Compiler,
    folder: Option<PluginFolder>,
    slots: Vec<Arc<Slot>>,
    transforms: Vec<Arc<TransformSlot>>,
    hooks: Vec<Arc<HookSlot>>,
    steps: Vec<Arc<StepSlot>>,
}

impl Plugins {
    /// Brings them together; nothing is loaded yet.
    pub fn new(
        compiler: Compiler,
        folder: Option<PluginFolder>,
        slots: Vec<Arc<Slot>>,
        transforms: Vec<Arc<TransformSlot>>,
    ) -> Self {
        Self { compiler, folder, slots, transforms, hooks: Vec::new(), steps: Vec::new() }
    }

    /// With the slots of the hook mappings.
    #[must_use]
    pub fn with_hooks(self, hooks: Vec<Arc<HookSlot>>) -> Self {
        Self { hooks, ..self }
    }

    /// With the slots of the workflows' steps.
    #[must_use]
    pub fn with_steps(self, steps: Vec<Arc<StepSlot>>) -> Self {
        Self { steps, ..self }
    }

    /// Loads every slot. One that cannot be loaded is logged, stays empty and stops no other.
    pub async fn load_all(&self) -> Vec<SandboxError> {
        let refused = self.load(|_| true).await;
        self.quarantined().iter().for_each(|name| tell_quarantine(name));
        refused
    }

    /// Loads the slots that use this file again; if none does, says so.
    pub async fn reload(&self, name: &str) {
        if self.quarantined().iter().any(|file| file == name) {
            tell_quarantine(name);
        }
        // Success and failure are both logged and kept in the slot's status.
        self.load(|source| source.is_file(name)).await;
    }

    /// The slots of the routes, in the order of the routes.
    pub fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// The slots of the transforms, in the order of the endpoints.
    pub fn transforms(&self) -> &[Arc<TransformSlot>] {
        &self.transforms
    }

    /// The slots of the hook mappings, in the order of the mappings.
    pub fn hooks(&self) -> &[Arc<HookSlot>] {
        &self.hooks
    }

    /// The slots of the workflows' steps, in the order of the workflows.
    pub fn steps(&self) -> &[Arc<StepSlot>] {
        &self.steps
    }

    /// How all slots stand: those of routes, endpoints, hook mappings and workflows.
    pub fn standings(&self) -> Vec<Standing> {
        let mut standings: Vec<Standing> = self.slots.iter().map(|slot| slot.standing()).collect();
        standings.extend(self.transforms.iter().map(|slot| slot.standing()));
        standings.extend(self.hooks.iter().map(|slot| slot.standing()));
        standings.extend(self.steps.iter().map(|slot| slot.standing()));
        standings
    }

    /// The folder, if there is one.
    pub fn folder(&self) -> Option<&PluginFolder> {
        self.folder.as_ref()
    }

    /// Files of the folder that nobody names.
    pub fn quarantined(&self) -> Vec<String> {
        let mut names = self.folder.as_ref().map(PluginFolder::names).unwrap_or_default();
        names.retain(|name| !self.sources().any(|source| source.is_file(name)));
        names
    }

    async fn load(&self, wanted: impl Fn(&Source) -> bool) -> Vec<SandboxError> {
        let (compiler, folder) = (&self.compiler, self.folder.as_ref());
        let mut refused = Vec::new();
        for slot in self.slots.iter().filter(|slot| wanted(slot.source())) {
            refused.extend(slot.load(compiler, folder).await.err());
        }
        for slot in self.transforms.iter().filter(|slot| wanted(slot.source())) {
            refused.extend(slot.load(compiler, folder).await.err());
        }
        for slot in self.hooks.iter().filter(|slot| wanted(slot.source())) {
            refused.extend(slot.load(compiler, folder).await.err());
        }
        for slot in self.steps.iter().filter(|slot| wanted(slot.source())) {
            refused.extend(slot.load(compiler, folder).await.err());
        }
        refused
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        let routes = self.slots.iter().map(|slot| slot.source());
        let transforms = routes.chain(self.transforms.iter().map(|slot| slot.source()));
        let hooks = transforms.chain(self.hooks.iter().map(|slot| slot.source()));
        hooks.chain(self.steps.iter().map(|slot| slot.source()))
    }
}

fn tell_quarantine(name: &str) {
    tracing::info!(
        file = name,
        "in quarantine: no route, endpoint, hook mapping or workflow names this file, so it is never run; `sandclaw plugins inspect` shows what to write"
    );
}
