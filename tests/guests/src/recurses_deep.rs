//! Wicked: calls itself without end.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

#[inline(never)]
fn down(level: u64) -> u64 {
    let below = if std::hint::black_box(true) { down(level + 1) } else { level };
    std::hint::black_box(below) + 1
}

struct RecursesDeep;

impl Action for RecursesDeep {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        Ok(Reply::ok(down(0).to_string()))
    }
}

sandclaw_sdk::export_action!(RecursesDeep);
