//! Hook transforms: bound to nothing, given one request and the mapping's config, and judged by whether the answer is one of the contract. What may be
//! overridden is for whoever carries the action out to say.

use wasmtime::component::Linker;

use super::bindings::{HOOK_TRANSFORM, WitError, WitHeader, WitHookDecision, WitHookRequest};
use super::guest::GuestState;
use super::kind::Kind;
use super::meter::Cost;
use super::outcome::{Failure, FailureKind};
use super::{overrides, powers};
use crate::json::JsonText;
use crate::model::{Digest, Grants, Power, is_credential};

/// One authenticated request to a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRequest {
    /// The body as a JSON value.
    pub payload: JsonText,
    /// Names and values, each name once. Known credentials and cookies are taken out before the transform sees them; what else is one on this door, its
    /// owner leaves out.
    pub headers: Vec<(String, String)>,
    /// Path and query as they were received, without a credential.
    pub url: String,
    /// What stands behind the base path of the hooks, without a slash in front.
    pub path: String,
    /// The bytes of the body as they were received.
    pub raw_body: Vec<u8>,
}

/// How a hook transform ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookOutcome {
    /// The mapping's action stands.
    Unchanged,
    /// Nothing is to be done.
    Skip,
    /// The mapping's action with these members instead: a JSON object. Those of the contract are `null` or of their type, others may be there.
    Override(JsonText),
    /// It failed. Never the sender's doing.
    Failed(Failure),
}

/// One run of a hook transform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// How it ended.
    pub outcome: HookOutcome,
    /// The component that ran.
    pub digest: Digest,
    /// What the run used.
    pub cost: Cost,
}

/// The transform of one mapping.
pub(super) struct Hook;

/// The request, and the mapping's config as JSON.
pub(super) struct Input {
    request: WitHookRequest,
    config: String,
}

impl Input {
    /// What the transform sees of the request: names in lower case, and no credential, though the door has forgotten one.
    pub fn new(request: HookRequest, config: &str) -> Self {
        let headers = request.headers.into_iter().filter(|(name, _)| !is_credential(name));
        let headers = headers.map(|(name, value)| WitHeader { name: name.to_ascii_lowercase(), value }).collect();
        let request = WitHookRequest {
            payload: request.payload.into_string(),
            headers,
            url: request.url,
            path: request.path,
            raw_body: request.raw_body,
        };
        Self { request, config: config.to_owned() }
    }
}

impl Kind for Hook {
    type Bound = ();
    type Input = Input;
    type Params<'a> = (&'a WitHookRequest, &'a str);
    type Answer = Result<WitHookDecision, WitError>;
    type Verdict = HookOutcome;

    const NAME: &'static str = "a hook transform";
    const INTERFACE: &'static str = HOOK_TRANSFORM;
    const FUNCTION: &'static str = "transform";
    const POWERS: &'static [Power] = &[Power::Clock, Power::Random];
    // Its request is its argument.
    const HAS_REQUEST: bool = false;
    // A sender waits for it, nobody runs it again, and its hash maps hold what anybody sent: their order must not be known beforehand.
    const IS_PURE: bool = false;

    fn idle(&self) {}

    fn link(linker: &mut Linker<GuestState<Self>>, grants: &Grants) -> wasmtime::Result<()> {
        powers::link_bare(linker, grants)
    }

    fn params(input: &Input) -> (&WitHookRequest, &str) {
        (&input.request, &input.config)
    }

    fn weigh(answer: &Self::Answer) -> usize {
        match answer {
            Ok(WitHookDecision::Override(members)) => members.len(),
            Ok(WitHookDecision::Unchanged | WitHookDecision::Skip) => 0,
            Err(error) => error.code.len() + error.message.len(),
        }
    }

    fn judge(answer: Self::Answer) -> Result<HookOutcome, Failure> {
        match answer {
            Ok(WitHookDecision::Unchanged) => Ok(HookOutcome::Unchanged),
            Ok(WitHookDecision::Skip) => Ok(HookOutcome::Skip),
            Ok(WitHookDecision::Override(members)) => {
                overrides::checked(&members).map(HookOutcome::Override).map_err(guest_error)
            }
            Err(error) => Err(guest_error(error.printable())),
        }
    }
}

fn guest_error(detail: String) -> Failure {
    Failure { kind: FailureKind::GuestError, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_that_the_door_forgot_is_not_shown() {
        let header = |name: &str| (name.to_owned(), "s3cret".to_owned());
        let credentials = ["Authorization", "cookie", "X-OpenClaw-Token", "x-gitlab-token"].map(header);
        let mut headers = vec![("X-GitHub-Event".to_owned(), "push".to_owned())];
        headers.extend(credentials);
        let request = HookRequest {
            payload: JsonText::null(),
            headers,
            url: "/hooks/x".into(),
            path: "x".into(),
            raw_body: Vec::new(),
        };
        let shown = Input::new(request, "null").request.headers;
        let shown: Vec<_> = shown.iter().map(|header| (header.name.as_str(), header.value.as_str())).collect();
        assert_eq!(shown, [("x-github-event", "push")]);
    }
}
