//! Well-behaved: makes a flow, then ends another one, which its body names. Where that cannot be ended yet it says no, and may be asked again.

use sandclaw_sdk::{Action, Error, Flow, NewFlow, Reply, Request, Session};

struct MakesThenAsks;

impl Action for MakesThenAsks {
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
        let asked: serde_json::Value = request.json()?;
        let gate = asked["gate"].as_str().unwrap_or_default();
        let made = session.create_flow(&NewFlow::new("made by a step").to_json())?;
        let Some(gate) = session.get_flow(gate)? else {
            return Ok(Reply::refuse(404, "no_gate", "the gate is not of this session", made));
        };
        let gate = Flow::parse(&gate)?;
        if gate.status != "waiting" {
            return Ok(Reply::refuse(409, "closed", "the gate is closed", made));
        }
        session.finish_flow(&gate.flow_id, gate.revision, "{}")?;
        Ok(Reply::created(made))
    }
}

sandclaw_sdk::export_action!(MakesThenAsks);
