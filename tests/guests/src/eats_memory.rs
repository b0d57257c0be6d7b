//! Wicked: takes memory until there is none left.

use sandclaw_sdk::{Action, Error, Reply, Request, Session};

struct EatsMemory;

impl Action for EatsMemory {
    fn handle<S: Session>(_session: &S, _request: &Request) -> Result<Reply, Error> {
        let mut eaten: Vec<Vec<u8>> = Vec::new();
        loop {
            eaten.push(std::hint::black_box(vec![1; 1 << 20]));
        }
    }
}

sandclaw_sdk::export_action!(EatsMemory);
