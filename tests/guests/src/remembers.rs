//! Well-behaved: counts its own calls in a static, which a fresh instance must have forgotten.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

use std::sync::atomic::{AtomicU32, Ordering};

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Remembers;

impl Action for Remembers {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Reply::ok(calls.to_string()))
    }
}

sandclaw_sdk::export_action!(Remembers);
