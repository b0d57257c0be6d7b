//! What an endpoint is sent: the envelope itself, a template filled in, or what a component makes of it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::template::{FILLED_MAX_BYTES, Template};
use crate::config::webhooks::{OnTransformFailure, Transform};
use crate::json::{JsonText, value_lossy};
use crate::limits::Admissions;
use crate::model::{Digest, Millis};
use crate::sandbox::{FailureKind, NotReady, TransformOutcome, TransformSlot};

/// How an endpoint's bodies are made.
pub(super) enum Body {
    /// As the envelope stands.
    Envelope,
    /// By a component that has no place: never.
    Missing,
    /// From a template, and the digest of its text.
    Template(Template, Digest),
    /// By a component.
    Component { slot: Arc<TransformSlot>, config: JsonText, on_failure: OnTransformFailure },
}

/// What came of making one, and the digest of what made it: a component may be swapped while a delivery waits for its run.
pub(super) struct Making {
    pub made: Made,
    pub by: Option<Digest>,
}

/// What came of making one.
pub(super) enum Made {
    /// Send this.
    Body { bytes: Vec<u8>, content_type: String, headers: Vec<(String, String)> },
    /// Send nothing.
    Skip(String),
    /// The transform failed: its own fault, whatever the receiver is like.
    Failed(String),
    /// It cannot be run now: this gateway's affair, or it rests until then.
    NotNow(String, Option<Millis>),
}

const JSON: &str = "application/json";

impl Body {
    pub fn new(transform: &Transform, slot: Option<Arc<TransformSlot>>) -> Self {
        match (transform, slot) {
            (Transform::None, _) => Self::Envelope,
            (Transform::Template(text), _) => Self::Template(
                Template::new(&value_lossy(text.as_str())),
                Digest(Sha256::digest(text.as_str().as_bytes()).into()),
            ),
            (Transform::Component { component, on_failure }, Some(slot)) => {
                Self::Component { slot, config: component.config.clone(), on_failure: *on_failure }
            }
            // The start makes a slot for each component; without one nothing is sent, least of all what the component was to change.
            (Transform::Component { .. }, None) => Self::Missing,
        }
    }

    /// The digest of what makes the bodies now.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            Self::Envelope | Self::Missing => None,
            Self::Template(_, digest) => Some(*digest),
            Self::Component { slot, .. } => slot.serving(),
        }
    }

    /// Whether a delivery whose transform failed waits for another version of it.
    pub fn waits_for_swap(&self) -> bool {
        matches!(self, Self::Component { on_failure: OnTransformFailure::RetryAfterSwap, .. })
    }

    /// The component's place, if there is one.
    pub fn slot(&self) -> Option<&Arc<TransformSlot>> {
        match self {
            Self::Component { slot, .. } => Some(slot),
            Self::Envelope | Self::Missing | Self::Template(..) => None,
        }
    }

    /// Makes the body for this envelope.
    pub async fn make(&self, envelope: String, admissions: &Admissions) -> Making {
        let plain = |bytes| {
            let made = Made::Body { bytes, content_type: JSON.to_owned(), headers: Vec::new() };
            Making { made, by: self.digest() }
        };
        let (slot, config) = match self {
            Self::Envelope => return plain(envelope.into_bytes()),
            Self::Missing => return Making { made: Made::Failed("its component was not made ready".into()), by: None },
            Self::Template(template, digest) => {
                return match template.fill(&value_lossy(&envelope)) {
                    Some(text) => plain(text.into_bytes()),
                    None => {
                        let why = format!("it makes more than {} MiB of this event", FILLED_MAX_BYTES >> 20);
                        Making { made: Made::Failed(why), by: Some(*digest) }
                    }
                };
            }
            Self::Component { slot, config, .. } => (slot, config),
        };
        let admission = admissions.admit_transform(slot.budget()).await;
        let file = || slot.standing().file;
        match slot.run(admission, &envelope, config.as_str()).await {
            Ok(run) => Making { made: made(run.outcome, file), by: Some(run.digest) },
            Err(NotReady::Refused) => {
                let why = format!("{} was refused; `sandclaw plugins list` says why", file());
                Making { made: Made::Failed(why), by: None }
            }
            Err(NotReady::Resting { for_ms }) => {
                let why = format!("{} crashed too often and rests", file());
                Making { made: Made::NotNow(why, Some(Millis(for_ms))), by: slot.serving() }
            }
        }
    }
}

fn made(outcome: TransformOutcome, file: impl Fn() -> String) -> Made {
    match outcome {
        TransformOutcome::Send(message) => {
            Made::Body { bytes: message.body, content_type: message.content_type, headers: message.headers }
        }
        TransformOutcome::Skip(reason) => Made::Skip(reason),
        TransformOutcome::Failed(failure) if failure.kind == FailureKind::Host => {
            Made::NotNow(format!("{}: {failure}", file()), None)
        }
        TransformOutcome::Failed(failure) => Made::Failed(format!("{}: {failure}", file())),
    }
}
