//! From bytes to a compiled component: digest, cache, Cranelift off the async threads. Guests' bytes are hostile: a panic inside the compiler is
//! an error of that component, and one compilation runs at a time so that a folder of large files cannot take the machine.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sha2::Sha256;
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use super::bindings::{ACTION, HOOK_TRANSFORM, TRANSFORM};
use super::cache::CompileCache;
use super::need::Need;
use super::{SandboxEngine, SandboxError};
use crate::model::Digest;

/// What a component can be, by what it exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentKind {
    /// A route action.
    Action,
    /// An outbound transform.
    Transform,
    /// A hook transform.
    HookTransform,
}

impl ComponentKind {
    /// The word in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Transform => "transform",
            Self::HookTransform => "hook-transform",
        }
    }

    fn of(component: &Component) -> Option<Self> {
        let kinds = [(ACTION, Self::Action), (TRANSFORM, Self::Transform), (HOOK_TRANSFORM, Self::HookTransform)];
        let exported = |(interface, _): &(&str, Self)| component.get_export(None, *interface).is_some();
        kinds.into_iter().find(exported).map(|(_, kind)| kind)
    }
}

/// A compiled component, shared by all that use the same bytes.
pub struct Compiled {
    /// Of its bytes.
    pub digest: Digest,
    /// What it needs.
    pub need: Need,
    /// What it is, if it is anything; the first of these if it is several.
    pub kind: Option<ComponentKind>,
    pub(super) component: Component,
}

/// Compiles components, each once.
#[derive(Clone)]
pub struct Compiler {
    inner: Arc<Inner>,
}

struct Inner {
    engine: SandboxEngine,
    cache: Option<CompileCache>,
    one_at_a_time: Semaphore,
    known: Mutex<HashMap<Digest, Weak<Compiled>>>,
}

impl Compiler {
    /// A compiler for this engine; without a cache every start compiles anew.
    pub fn new(engine: SandboxEngine, cache: Option<CompileCache>) -> Self {
        Self { inner: Arc::new(Inner { engine, cache, one_at_a_time: Semaphore::new(1), known: Mutex::default() }) }
    }

    /// The compiled form of `bytes`. `file` is only for messages.
    pub async fn compile(&self, file: &str, bytes: Vec<u8>) -> Result<Arc<Compiled>, SandboxError> {
        let digest = digest_of(&bytes);
        let _turn = self.inner.one_at_a_time.acquire().await;
        if let Some(known) = self.known(digest) {
            return Ok(known);
        }
        let (inner, file) = (self.inner.clone(), file.to_owned());
        let work = tokio::task::spawn_blocking(move || inner.compile_now(&file, digest, &bytes));
        let compiled =
            work.await.map_err(|cause| SandboxError::Engine(format!("the compiler's thread ended: {cause}")))??;
        let mut known = self.inner.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, compiled| compiled.strong_count() > 0);
        known.insert(digest, Arc::downgrade(&compiled));
        Ok(compiled)
    }

    /// The engine components are compiled for.
    pub fn engine(&self) -> &SandboxEngine {
        &self.inner.engine
    }

    fn known(&self, digest: Digest) -> Option<Arc<Compiled>> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).and_then(Weak::upgrade)
    }
}

impl Inner {
    fn compile_now(&self, file: &str, digest: Digest, bytes: &[u8]) -> Result<Arc<Compiled>, SandboxError> {
        let engine = self.engine.wasmtime();
        let component = match self.cache.as_ref().and_then(|cache| cache.load(engine, digest)) {
            Some(component) => component,
            None => self.compile_afresh(file, digest, bytes)?,
        };
        let need = Need::of(engine, &component);
        let kind = ComponentKind::of(&component);
        Ok(Arc::new(Compiled { digest, need, kind, component }))
    }

    fn compile_afresh(&self, file: &str, digest: Digest, bytes: &[u8]) -> Result<Component, SandboxError> {
        let engine = self.engine.wasmtime();
        let broken = |reason: String| SandboxError::Component { file: file.to_owned(), reason };
        what_it_is(bytes).map_err(|reason| broken(reason.to_owned()))?;
        let component = catch_unwind(AssertUnwindSafe(|| Component::new(engine, bytes)))
            .map_err(|_| broken("the compiler gave up on it; it is refused".to_owned()))?
            .map_err(|cause| broken(format!("not a component that this host can run: {cause:#}")))?;
        if let Some(cache) = &self.cache {
            match component.serialize() {
                Ok(compiled) => cache.keep(engine, digest, &compiled),
                Err(cause) => tracing::warn!(file, "a compiled component could not be serialised: {cause:#}"),
            }
        }
        Ok(component)
    }
}

/// The digest of a component's bytes.
pub(super) fn digest_of(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest(Sha256::digest(bytes).into())
}

/// The usual mix-ups, told apart before the compiler speaks: the first eight bytes say what a file is.
fn what_it_is(bytes: &[u8]) -> Result<(), &'static str> {
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Err(
            "a core WebAssembly module, not a component; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`",
        ),
        [0, b'a', b's', b'm', ..] => Err("a WebAssembly file of a version this host does not know"),
        [0x7f, b'E', b'L', b'F', ..] => Err("a native or precompiled file; only WebAssembly components are loaded"),
        [] => Err("an empty file"),
        _ => Err("not a WebAssembly file"),
    }
}
