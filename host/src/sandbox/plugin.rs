//! One component made ready for one set of grants: checked, linked with exactly what was granted, tried once.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{ComponentExportIndex, InstancePre, Linker};

use super::bindings::{ACTION, HOOK_TRANSFORM, TRANSFORM};
use super::compile::Compiled;
use super::guest::GuestState;
use super::kind::Kind;
use super::user::User;
use super::{SandboxEngine, SandboxError};
use crate::model::{Digest, Grants};

/// A component of one kind, ready to run.
pub(super) struct Plugin<K: Kind> {
    pub(super) engine: SandboxEngine,
    pub(super) pre: InstancePre<GuestState<K>>,
    pub(super) function: ComponentExportIndex,
    compiled: Arc<Compiled>,
}

impl<K: Kind> Plugin<K> {
    /// Checks the component against the grants and links it. `user` and `file` are for messages.
    pub fn prepare(
        engine: &SandboxEngine,
        compiled: Arc<Compiled>,
        grants: &Grants,
        user: &User,
        file: &str,
    ) -> Result<Self, SandboxError> {
        let function = exported::<K>(engine, &compiled, file)?;
        let label = format!("{file} ({})", short(compiled.digest));
        // What no component of this kind may have is no grant of its, whoever wrote it down.
        let grants: Grants = grants.iter().filter(|grant| K::POWERS.contains(&grant.power())).collect();
        if let Some(refusal) = compiled.need.beyond::<K>(&grants, user, &label) {
            return Err(SandboxError::Refused(Box::new(refusal)));
        }
        let broken = |cause: wasmtime::Error| SandboxError::Component {
            file: file.to_owned(),
            reason: format!("does not fit this host: {cause:#}"),
        };
        let mut linker = Linker::new(engine.wasmtime());
        K::link(&mut linker, &grants).map_err(|cause| SandboxError::Engine(format!("linking failed: {cause:#}")))?;
        let pre = linker.instantiate_pre(&compiled.component).map_err(broken)?;
        Ok(Self { engine: engine.clone(), pre, function, compiled })
    }

    /// The digest of the component's bytes.
    pub fn digest(&self) -> Digest {
        self.compiled.digest
    }

    pub(super) fn store(&self, state: GuestState<K>) -> Store<GuestState<K>> {
        Store::new(self.engine.wasmtime(), state)
    }
}

/// The index of the kind's function, or what the component is instead.
fn exported<K: Kind>(
    engine: &SandboxEngine,
    compiled: &Compiled,
    file: &str,
) -> Result<ComponentExportIndex, SandboxError> {
    let component = &compiled.component;
    if let Some((_, instance)) = component.get_export(None, K::INTERFACE)
        && let Some((ComponentItem::ComponentFunc(_), function)) = component.get_export(Some(&instance), K::FUNCTION)
    {
        return Ok(function);
    }
    let exports: Vec<String> =
        component.component_type().exports(engine.wasmtime()).map(|(name, _)| name.to_owned()).collect();
    let has = |interface: &str| K::INTERFACE != interface && exports.iter().any(|name| name == interface);
    let what = if has(TRANSFORM) {
        "it is an outbound transform, which belongs into the `transform` of an endpoint".to_owned()
    } else if has(ACTION) {
        "it is a route action, which belongs into the `plugin` of a route or of a workflow's step".to_owned()
    } else if has(HOOK_TRANSFORM) {
        "it is a hook transform, which belongs into the `transform` of a hook mapping".to_owned()
    } else if exports.is_empty() {
        "it exports nothing".to_owned()
    } else {
        format!("it exports {}", exports.join(", "))
    };
    Err(SandboxError::Component {
        file: file.to_owned(),
        reason: format!("not {}: one exports {}, {what}", K::NAME, K::INTERFACE),
    })
}

/// The first characters of a digest, enough for a person.
pub fn short(digest: Digest) -> String {
    let mut text = digest.to_string();
    text.truncate("sha256:".len() + 12);
    text
}
