//! The world `route-action`: the trait to implement, the answer to give, and the macro that exports both as a component.

use alloc::string::String;

use crate::{Error, Json, Refusal, Request, Session};

/// A route action: the body of one authenticated POST in, the answer out.
pub trait Action {
    /// Called once in a fresh instance; nothing is left of earlier calls and nothing is kept for later ones. It ends at its
    /// deadline and at its limits of CPU, memory, output, logs and host calls; what was already changed stays changed.
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error>;
}

/// The answer. The host writes the envelope around it, the content type and every header: below 400 `{"ok": true, "routeId",
/// "code"?, "result"}`, from 400 on `{"ok": false, "routeId", "code", "error", "result"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status: 200, 201, 202, 400, 403, 404, 409, 410, 422, 429 or 503. With any other, the caller gets a 500.
    pub status: u16,
    /// For programs: lower-case words joined by `_`.
    pub code: Option<String>,
    /// For people; only used from status 400 on.
    pub error: Option<String>,
    /// Any JSON value.
    pub result: Json,
}

impl Reply {
    /// 200 with this JSON value.
    pub fn ok(result: impl Into<Json>) -> Self {
        Self { status: 200, code: None, error: None, result: result.into() }
    }

    /// 201 with this JSON value.
    pub fn created(result: impl Into<Json>) -> Self {
        Self { status: 201, ..Self::ok(result) }
    }

    /// 202 with a code and this JSON value: understood, and not done yet.
    pub fn accepted(code: impl Into<String>, result: impl Into<Json>) -> Self {
        Self { status: 202, code: Some(code.into()), ..Self::ok(result) }
    }

    /// An answer that says no: a status from 400 on, a code, a sentence, a JSON value.
    pub fn refuse(status: u16, code: impl Into<String>, error: impl Into<String>, result: impl Into<Json>) -> Self {
        Self { status, code: Some(code.into()), error: Some(error.into()), result: result.into() }
    }

    /// What TaskFlow refused, as the built-in actions answer it: 404 `not_found`, 400 `invalid_argument`, 503 `persist_failed`, 409 for all else;
    /// the result is what is known of the flow.
    pub fn refused(refusal: Refusal) -> Self {
        let status = match refusal.code.as_str() {
            "not_found" => 404,
            "invalid_argument" => 400,
            "persist_failed" => 503,
            _ => 409,
        };
        Self::refuse(status, refusal.code, refusal.message, refusal.data)
    }
}

/// Makes this crate the component that answers routes with an [`Action`]. Outside WebAssembly it only checks the type.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export_action {
    ($action:ty) => {
        #[allow(unsafe_code, reason = "the exports of the component, as the canonical ABI wants them")]
        const _: () = {
            type Component = $crate::__private::ActionComponent<$action>;
    $crate::__private::route_action::export!(Component with_types_in $crate::__private::route_action);
        };
    };
}

/// Makes this crate the component that answers routes with an [`Action`]. Outside WebAssembly it only checks the type.
///
/// ```
/// # use sandclaw_sdk::{Action, Error, Reply, Request, Session};
/// struct Ping;
///
/// impl Action for Ping {
///     fn handle<S: Session>(_: &S, _: &Request) -> Result<Reply, Error> {
///         Ok(Reply::ok(r#""pong""#))
///     }
/// }
///
/// sandclaw_sdk::export_action!(Ping);
/// ```
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export_action {
    ($action:ty) => {
        const _: () = {
            const fn is_an_action<A: $crate::Action>() {}
            is_an_action::<$action>()
        };
    };
}

#[cfg(target_arch = "wasm32")]
pub use component::ActionComponent;

#[cfg(target_arch = "wasm32")]
mod component {
    use core::marker::PhantomData;

    use super::{Action, Json, Reply};
    use crate::bindings::route_action::exports::sandclaw::plugin::action;
    use crate::{Bound, Error, Request};

    /// What [`export_action!`](crate::export_action) exports.
    pub struct ActionComponent<A>(PhantomData<A>);

    impl<A: Action> action::Guest for ActionComponent<A> {
        fn handle(body: Json) -> Result<action::Reply, action::Error> {
            match A::handle(&Bound, &Request::new(body)) {
                Ok(reply) => Ok(reply.into()),
                Err(Error::Refused(refusal)) => Ok(Reply::refused(refusal).into()),
                Err(Error::Invalid(message)) => Err(action::Error { code: "invalid_request".into(), message }),
                Err(Error::Failed(failure)) => Err(action::Error { code: failure.code, message: failure.message }),
            }
        }
    }

    impl From<Reply> for action::Reply {
        fn from(Reply { status, code, error, result }: Reply) -> Self {
            Self { status, code, error, result }
        }
    }
}
