//! The two places that components can have: a route's, bound to its session, and an outbound endpoint's, bound to nothing. What happens to a
//! file on its way there is the same for both, and stands in `place.rs`.

use std::sync::Arc;

use tokio::sync::watch;

use super::action::{Action, Bound};
use super::announce::Announce;
use super::compile::Compiler;
use super::folder::PluginFolder;
use super::outcome::Outcome;
use super::place::{NotReady, Place, Standing, Status};
use super::source::Source;
use super::transform::{Input, Transform, TransformOutcome, TransformRun};
use super::user::User;
use super::{RequestHead, SandboxError};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::limits::{Admission, Budget};
use crate::model::{Digest, EndpointName, Grants, Millis, RouteId};
use crate::taskflow::{Once, Session};

/// One run of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRun {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a change of it was made by an earlier run of the same request.
    pub is_repeat: bool,
}

/// The place of one route's component.
pub struct Slot(Place<Action>);

impl Slot {
    /// An empty slot for a route, whose runs will all be bound to `session`. The budget is the route's; components are tried within it.
    pub fn new(
        route: RouteId,
        source: Source,
        grants: Grants,
        session: Session,
        budget: Budget,
        clock: Clock,
        announce: Announce,
    ) -> Self {
        Self(Place::new(Action { session }, User::Route(route), source, grants, budget, clock, announce))
    }

    /// How it stands.
    pub fn status(&self) -> Arc<Status> {
        self.0.status()
    }

    /// If it crashed too often and rests: until when.
    pub fn rests_until(&self) -> Option<Millis> {
        self.0.rests_until()
    }

    /// How it stands, with its name and file.
    pub fn standing(&self) -> Standing {
        self.0.standing()
    }

    /// Loads the component of the slot's source and swaps it in. On any failure the last good one goes on serving.
    pub async fn load(&self, compiler: &Compiler, folder: Option<&PluginFolder>) -> Result<(), SandboxError> {
        self.0.load(compiler, folder).await
    }

    /// Runs the component once, within the budget of the admission. `once` makes its changes count once however often the request comes.
    pub async fn run(
        &self,
        admission: Admission,
        head: Box<dyn RequestHead>,
        body: JsonText,
        once: Option<Once>,
    ) -> Result<ActionRun, NotReady> {
        let session = &self.0.kind.session;
        let session = once.map_or_else(|| session.clone(), |once| session.within(once));
        let ran = self.0.run(admission, Bound { session: session.clone(), head }, body).await?;
        Ok(ActionRun { outcome: ran.outcome.unwrap_or_else(Outcome::Failed), is_repeat: session.is_repeat() })
    }

    pub(super) fn source(&self) -> &Source {
        &self.0.source
    }
}

/// The place of one outbound endpoint's transform.
pub struct TransformSlot(Place<Transform>);

impl TransformSlot {
    /// An empty slot for an endpoint. Of the grants only `clock` and `random` count, whatever else is among them.
    pub fn new(
        endpoint: EndpointName,
        source: Source,
        grants: Grants,
        budget: Budget,
        clock: Clock,
        announce: Announce,
    ) -> Self {
        Self(Place::new(Transform, User::Endpoint(endpoint), source, grants, budget, clock, announce))
    }

    /// What one run may use: what to ask an admission for.
    pub fn budget(&self) -> Budget {
        self.0.budget
    }

    /// The component that serves now, if one does.
    pub fn serving(&self) -> Option<Digest> {
        self.status().serving
    }

    /// The digest of the component that serves, and every other one from then on. A gateway that restarts with another file sees no change
    /// here: compare with what was written down.
    pub fn swaps(&self) -> watch::Receiver<Option<Digest>> {
        self.0.swaps()
    }

    /// How it stands.
    pub fn status(&self) -> Arc<Status> {
        self.0.status()
    }

    /// If it crashed too often and rests: until when.
    pub fn rests_until(&self) -> Option<Millis> {
        self.0.rests_until()
    }

    /// How it stands, with its name and file.
    pub fn standing(&self) -> Standing {
        self.0.standing()
    }

    /// Loads the component of the slot's source and swaps it in. On any failure the last good one goes on serving.
    pub async fn load(&self, compiler: &Compiler, folder: Option<&PluginFolder>) -> Result<(), SandboxError> {
        self.0.load(compiler, folder).await
    }

    /// Runs the transform once, within the budget of the admission. Both texts are JSON: the event's envelope, and what the operator wrote for
    /// the endpoint.
    pub async fn run(&self, admission: Admission, event: &str, config: &str) -> Result<TransformRun, NotReady> {
        let input = Input { event: event.to_owned(), config: config.to_owned() };
        let ran = self.0.run(admission, (), input).await?;
        let outcome = ran.outcome.unwrap_or_else(TransformOutcome::Failed);
        Ok(TransformRun { outcome, digest: ran.digest, cost: ran.cost })
    }

    pub(super) fn source(&self) -> &Source {
        &self.0.source
    }
}
