//! Outbound transforms: bound to nothing, given one event and the endpoint's config, and judged by what may be sent.

use wasmtime::component::Linker;

use super::bindings::{TRANSFORM, WitDecision, WitError, WitMessage};
use super::guest::GuestState;
use super::headers;
use super::kind::Kind;
use super::meter::Cost;
use super::outcome::{Failure, FailureKind, printable};
use super::powers;
use crate::model::{Digest, Grants, Power};

/// The content type of a message that names none.
const CONTENT_TYPE_DEFAULT: &str = "application/json";

/// What a transform wants sent, checked: its headers are such that a transform may set, its body is within the output limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// A valid header value.
    pub content_type: String,
    /// Names in lower case, none twice; values of printable ASCII.
    pub headers: Vec<(String, String)>,
}

/// How a transform ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransformOutcome {
    /// This is to be sent.
    Send(Message),
    /// Nothing is to be sent, for this reason: one line, escaped.
    Skip(String),
    /// It failed. Never the receiver's doing.
    Failed(Failure),
}

/// One run of a transform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransformRun {
    /// How it ended.
    pub outcome: TransformOutcome,
    /// The component that ran.
    pub digest: Digest,
    /// What the run used.
    pub cost: Cost,
}

/// The transform of one endpoint.
pub(super) struct Transform;

/// The event and the endpoint's config, both JSON.
pub(super) struct Input {
    pub event: String,
    pub config: String,
}

impl Kind for Transform {
    type Bound = ();
    type Input = Input;
    type Params<'a> = (&'a str, &'a str);
    type Answer = Result<WitDecision, WitError>;
    type Verdict = TransformOutcome;

    const NAME: &'static str = "an outbound transform";
    const INTERFACE: &'static str = TRANSFORM;
    const FUNCTION: &'static str = "transform";
    const POWERS: &'static [Power] = &[Power::Clock, Power::Random];
    const HAS_REQUEST: bool = false;
    const IS_PURE: bool = true;

    fn idle(&self) {}

    fn link(linker: &mut Linker<GuestState<Self>>, grants: &Grants) -> wasmtime::Result<()> {
        powers::link_bare(linker, grants)
    }

    fn params(input: &Input) -> (&str, &str) {
        (&input.event, &input.config)
    }

    fn weigh(answer: &Self::Answer) -> usize {
        match answer {
            Ok(WitDecision::Send(message)) => {
                let headers: usize = message.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
                message.body.len() + message.content_type.as_ref().map_or(0, String::len) + headers
            }
            Ok(WitDecision::Skip(reason)) => reason.len(),
            Err(error) => error.code.len() + error.message.len(),
        }
    }

    fn judge(answer: Self::Answer) -> Result<TransformOutcome, Failure> {
        let guest_error = |detail| Failure { kind: FailureKind::GuestError, detail };
        match answer {
            Ok(WitDecision::Send(message)) => checked(message).map(TransformOutcome::Send).map_err(guest_error),
            Ok(WitDecision::Skip(reason)) => Ok(TransformOutcome::Skip(printable(&reason))),
            Err(error) => Err(guest_error(error.printable())),
        }
    }
}

fn checked(message: WitMessage) -> Result<Message, String> {
    let content_type = message.content_type.unwrap_or_else(|| CONTENT_TYPE_DEFAULT.to_owned());
    headers::check_content_type(&content_type)?;
    let headers: Vec<(String, String)> =
        message.headers.into_iter().map(|header| (header.name, header.value)).collect();
    headers::check(&headers)?;
    Ok(Message { body: message.body, content_type, headers })
}
