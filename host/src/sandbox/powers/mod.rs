//! The powers a guest can be given, one file each, all of the same shape: the WIT interface, its functions, and nothing that the session or the
//! request would not do natively. [`link_action`] puts exactly the granted functions into a linker, so that even a mistake in the check of grants
//! against needs could not hand out more; [`link_bare`] knows neither session nor request.
//!
//! To add a power: its interface in `wit/`, its line in `model/grants.rs`, a file here, a line in [`link_action`], a guest in `tests/guests` with its test in
//! `tests/it/guests.rs`.

mod flows;
mod incoming_request;
mod logging;
mod wasi;

use std::future::Future;

use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower};

use super::action::Action;
use super::bindings::WitRefusal;
use super::guest::GuestState;
use super::kind::Kind;
use crate::model::{Grants, Power};
use crate::taskflow::{Refusal, Session};

/// For a route action: the ambient base and every granted function.
pub(super) fn link_action(linker: &mut Linker<GuestState<Action>>, grants: &Grants) -> wasmtime::Result<()> {
    logging::link(linker)?;
    incoming_request::link(linker)?;
    wasi::link(linker, grants)?;
    flows::link(linker, grants)
}

/// For a transform of either kind: the ambient base, and clocks and randomness where they are granted. It has no session, and no request to ask about.
pub(super) fn link_bare<K: Kind<Bound = ()>>(
    linker: &mut Linker<GuestState<K>>,
    grants: &Grants,
) -> wasmtime::Result<()> {
    logging::link(linker)?;
    wasi::link(linker, grants)
}

/// One interface of session functions while it is being linked: only what is granted goes in.
struct Linking<'a> {
    instance: LinkerInstance<'a, GuestState<Action>>,
    grants: &'a Grants,
    power: Power,
}

impl<'a> Linking<'a> {
    fn open(
        linker: &'a mut Linker<GuestState<Action>>,
        grants: &'a Grants,
        power: Power,
        interface: &str,
    ) -> wasmtime::Result<Self> {
        Ok(Self { instance: linker.instance(interface)?, grants, power })
    }

    /// A function that answers at once, from memory or a reader's connection.
    fn answers<P, R>(
        &mut self,
        function: &str,
        act: impl Fn(&Session, P) -> Result<R, Refusal> + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weigh + 'static,
        R: Lower + Send + Sync + 'static,
    {
        if !self.grants.allows(self.power, function) {
            return Ok(());
        }
        self.instance.func_wrap(function, move |mut store, params: P| {
            let state = store.data_mut();
            state.meter.host_call(params.bytes())?;
            Ok((act(&state.bound.session, params).map_err(WitRefusal::from),))
        })
    }

    /// A function that waits for the disk. The guest waits with it; other runs go on.
    fn waits<P, F>(
        &mut self,
        function: &str,
        act: impl Fn(Session, P) -> F + Send + Sync + 'static,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + Weigh + Send + 'static,
        F: Future<Output = Result<String, Refusal>> + Send + 'static,
    {
        if !self.grants.allows(self.power, function) {
            return Ok(());
        }
        let act = std::sync::Arc::new(act);
        self.instance.func_wrap_async(function, move |mut store, params: P| {
            let state = store.data_mut();
            let counted = state.meter.host_call(params.bytes());
            let run = act(state.bound.session.clone(), params);
            Box::new(async move {
                counted?;
                Ok((run.await.map_err(WitRefusal::from),))
            })
        })
    }
}

/// How much of a guest's data a call hands over.
trait Weigh {
    fn bytes(&self) -> usize;
}

impl Weigh for () {
    fn bytes(&self) -> usize {
        0
    }
}

impl Weigh for (String,) {
    fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl Weigh for (String, String) {
    fn bytes(&self) -> usize {
        self.0.len() + self.1.len()
    }
}

impl Weigh for (String, u64) {
    fn bytes(&self) -> usize {
        self.0.len()
    }
}

impl Weigh for (String, u64, String) {
    fn bytes(&self) -> usize {
        self.0.len() + self.2.len()
    }
}

impl Weigh for (Option<String>, u32) {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, String::len)
    }
}
