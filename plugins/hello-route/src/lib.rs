//! Says hello, and opens a flow in the route's session to say hello properly.

use sandclaw_sdk::{Action, Error, Flow, NewFlow, Reply, Request, Session, log};
use serde::Deserialize;
use serde_json::json;

struct Hello;

/// What is posted.
#[derive(Deserialize)]
struct Greeting {
    name: String,
}

impl Action for Hello {
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
        let greeting: Greeting = request.json()?;
        let name = greeting.name.trim();
        if name.is_empty() {
            return Err(Error::invalid("name: say who is to be greeted"));
        }

        let fields = NewFlow::new(&format!("Greet {name}")).current_step("greet").state_json(json!({"name": name}));
        let flow = Flow::parse(&session.create_flow(&fields.to_json())?)?;
        log::info("hello", &format!("flow {} will greet {name}", flow.flow_id));

        let result = json!({"flowId": flow.flow_id, "greeting": format!("Hello, {name}!")});
        Ok(Reply::created(result.to_string()))
    }
}

sandclaw_sdk::export_action!(Hello);

#[cfg(test)]
mod tests {
    use super::*;
    use sandclaw_sdk::testing::MemorySession;

    #[test]
    fn a_greeting_opens_a_flow() {
        let session = MemorySession::new();
        let reply = Hello::handle(&session, &Request::new(r#"{"name":" Ada "}"#)).unwrap();
        let flow = Flow::parse(&session.find_latest_flow().unwrap().unwrap()).unwrap();
        assert_eq!(reply.status, 201);
        assert_eq!(reply.result, format!(r#"{{"flowId":"{}","greeting":"Hello, Ada!"}}"#, flow.flow_id));
        assert_eq!((flow.goal.as_str(), flow.state_json), ("Greet Ada", Some(json!({"name": "Ada"}))));
    }

    #[test]
    fn nobody_cannot_be_greeted() {
        for body in [r#"{"name":" "}"#, "{}", "[]", "5"] {
            let session = MemorySession::new();
            let outcome = Hello::handle(&session, &Request::new(body));
            assert!(matches!(outcome, Err(Error::Invalid(_))), "{body}: {outcome:?}");
            assert_eq!(session.find_latest_flow(), Ok(None));
        }
    }

    #[test]
    fn a_full_disk_is_answered_as_such() {
        let session = MemorySession::new();
        session.refuse_next("persist_failed", "TaskFlow persistence failed.");
        let outcome = Hello::handle(&session, &Request::new(r#"{"name":"Ada"}"#));
        assert!(matches!(outcome, Err(Error::Refused(refusal)) if refusal.code == "persist_failed"));
    }
}
