//! Wicked: computes and never ends.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct SpinsForever;

impl Action for SpinsForever {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let mut round: u64 = 0;
        loop {
            round = std::hint::black_box(round.wrapping_add(1));
        }
    }
}

sandclaw_sdk::export_action!(SpinsForever);
