//! Small types for the things that must not be mixed up.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The id of a route, as the operator wrote it.
    RouteId
);
text_id!(
    /// The session that owns flows. Never crosses into a guest.
    SessionKey
);
text_id!(
    /// A flow: a lower-case UUID v4, as OpenClaw makes them.
    FlowId
);
text_id!(
    /// A child task of a flow: a lower-case UUID v4.
    TaskId
);
text_id!(
    /// An event in the outbox: `evt_` and a UUID v7, so that ids sort by time.
    EventId
);
text_id!(
    /// One event on its way to one endpoint: `dlv_` and a UUID v7. The same over all its attempts.
    DeliveryId
);
text_id!(
    /// The name of an outbound endpoint, as the operator wrote it.
    EndpointName
);
text_id!(
    /// A mapping of hooks, by its place in the file and its id if it has one: `hooks.mappings[3] (github)`.
    MappingName
);
text_id!(
    /// The name of a workflow, as the operator wrote it.
    WorkflowName
);
text_id!(
    /// An agent, as the operator wrote it.
    AgentId
);
text_id!(
    /// A run of an agent: a lower-case UUID v4, as OpenClaw makes them.
    RunId
);
text_id!(
    /// A job of the operator, such as a recovery: `job_` and a UUID v7.
    JobId
);

/// 48 random bits: two of a million questions share an id once in five hundred times, and then the second is not stored.
const ASK_ID_CHARS: usize = 12;

/// Milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// Where new ids come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids;

impl Ids {
    /// A new flow id.
    pub fn flow(self) -> FlowId {
        FlowId::new(random())
    }

    /// A new task id.
    pub fn task(self) -> TaskId {
        TaskId::new(random())
    }

    /// A new run id.
    pub fn run(self) -> RunId {
        RunId::new(random())
    }

    /// A new event id.
    pub fn event(self) -> EventId {
        EventId::new(format!("evt_{}", Uuid::now_v7().simple()))
    }

    /// A new delivery id.
    pub fn delivery(self) -> DeliveryId {
        DeliveryId::new(format!("dlv_{}", Uuid::now_v7().simple()))
    }

    /// A new id of a question to a person: 12 hexadecimal digits, for somebody who types it.
    pub fn ask(self) -> String {
        Uuid::new_v4().simple().to_string()[..ASK_ID_CHARS].to_owned()
    }

    /// A new job id.
    pub fn job(self) -> JobId {
        JobId::new(format!("job_{}", Uuid::now_v7().simple()))
    }
}

fn random() -> String {
    Uuid::new_v4().hyphenated().to_string()
}
