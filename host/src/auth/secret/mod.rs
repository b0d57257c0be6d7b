//! Secrets: from a name in the config to a value that requests are compared with. A value is never printed, logged or
//! put into an error; what leaves this room is whether a presented secret matches.

mod credential;
mod exec;
mod file;
mod resolver;
mod route_secret;
#[cfg(test)]
mod tests;
mod watch;

pub use credential::Credential;
pub use resolver::{Reason, Resolver, Unresolved};
pub use route_secret::{RouteSecret, SecretState};
pub use watch::{SecretWatch, refresh_loop};
