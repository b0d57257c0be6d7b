//! Wicked: tries every function there is with the ids in its body, to reach flows of another session.

use sandclaw_sdk::{Action, Error, Json, Refusal, Reply, Request, Session};

fn told(answer: Result<Option<Json>, Refusal>) -> String {
    match answer {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(found)) => format!("found {found}"),
        Err(refusal) => format!("{} {} {}", refusal.code, refusal.message, refusal.data),
    }
}

struct TriesEveryId;

impl Action for TriesEveryId {
    fn handle<S: Session>(session: &S, request: &Request) -> Result<Reply, Error> {
        let ids: Vec<String> = request.json()?;
        let mut answers = Vec::new();
        for id in &ids {
            answers.push(told(session.get_flow(id)));
            answers.push(told(session.resolve_flow(id)));
            answers.push(told(session.get_task_summary(id)));
            answers.push(told(session.list_flows(Some(id), 1000).map(|page| Some(page.flows))));
            for revision in [0, 1, 2] {
                answers.push(told(session.set_waiting(id, revision, "{}").map(Some)));
                answers.push(told(session.resume_flow(id, revision, "{}").map(Some)));
                answers.push(told(session.finish_flow(id, revision, "{}").map(Some)));
                answers.push(told(session.fail_flow(id, revision, "{}").map(Some)));
                answers.push(told(session.request_cancel(id, revision).map(Some)));
            }
            answers.push(told(session.cancel_flow(id).map(Some)));
            answers.push(told(session.run_task(id, r#"{"runtime":"acp","task":"t"}"#).map(Some)));
        }
        answers.push(told(session.find_latest_flow()));
        answers.push(told(session.list_flows(None, 1000).map(|page| Some(page.flows))));

        Ok(Reply::ok(serde_json::to_string(&answers).unwrap_or_default()))
    }
}

sandclaw_sdk::export_action!(TriesEveryId);
