//! The places that components can have: a route's, bound to its session; a workflow's, bound to that of the run; an outbound endpoint's and a hook mapping's, bound to nothing.
//! What happens to a file on its way there is the same for all, and stands in `place.rs`.

use std::sync::Arc;

use tokio::sync::watch;

use super::action::{Action, Bound, NoRequest};
use super::announce::Announce;
use super::compile::Compiler;
use super::folder::PluginFolder;
use super::hook::{self, Hook, HookOutcome, HookRequest, HookRun};
use super::outcome::Outcome;
use super::place::{NotReady, Place, Standing, Status};
use super::source::Source;
use super::transform::{Input, Transform, TransformOutcome, TransformRun};
use super::user::User;
use super::{RequestHead, SandboxError};
use crate::clock::Clock;
use crate::json::JsonText;
use crate::limits::{Admission, Budget};
use crate::model::{Digest, EndpointName, Grants, MappingName, Millis, RouteId, SessionKey, WorkflowName};
use crate::taskflow::{Once, Session};

/// One run of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRun {
    /// How it ended.
    pub outcome: Outcome,
    /// Whether a change of it was made by an earlier run of the same request.
    pub is_repeat: bool,
}

/// A place for components of one kind, and what can be asked of any.
macro_rules! slot {
    ($(#[$doc:meta])* $name:ident of $kind:ty) => {
        $(#[$doc])*
        pub struct $name(Place<$kind>);

        impl $name {
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

            pub(super) fn source(&self) -> &Source {
                &self.0.source
            }
        }
    };
}

slot!(
    /// The place of one route's component.
    Slot of Action
);
slot!(
    /// The place of one outbound endpoint's transform.
    TransformSlot of Transform
);
slot!(
    /// The place of one hook mapping's transform.
    HookSlot of Hook
);
slot!(
    /// The place of a route action that is a step of a workflow: one for each workflow and file.
    StepSlot of Action
);

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
        run_in(&self.0, admission, head, body, session).await
    }
}

impl StepSlot {
    /// An empty slot for the steps of a workflow that name this component. It is tried in `session`; each run is bound to its own.
    pub fn new(
        workflow: WorkflowName,
        source: Source,
        grants: Grants,
        session: Session,
        budget: Budget,
        clock: Clock,
        announce: Announce,
    ) -> Self {
        Self(Place::new(Action { session }, User::Workflow(workflow), source, grants, budget, clock, announce))
    }

    /// Runs the component once, within the budget of the admission (`Admissions::admit_step`). The body is the step's arguments. There is no request: no
    /// headers, an empty query; what it reads as the id of its route is the name of the workflow. `owner` is the session that owns the flow of the
    /// workflow's run, and the only one that the component reaches. `once` names the step of its run, so that a step which is run again after a crash
    /// changes nothing twice.
    pub async fn run(
        &self,
        admission: Admission,
        body: JsonText,
        owner: &SessionKey,
        once: Once,
    ) -> Result<Outcome, NotReady> {
        let session = self.0.kind.session.of(owner.clone()).within(once);
        Ok(run_in(&self.0, admission, Box::new(NoRequest), body, session).await?.outcome)
    }
}

async fn run_in(
    place: &Place<Action>,
    admission: Admission,
    head: Box<dyn RequestHead>,
    body: JsonText,
    session: Session,
) -> Result<ActionRun, NotReady> {
    let ran = place.run(admission, Bound { session: session.clone(), head }, body).await?;
    Ok(ActionRun { outcome: ran.outcome.unwrap_or_else(Outcome::Failed), is_repeat: session.is_repeat() })
}

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

    /// Runs the transform once, within the budget of the admission. Both texts are JSON: the event's envelope, and what the operator wrote for
    /// the endpoint.
    pub async fn run(&self, admission: Admission, event: &str, config: &str) -> Result<TransformRun, NotReady> {
        let input = Input { event: event.to_owned(), config: config.to_owned() };
        let ran = self.0.run(admission, (), input).await?;
        let outcome = ran.outcome.unwrap_or_else(TransformOutcome::Failed);
        Ok(TransformRun { outcome, digest: ran.digest, cost: ran.cost })
    }
}

impl HookSlot {
    /// An empty slot for a mapping. Of the grants only `clock` and `random` count, whatever else is among them.
    pub fn new(
        mapping: MappingName,
        source: Source,
        grants: Grants,
        budget: Budget,
        clock: Clock,
        announce: Announce,
    ) -> Self {
        Self(Place::new(Hook, User::Mapping(mapping), source, grants, budget, clock, announce))
    }

    /// Runs the transform once on an authenticated request, within the budget of the admission. `config` is JSON: what the operator wrote for the
    /// mapping, `null` if nothing.
    pub async fn run(&self, admission: Admission, request: HookRequest, config: &str) -> Result<HookRun, NotReady> {
        let ran = self.0.run(admission, (), hook::Input::new(request, config)).await?;
        let outcome = ran.outcome.unwrap_or_else(HookOutcome::Failed);
        Ok(HookRun { outcome, digest: ran.digest, cost: ran.cost })
    }
}
