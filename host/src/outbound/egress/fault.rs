//! Why there is no answer: whose doing, and a sentence. Holds nothing of the URL but its host, since paths and queries of receivers are
//! credentials (Slack, DingTalk), and nothing of what was sent.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::io::Errno;

use crate::model::AttemptOutcome;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// `Unreachable`, `Forbidden`, `Tls`, `Timeout`, `Broken` or `Host`.
    pub outcome: AttemptOutcome,
    /// One sentence for a person. Holds no secret.
    pub detail: String,
}

/// What this machine ran out of, when it refuses a connection before anybody was asked.
const OURS: [Errno; 6] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL, Errno::AGAIN];

impl Fault {
    pub(super) fn new(outcome: AttemptOutcome, detail: impl Into<String>) -> Self {
        Self { outcome, detail: detail.into() }
    }

    /// A request that cannot be made: ours to mend.
    pub(super) fn host(detail: impl Into<String>) -> Self {
        Self::new(AttemptOutcome::Host, detail)
    }

    /// A name that has no address.
    pub(super) fn name(host: &str, why: impl std::fmt::Display) -> Self {
        Self::new(AttemptOutcome::Unreachable, format!("the name {host} does not resolve: {why}"))
    }

    /// A connection that was not made.
    pub(super) fn dial(address: SocketAddr, error: &io::Error) -> Self {
        let is_ours = error.raw_os_error().is_some_and(|code| OURS.iter().any(|ours| ours.raw_os_error() == code));
        if is_ours {
            return Self::host(format!("this machine cannot open another connection to {address}: {error}"));
        }
        Self::new(AttemptOutcome::Unreachable, format!("no connection to {address}: {error}"))
    }

    /// Something that took longer than `limit`.
    pub(super) fn late(what: &str, limit: Duration) -> Self {
        Self::new(AttemptOutcome::Timeout, format!("{what} within {limit:?}"))
    }

    /// A connection that ended, or that spoke something else, before there was a whole head of an answer.
    pub(super) fn http(error: &hyper::Error) -> Self {
        let detail = if error.is_parse_too_large() {
            "the head of the answer is larger than 32 KiB or has more than 100 headers".to_owned()
        } else if error.is_parse_version_h2() {
            "the answer is HTTP/2, which was not asked for".to_owned()
        } else if error.is_parse() {
            format!("the answer is not HTTP/1: {}", innermost(error))
        } else if error.is_incomplete_message() {
            "the connection was closed before the head of the answer was complete".to_owned()
        } else {
            format!("the connection broke before the head of the answer was complete: {}", innermost(error))
        };
        Self::new(AttemptOutcome::Broken, detail)
    }
}

/// The last of the causes, which is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
