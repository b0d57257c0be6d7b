//! Who is calling: secrets are resolved and kept fresh here, credentials compared, addresses of clients found out. What
//! comes out is a [`Caller`], the only proof of a checked credential; the rooms below ask for it.

mod caller;
mod client_address;
pub mod mac;
pub mod scheme;
pub mod secret;

pub use caller::{Caller, Unauthorized, authenticate, presented_secret};
pub use client_address::{Forwarded, client_address};

/// The header that carries a route's secret, if it does not come as Bearer.
pub const SECRET_HEADER: &str = "x-openclaw-webhook-secret";
/// The header that carries the token of OpenClaw's hooks and of the door for events, if it does not come as Bearer.
pub const TOKEN_HEADER: &str = "x-openclaw-token";
