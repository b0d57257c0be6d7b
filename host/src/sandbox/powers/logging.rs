//! `wasi:logging`: a guest's lines in the host's log, marked as the guest's, escaped, and counted against its log limit.

use wasmtime::component::Linker;

use super::super::bindings::WitLevel;
use super::super::guest::GuestState;
use super::super::outcome::printable;

pub(super) fn link(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    let mut logging = linker.instance("wasi:logging/logging@0.1.0-draft")?;
    logging.func_wrap("log", |mut store, (level, context, message): (WitLevel, String, String)| {
        let state = store.data_mut();
        state.meter.host_call(0)?;
        state.meter.log(context.len().saturating_add(message.len()))?;
        write(state, level, &context, &message);
        Ok(())
    })
}

fn write(state: &GuestState, level: WitLevel, context: &str, message: &str) {
    let (route, context, message) = (&state.route, printable(context), printable(message));
    match level {
        WitLevel::Trace => tracing::trace!(target: "guest", %route, context, "{message}"),
        WitLevel::Debug => tracing::debug!(target: "guest", %route, context, "{message}"),
        WitLevel::Info => tracing::info!(target: "guest", %route, context, "{message}"),
        WitLevel::Warn => tracing::warn!(target: "guest", %route, context, "{message}"),
        WitLevel::Error | WitLevel::Critical => tracing::error!(target: "guest", %route, context, "{message}"),
    }
}
