//! All components of a gateway: the folder, the slots of the routes, and the files that belong to no route.

use std::sync::Arc;

use super::SandboxError;
use super::compile::Compiler;
use super::folder::PluginFolder;
use super::slot::{Slot, Source};

/// The folder and the slots.
pub struct Plugins {
    compiler: Compiler,
    folder: Option<PluginFolder>,
    slots: Vec<Arc<Slot>>,
}

impl Plugins {
    /// Brings them together; nothing is loaded yet.
    pub fn new(compiler: Compiler, folder: Option<PluginFolder>, slots: Vec<Arc<Slot>>) -> Self {
        Self { compiler, folder, slots }
    }

    /// Loads every slot. One that cannot be loaded is logged, stays empty and stops no other.
    pub async fn load_all(&self) -> Vec<SandboxError> {
        let mut refused = Vec::new();
        for slot in &self.slots {
            if let Err(error) = slot.load(&self.compiler, self.folder.as_ref()).await {
                refused.push(error);
            }
        }
        self.quarantined().iter().for_each(|name| tell_quarantine(name));
        refused
    }

    /// Loads the slots that use this file again; if none does, says so.
    pub async fn reload(&self, name: &str) {
        if self.quarantined().iter().any(|file| file == name) {
            tell_quarantine(name);
        }
        for slot in &self.slots {
            if matches!(&slot.source, Source::File { name: used, .. } if used == name) {
                // Success and failure are both logged and kept in the slot's status.
                let _ = slot.load(&self.compiler, self.folder.as_ref()).await;
            }
        }
    }

    /// The slots, in the order of the routes.
    pub fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// The folder, if there is one.
    pub fn folder(&self) -> Option<&PluginFolder> {
        self.folder.as_ref()
    }

    /// Files of the folder that no route names.
    pub fn quarantined(&self) -> Vec<String> {
        let used = |file: &String| {
            self.slots.iter().any(|slot| matches!(&slot.source, Source::File { name, .. } if name == file))
        };
        self.folder
            .as_ref()
            .map(|folder| folder.names().into_iter().filter(|name| !used(name)).collect())
            .unwrap_or_default()
    }
}

fn tell_quarantine(name: &str) {
    tracing::info!(
        file = name,
        "in quarantine: no route names this file, so it is never run; `sandclaw plugins inspect` shows what to write"
    );
}
