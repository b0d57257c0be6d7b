//! Wicked: calls the host without end.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct FloodsHostCalls;

impl Action for FloodsHostCalls {
    fn handle<S: Session>(_session: &S, request: &Request) -> Result<Reply, Error> {
        loop {
            std::hint::black_box(request.route_id());
        }
    }
}

sandclaw_sdk::export_action!(FloodsHostCalls);
