//! Well-behaved: keeps what comes as the state of a new flow, which is named after the delivery and stands at the event.

use sandclaw_sdk::{Action, Error, NewFlow, Reply, Request, Session};

struct KeepsWhatComes;

impl Action for KeepsWhatComes {
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
        let delivery = request.header("X-GitHub-Delivery").unwrap_or_else(|| "without a name".into());
        let event = request.header("X-GitHub-Event").unwrap_or_default();
        let flow = NewFlow::new(&delivery).current_step(&event).state_json(request.json()?);
        Ok(Reply::created(session.create_flow(&flow.to_json())?))
    }
}

sandclaw_sdk::export_action!(KeepsWhatComes);
