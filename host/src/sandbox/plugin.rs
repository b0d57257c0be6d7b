//! One component made ready for one set of grants: checked, linked with exactly what was granted, tried once.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};

use super::bindings::{ACTION, HANDLE, TRANSFORM};
use super::compile::Compiled;
use super::guest::GuestState;
use super::{SandboxEngine, SandboxError, powers};
use crate::model::{Digest, Grants};

/// A route action, ready to run.
pub(super) struct Plugin {
    pub(super) engine: SandboxEngine,
    pub(super) pre: InstancePre<GuestState>,
    pub(super) handle: ComponentExportIndex,
    compiled: Arc<Compiled>,
}

impl Plugin {
    /// Checks the component against the grants and links it. `route` and `file` are for messages.
    pub fn prepare(
        engine: &SandboxEngine,
        compiled: Arc<Compiled>,
        grants: &Grants,
        route: &str,
        file: &str,
    ) -> Result<Self, SandboxError> {
        let handle = exported_handle(engine, &compiled, file)?;
        let label = format!("{file} ({})", short(compiled.digest));
        if let Some(refusal) = compiled.need.beyond(grants, route, &label) {
            return Err(SandboxError::Refused(Box::new(refusal)));
        }
        let broken = |cause: wasmtime::Error| SandboxError::Component {
            file: file.to_owned(),
            reason: format!("does not fit this host: {cause:#}"),
        };
        let mut linker = Linker::new(engine.wasmtime());
        powers::link(&mut linker, grants)
            .map_err(|cause| SandboxError::Engine(format!("linking failed: {cause:#}")))?;
        let pre = linker.instantiate_pre(&compiled.component).map_err(broken)?;
        Ok(Self { engine: engine.clone(), pre, handle, compiled })
    }

    /// The digest of the component's bytes.
    pub fn digest(&self) -> Digest {
        self.compiled.digest
    }

    pub(super) fn store(&self, state: GuestState) -> Store<GuestState> {
        Store::new(self.engine.wasmtime(), state)
    }
}

/// The index of `handle`, or what the component is instead.
fn exported_handle(
    engine: &SandboxEngine,
    compiled: &Compiled,
    file: &str,
) -> Result<ComponentExportIndex, SandboxError> {
    let component = &compiled.component;
    if let Some((_, instance)) = component.get_export(None, ACTION)
        && let Some((ComponentItem::ComponentFunc(_), handle)) = component.get_export(Some(&instance), HANDLE)
    {
        return Ok(handle);
    }
    let exports: Vec<String> =
        component.component_type().exports(engine.wasmtime()).map(|(name, _)| name.to_owned()).collect();
    let what = if exports.iter().any(|name| name == TRANSFORM) {
        "it is an outbound transform".to_owned()
    } else if exports.is_empty() {
        "it exports nothing".to_owned()
    } else {
        format!("it exports {}", exports.join(", "))
    };
    Err(SandboxError::Component {
        file: file.to_owned(),
        reason: format!("not a route action: one exports {ACTION}, {what}"),
    })
}

/// The first characters of a digest, enough for a person.
pub fn short(digest: Digest) -> String {
    let mut text = digest.to_string();
    text.truncate("sha256:".len() + 12);
    text
}
