//! `wasi:logging`: a guest's lines in the host's log, marked as the guest's, escaped, and counted against its log limit.

use wasmtime::component::Linker;

use super::super::bindings::WitLevel;
use super::super::guest::GuestState;
use super::super::kind::Kind;
use super::super::outcome::printable;
use super::super::user::{User, log_of};

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
    let (context, message) = (printable(context), printable(message));
    match level {
        WitLevel::Trace => log_of!(guest trace, user, context, "{message}"),
        WitLevel::Debug => log_of!(guest debug, user, context, "{message}"),
        WitLevel::Info => log_of!(guest info, user, context, "{message}"),
        WitLevel::Warn => log_of!(guest warn, user, context, "{message}"),
        WitLevel::Error | WitLevel::Critical => log_of!(guest error, user, context, "{message}"),
    }
}
