//! `incoming-request`: what a guest may learn of the request beside its body. Needs no grant: it is the guest's own request.

use wasmtime::component::Linker;

use super::super::action::Action;
use super::super::bindings::WitHeader;
use super::super::guest::GuestState;

pub(super) fn link(linker: &mut Linker<GuestState<Action>>) -> wasmtime::Result<()> {
    let mut request = linker.instance("sandclaw:plugin/incoming-request@0.1.0")?;
    request.func_wrap("route-id", |mut store, (): ()| {
        let state = store.data_mut();
        state.meter.host_call(0)?;
        Ok((state.user.name().to_owned(),))
    })?;
    request.func_wrap("header", |mut store, (name,): (String,)| {
        let state = store.data_mut();
        state.meter.host_call(name.len())?;
        Ok((state.bound.head.header(&name),))
    })?;
    request.func_wrap("headers", |mut store, (): ()| {
        let state = store.data_mut();
        state.meter.host_call(0)?;
        let headers = state.bound.head.headers().into_iter();
        Ok((headers.map(|(name, value)| WitHeader { name, value }).collect::<Vec<_>>(),))
    })?;
    request.func_wrap("query", |mut store, (): ()| {
        let state = store.data_mut();
        state.meter.host_call(0)?;
        Ok((state.bound.head.query().to_owned(),))
    })
}
