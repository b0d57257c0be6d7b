//! Route actions, which are the steps of workflows as well: bound to a session and to one request, judged by what an answer may say.

use wasmtime::component::Linker;

use super::bindings::{ACTION, WitError, WitReply};
use super::guest::{GuestState, RequestHead};
use super::kind::Kind;
use super::outcome::{Failure, FailureKind, Outcome, REPLY_STATUSES, Reply};
use super::powers;
use crate::json::{self, JsonText};
use crate::model::{Grants, Power};
use crate::taskflow::Session;

/// The actions of one route, or of one workflow's steps.
pub(super) struct Action {
    /// The session that every run of a route is bound to; steps have that of their run, and this one only while they are tried.
    pub session: Session,
}

/// What a run of an action is bound to.
pub(super) struct Bound {
    pub session: Session,
    /// The request beside its body.
    pub head: Box<dyn RequestHead>,
}

impl Action {
    /// Bound to this request, and to the session of all.
    pub fn bound(&self, head: Box<dyn RequestHead>) -> Bound {
        Bound { session: self.session.clone(), head }
    }
}

impl Kind for Action {
    type Bound = Bound;
    type Input = JsonText;
    type Params<'a> = (&'a str,);
    type Answer = Result<WitReply, WitError>;
    type Verdict = Outcome;

    const NAME: &'static str = "a route action";
    const INTERFACE: &'static str = ACTION;
    const FUNCTION: &'static str = "handle";
    const POWERS: &'static [Power] = &Power::ALL;
    const HAS_REQUEST: bool = true;
    const IS_PURE: bool = false;

    fn idle(&self) -> Bound {
        self.bound(Box::new(NoRequest))
    }

    fn link(linker: &mut Linker<GuestState<Self>>, grants: &Grants) -> wasmtime::Result<()> {
        powers::link_action(linker, grants)
    }

    fn params(body: &JsonText) -> (&str,) {
        (body.as_str(),)
    }

    fn weigh(answer: &Self::Answer) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match answer {
            Ok(reply) => reply.result.len() + text(&reply.code) + text(&reply.error),
            Err(error) => error.code.len() + error.message.len(),
        }
    }

    fn judge(answer: Self::Answer) -> Result<Outcome, Failure> {
        match answer {
            Ok(reply) if !REPLY_STATUSES.contains(&reply.status) => {
                Err(guest_error(format!("answered with status {}, which no action may", reply.status)))
            }
            Ok(reply) => match json::canonical(reply.result.as_bytes()) {
                Ok(result) => {
                    Ok(Outcome::Replied(Reply { status: reply.status, code: reply.code, error: reply.error, result }))
                }
                Err(cause) => Err(guest_error(format!("answered with a result that is not JSON: {cause}"))),
            },
            Err(error) if error.code == "invalid_request" => Ok(Outcome::InvalidRequest(error.message)),
            Err(error) => Err(guest_error(error.printable())),
        }
    }
}

fn guest_error(detail: String) -> Failure {
    Failure { kind: FailureKind::GuestError, detail }
}

/// The request of a trial, and of a step: none.
pub(super) struct NoRequest;

impl RequestHead for NoRequest {
    fn header(&self, _name: &str) -> Option<String> {
        None
    }

    fn headers(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn query(&self) -> &str {
        ""
    }
}
