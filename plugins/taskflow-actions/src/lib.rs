//! The 13 TaskFlow actions of OpenClaw's webhooks plugin, over the same contract that every plugin gets.
//!
//! One request walks straight through: `json` splits the body into members, `check` holds them against the table in `schema`,
//! `actions` makes the one call, `reply` says what came of it. Values stay the text they came as, so numbers, escapes and
//! lone surrogates come out as they went in.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod actions;
mod check;
mod json;
mod reply;
mod schema;
mod text;

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

/// The component.
pub struct TaskFlowActions;

impl Action for TaskFlowActions {
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
        let call = check::check(request.body())?;
        actions::run(session, &call)
    }
}

sandclaw_sdk::export_action!(TaskFlowActions);
sandclaw_sdk::lean_runtime!();
