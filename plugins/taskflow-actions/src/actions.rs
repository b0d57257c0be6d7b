//! One call on the session for each action. What came of it is told in `reply`.

use alloc::string::String;
use alloc::vec::Vec;

use sandclaw_sdk::{Error, Json, Refusal, Reply, Session};

use crate::check::Call;
use crate::reply;
use crate::schema::Action;
use crate::text::LoneSurrogate;

/// The most that the host gives at once: nearly every list is one call.
const PAGE_FLOWS: u32 = 1_000;

/// Does what was asked.
pub fn run<S: Session>(session: &S, call: &Call<'_>) -> Result<Reply, Error> {
    match call.action() {
        Action::CreateFlow => reply::created(session.create_flow(&call.fields())),
        Action::GetFlow => reply::found("flow", look_up(call, |id| session.get_flow(id))?),
        Action::ListFlows => list(session),
        Action::FindLatestFlow => reply::found("flow", session.find_latest_flow()?),
        Action::ResolveFlow => reply::found("flow", resolve(session, call)?),
        Action::GetTaskSummary => reply::found("summary", look_up(call, |id| session.get_task_summary(id))?),
        Action::SetWaiting => reply::changed(change(call, |id, at| session.set_waiting(id, at, &call.fields()))),
        Action::ResumeFlow => reply::changed(change(call, |id, at| session.resume_flow(id, at, &call.fields()))),
        Action::FinishFlow => reply::changed(change(call, |id, at| session.finish_flow(id, at, &call.fields()))),
        Action::FailFlow => reply::changed(change(call, |id, at| session.fail_flow(id, at, &call.fields()))),
        Action::RequestCancel => reply::changed(change(call, |id, at| session.request_cancel(id, at))),
        Action::CancelFlow => reply::cancelled(change(call, |id, _| session.cancel_flow(id))),
        Action::RunTask => reply::task(change(call, |id, _| session.run_task(id, &call.fields()))),
    }
}

/// An id that is no text is the id of no flow.
fn look_up(call: &Call<'_>, read: impl FnOnce(&str) -> Result<Option<Json>, Refusal>) -> Result<Option<Json>, Refusal> {
    match call.flow_id() {
        Ok(id) => read(&id),
        Err(LoneSurrogate) => Ok(None),
    }
}

fn resolve<S: Session>(session: &S, call: &Call<'_>) -> Result<Option<Json>, Refusal> {
    match call.token() {
        Ok(token) => session.resolve_flow(&token),
        Err(LoneSurrogate) => Ok(None),
    }
}

/// An id that is no text is the id of no flow.
fn change(call: &Call<'_>, change: impl FnOnce(&str, u64) -> Result<Json, Refusal>) -> Result<Json, Refusal> {
    match call.flow_id() {
        Ok(id) => change(&id, call.expected_revision()),
        Err(LoneSurrogate) => Err(Refusal { code: "not_found".into(), message: String::new(), data: "{}".into() }),
    }
}

/// The list has no pages of its own, so it goes on to the end. The pages are joined once, when all are there: joining as they
/// come would move what is there already again and again.
fn list<S: Session>(session: &S) -> Result<Reply, Error> {
    let mut page = session.list_flows(None, PAGE_FLOWS)?;
    let mut pages = Vec::new();
    while let Some(cursor) = page.next.take() {
        pages.push(page.flows);
        page = session.list_flows(Some(&cursor), PAGE_FLOWS)?;
    }
    pages.push(page.flows);
    Ok(reply::list(&pages))
}
