//! Write a route action, an outbound transform or a hook transform for sandclaw in a page of Rust, and test it without a host.
//!
//! A **route action** gets the body of one authenticated POST and answers it; in between it may look at and change the flows
//! of *its* session, which the host has bound before the action starts: there is no way to name another. An **outbound
//! transform** turns one event into the message that goes out, and sees nothing else. A **hook transform** decides what becomes of one request
//! to an agent hook, and acts only through its answer.
//!
//! # A route action
//!
//! ```
//! use sandclaw_sdk::{Action, Error, NewFlow, Reply, Request, Session};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Alert {
//!     title: String,
//! }
//!
//! struct OpenAlert;
//!
//! impl Action for OpenAlert {
//!     fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
//!         let alert: Alert = request.json()?; // the caller's mistake: 400 with what is wrong
//!         let flow = session.create_flow(&NewFlow::new(&alert.title).current_step("triage").to_json())?;
//!         Ok(Reply::created(flow))
//!     }
//! }
//!
//! sandclaw_sdk::export_action!(OpenAlert);
//!
//! // `cargo test` runs the same code against a session in memory.
//! use sandclaw_sdk::testing::MemorySession;
//! let session = MemorySession::new();
//!
//! let reply = OpenAlert::handle(&session, &Request::new(r#"{"title":"disk full"}"#)).unwrap();
//! assert_eq!(reply.status, 201);
//! assert!(reply.result.contains(r#""goal":"disk full""#));
//!
//! let error = OpenAlert::handle(&session, &Request::new("{}")).unwrap_err();
//! assert_eq!(error.to_string(), "missing field `title` at line 1 column 2");
//! ```
//!
//! The crate it lives in is a `cdylib` (and an `rlib`, for its tests), built with
//! `cargo build --release --target wasm32-wasip2`. The `.wasm` file is the plugin: put it into the plugin folder, bind it to a route,
//! and grant what it needs. `plugins/hello-route` is a complete one.
//!
//! # An outbound transform
//!
//! [`Transform`] is one function of two texts: the event and the operator's config for the endpoint. [`Event`] reads the first and
//! [tells it to people](Event::summary), [`Settings`] takes the second member by member, [`text`] cleans and cuts what others wrote.
//! `plugins/slack` is a complete one; [`export_transform!`] shows the smallest.
//!
//! # A hook transform
//!
//! [`HookTransform`] is one function of the request ([`HookRequest`]) and the operator's config for the mapping. It leaves the mapping's action as it
//! is, drops the request, or overrides members of the action ([`HookDecision`]). `plugins/github-hook` is a complete one;
//! [`export_hook_transform!`] shows the smallest.
//!
//! # What it needs is what it calls
//!
//! The component imports exactly the functions that the code can reach, and the host reads the need from there. The example
//! above calls [`Session::create_flow`] and needs the grant `flow/create`; it could not list flows if it wanted to. That is why
//! [`Action::handle`] is generic: a `dyn Session` would reach all thirteen functions, and so need every grant there is.
//!
//! | calls | grant |
//! |---|---|
//! | [`get_flow`](Session::get_flow), [`list_flows`](Session::list_flows), [`find_latest_flow`](Session::find_latest_flow), [`resolve_flow`](Session::resolve_flow), [`get_task_summary`](Session::get_task_summary) | `flow/read` |
//! | [`create_flow`](Session::create_flow) | `flow/create` |
//! | [`set_waiting`](Session::set_waiting), [`resume_flow`](Session::resume_flow), [`finish_flow`](Session::finish_flow), [`fail_flow`](Session::fail_flow) | `flow/change` |
//! | [`request_cancel`](Session::request_cancel), [`cancel_flow`](Session::cancel_flow) | `flow/cancel` |
//! | [`run_task`](Session::run_task) | `task/run` |
//! | [`log`], and all of [`Request`] | none |
//!
//! # Shapes and units
//!
//! Data that may grow crosses as JSON text ([`Json`]); [`Flow`], [`NewFlow`], [`NewTask`] and [`Change`] read and write it, and you may
//! read and write it with anything else. Times are milliseconds since 1970, revisions count from 0.
//!
//! # When it goes wrong
//!
//! `?` does the ordinary thing with every [`Error`]: what the caller sent wrong is answered 400, what TaskFlow refused is answered as the
//! built-in actions answer it (404, 409, 503), and your own failure 500. A panic is a trap: the caller gets a 500, the operator
//! a line in the log, and repeated ones put the plugin aside. There is nothing to clean up: every call gets a fresh instance.
//!
//! # Crate features
//!
//! `json` (default): everything typed, with serde. Without it, and with [`lean_runtime!`], a guest needs no `std`, imports nothing but the
//! functions it calls, and starts in one page of memory: `plugins/taskflow-actions` is such a one. Build that kind by itself: in
//! one `cargo build` with others, cargo merges their features, and it gets what they need.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod action;
#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod bound;
mod error;
#[cfg(feature = "json")]
mod event;
#[cfg(feature = "json")]
mod flow;
mod hook;
mod lean;
pub mod log;
#[cfg(feature = "json")]
mod mend;
mod request;
mod session;
#[cfg(feature = "json")]
mod settings;
#[cfg(feature = "json")]
mod summary;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
#[cfg(feature = "json")]
pub mod text;
mod transform;

pub use action::{Action, Reply};
#[cfg(target_arch = "wasm32")]
pub use bound::Bound;
pub use error::{Error, Failure, Refusal};
#[cfg(feature = "json")]
pub use event::Event;
#[cfg(feature = "json")]
pub use flow::{Change, Flow, NewFlow, NewTask};
pub use hook::{HookDecision, HookRequest, HookTransform};
pub use request::{Header, Request};
pub use session::{Page, Session};
#[cfg(feature = "json")]
pub use settings::Settings;
#[cfg(feature = "json")]
pub use summary::{Summary, Tone};
pub use transform::{Decision, Message, Transform};

/// One JSON value as text. What the host hands out is canonical: no white space between tokens, no duplicate members, numbers
/// as ECMAScript prints them. What you hand in may be any valid JSON of at most 1 000 levels.
pub type Json = alloc::string::String;

/// What the macros of this crate expand to; no part of its interface.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod __private {
    pub use crate::action::ActionComponent;
    pub use crate::bindings::{hook_transform, outbound_transform, route_action};
    pub use crate::hook::HookTransformComponent;
    pub use crate::lean::Bump;
    pub use crate::transform::TransformComponent;
}
