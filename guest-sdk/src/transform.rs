//! The world `outbound-transform`: the trait to implement, what it decides, and the macro that exports it as a component.

use alloc::string::String;
use alloc::vec::Vec;

use crate::{Failure, Header};

/// An outbound transform: one event in, what to send out. It cannot see or choose where the message goes.
pub trait Transform {
    /// `event` is `{"id", "type", "timestamp", "instanceId", "data"}` ([`Event`](crate::Event) reads it), `config` what the operator wrote
    /// for this endpoint, both as JSON text. Keep it a pure function of the two: it is run again on recorded events and must give
    /// the same bytes. A [`Failure`] is the transform's, never the receiver's.
    fn transform(event: &str, config: &str) -> Result<Decision, Failure>;
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send this.
    Send(Message),
    /// Send nothing, for this reason; the delivery counts as done.
    Skip(String),
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bytes of the body.
    pub body: Vec<u8>,
    /// `None` is `application/json`.
    pub content_type: Option<String>,
    /// Added to the operator's, and the operator's win. Signature, credential, host and framing headers are refused.
    pub headers: Vec<Header>,
}

impl Message {
    /// A message of JSON text.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), content_type: None, headers: Vec::new() }
    }

    /// A message of plain text in UTF-8.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self { content_type: Some("text/plain; charset=utf-8".into()), ..Self::json(body) }
    }

    /// One more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.to_ascii_lowercase(), value: value.into() });
        self
    }
}

/// Makes this crate the component that writes the messages of an outbound endpoint. Outside WebAssembly it only checks the type.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export_transform {
    ($transform:ty) => {
        #[allow(unsafe_code, reason = "the exports of the component, as the canonical ABI wants them")]
        const _: () = {
            type Component = $crate::__private::TransformComponent<$transform>;
            $crate::__private::outbound_transform::export!(Component with_types_in $crate::__private::outbound_transform);
        };
    };
}

/// Makes this crate the component that writes the messages of an outbound endpoint. Outside WebAssembly it only checks the type.
///
/// ```
/// use sandclaw_sdk::{Decision, Event, Failure, Message, Transform};
///
/// struct Slack;
///
/// impl Transform for Slack {
///     fn transform(event: &str, _config: &str) -> Result<Decision, Failure> {
///         let event = Event::parse(event)?;
///         if event.kind != "flow.finished" {
///             return Ok(Decision::Skip("only finished flows are told".into()));
///         }
///         let text = serde_json::json!({"text": format!("{} is done", event.data["goal"])});
///         Ok(Decision::Send(Message::json(text.to_string())))
///     }
/// }
///
/// sandclaw_sdk::export_transform!(Slack);
///
/// let event = r#"{"id":"evt_1","type":"flow.created","timestamp":"2026-01-01T00:00:00Z","instanceId":"i","data":{}}"#;
/// assert!(matches!(Slack::transform(event, "{}"), Ok(Decision::Skip(_))));
/// ```
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export_transform {
    ($transform:ty) => {
        const _: () = {
            const fn is_a_transform<T: $crate::Transform>() {}
            is_a_transform::<$transform>()
        };
    };
}

#[cfg(target_arch = "wasm32")]
pub use component::TransformComponent;

#[cfg(target_arch = "wasm32")]
mod component {
    use core::marker::PhantomData;

    use super::{Decision, Header, Message, Transform};
    use crate::Json;
    use crate::bindings::outbound_transform::{exports::sandclaw::plugin::transform, sandclaw::plugin::types};

    /// What [`export_transform!`](crate::export_transform) exports.
    pub struct TransformComponent<T>(PhantomData<T>);

    impl<T: Transform> transform::Guest for TransformComponent<T> {
        fn transform(event: Json, config: Json) -> Result<transform::Decision, transform::Error> {
            match T::transform(&event, &config) {
                Ok(Decision::Send(message)) => Ok(transform::Decision::Send(message.into())),
                Ok(Decision::Skip(reason)) => Ok(transform::Decision::Skip(reason)),
                Err(failure) => Err(transform::Error { code: failure.code, message: failure.message }),
            }
        }
    }

    impl From<Message> for transform::Message {
        fn from(Message { body, content_type, headers }: Message) -> Self {
            let header = |Header { name, value }| types::Header { name, value };
            Self { body, content_type, headers: headers.into_iter().map(header).collect() }
        }
    }
}
