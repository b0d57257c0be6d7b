//! Watches the plugins folder and reloads what changes. A file that is still being written is refused and tried again at its next change, so copying
//! into the folder needs no care.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::folder::is_component_name;
use super::plugins::Plugins;

/// Changes within this time of each other are looked at together: copying a file makes dozens of them.
const QUIET: Duration = Duration::from_millis(100);
/// Changes waiting to be looked at. More are dropped: the names already waiting cover them, as each reload reads the whole file.
const WAITING_MAX: usize = 1024;

/// Stops watching when dropped.
pub struct Watch {
    _watcher: notify::RecommendedWatcher,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    /// Starts to watch the folder of `plugins`; nothing if it has none, or if the system refuses (which is logged).
    pub fn start(plugins: Arc<Plugins>) -> Option<Self> {
        let folder = plugins.folder()?.path().to_owned();
        let (changed, waiting) = mpsc::channel(WAITING_MAX);
        let watching = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if event.kind.is_access() && !is_close(&event.kind) {
                return;
            }
            for path in event.paths {
                if let Some(name) =
                    path.file_name().and_then(|name| name.to_str()).filter(|name| is_component_name(name))
                {
                    let _ = changed.try_send(name.to_owned());
                }
            }
        })
        .and_then(|mut watcher| watcher.watch(&folder, RecursiveMode::NonRecursive).map(|()| watcher));
        match watching {
            Ok(watcher) => Some(Self { _watcher: watcher, task: tokio::spawn(reload_changes(plugins, waiting)) }),
            Err(cause) => {
                tracing::warn!(folder = %folder.display(), "the plugins folder cannot be watched, changes need a restart: {cause}");
                None
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reading a file is no change; closing one that was written is.
fn is_close(kind: &notify::EventKind) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

async fn reload_changes(plugins: Arc<Plugins>, mut waiting: mpsc::Receiver<String>) {
    while let Some(first) = waiting.recv().await {
        let mut names = BTreeSet::from([first]);
        while let Ok(Some(more)) = tokio::time::timeout(QUIET, waiting.recv()).await {
            names.insert(more);
        }
        for name in names {
            plugins.reload(&name).await;
        }
    }
}
