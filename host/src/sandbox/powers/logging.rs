//! `wasi:logging`: a guest's lines in the host's log, marked as the guest's, escaped, and counted against its log limit.

use wasmtime::component::Linker;

use super::super::bindings::WitLevel;
use super::super::guest::GuestState;
use super::super::kind::Kind;
use super::super::outcome::printable;
use super::super::user::User;

pub(super) fn link<K: Kind>(linker: &mut Linker<GuestState<K>>) -> wasmtime::Result<()> {
    let mut logging = linker.instance("wasi:logging/logging@0.1.0-draft")?;
    logging.func_wrap("log", |mut store, (level, context, message): (WitLevel, String, String)| {
        let state = store.data_mut();
        state.meter.host_call(0)?;
        state.meter.log(context.len().saturating_add(message.len()))?;
        write(&state.user, level, &context, &message);
        Ok(())
    })
}

fn write(user: &User, level: WitLevel, context: &str, message: &str) {
    let (route, endpoint, context, message) = (user.route(), user.endpoint(), printable(context), printable(message));
    match level {
        WitLevel::Trace => tracing::trace!(target: "guest", route, endpoint, context, "{message}"),
        WitLevel::Debug => tracing::debug!(target: "guest", route, endpoint, context, "{message}"),
        WitLevel::Info => tracing::info!(target: "guest", route, endpoint, context, "{message}"),
        WitLevel::Warn => tracing::warn!(target: "guest", route, endpoint, context, "{message}"),
        WitLevel::Error | WitLevel::Critical => {
            tracing::error!(target: "guest", route, endpoint, context, "{message}");
        }
    }
}
