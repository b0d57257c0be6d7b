//! The one way out of this process. Whoever sends something names an endpoint's URL and gets back what became of it: an answer, or whose
//! fault it was that there is none. Nothing is sent to an address that the operator did not allow, no redirect is followed, no proxy is
//! taken from the environment, and nothing that may have arrived is sent a second time.
//!
//! Read `client.rs` first: it is the way of one request. `connect.rs` is the only place where a socket is opened, and `allow.rs` decides.

mod address;
mod allow;
mod capture;
mod client;
mod connect;
mod connection;
mod fault;
mod json;
mod names;
mod pool;
mod retry_after;
mod target;
#[cfg(test)]
mod tests;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use crate::config::webhooks::{AllowedNet, Timeouts};
use crate::model::Timing;

pub use address::is_public;
pub use client::EndpointClient;
pub use fault::Fault;
pub use names::{Lookup, Names, SystemNames};
pub use retry_after::RetryAfter;

/// What goes out as `user-agent`.
pub const USER_AGENT: &str = concat!("sandclaw/", env!("CARGO_PKG_VERSION"));

/// The way out. Cheap to clone; all clones know the same names, certificates and listeners.
#[derive(Clone)]
pub struct Egress(Arc<Shared>);

/// What all clients have in common.
struct Shared {
    names: Arc<dyn Names>,
    tls: tls::Tls,
    own: RwLock<Vec<SocketAddr>>,
}

/// What the way out is made of.
pub struct EgressOptions {
    /// Certificates (PEM, one or more) that are trusted beside the platform's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Who knows the addresses of names.
    pub names: Arc<dyn Names>,
}

/// Why there is no way out.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The extra certificates cannot be used.
    #[error("the extra CA certificates cannot be used: {0}; the file must hold one or more PEM blocks `CERTIFICATE`")]
    ExtraCa(String),
    /// The TLS library refused its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The answer, or why there is none.
    pub result: Result<Answer, Fault>,
    /// Where the time went; parts that were not reached are `None`.
    pub timing: Timing,
    /// The address that was connected to, or else the last one that was dialled.
    pub address: Option<SocketAddr>,
}

/// What the other side said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status; any, redirects included.
    pub status: u16,
    /// The headers in their order, the first 8 KiB of them. Bytes that are no UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// When it wants to be asked again, if it says so in a way that can be read.
    pub retry_after: Option<RetryAfter>,
    /// The beginning of the body, decompressed: at most 16 KiB unless the client keeps more.
    pub body: Vec<u8>,
    /// Whether that is not all of it: it was longer, took too long or broke off. The status counts all the same.
    pub cut: bool,
}

impl Egress {
    /// Reads the platform's certificates. Where there are none, the way out is open to `http` only, and `https` says why.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let tls = tls::Tls::new(options.extra_ca_pem.as_deref())?;
        Ok(Self(Arc::new(Shared { names: options.names, tls, own: RwLock::default() })))
    }

    /// A listener of this process: no client ever sends to it, whatever it may otherwise reach.
    pub fn never_dial(&self, own: SocketAddr) {
        self.0.own.write().unwrap_or_else(PoisonError::into_inner).push(own);
    }

    /// A client for one endpoint. Its connections are its own, so that an address which one endpoint may be at is never reused by
    /// another. `max_idle` connections are kept for the next request.
    pub fn client(&self, allow: Vec<AllowedNet>, timeouts: Timeouts, max_idle: usize) -> EndpointClient {
        EndpointClient::new(self.clone(), allow, timeouts, max_idle)
    }

    fn own(&self) -> Vec<SocketAddr> {
        self.0.own.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
