//! `plugin: x.wasm`: a route action of the operator's as a step, in a fresh sandbox, bound to the session that owns the run's flow.

use serde_json::Value;

use super::Work;
use crate::json::value_lossy;
use crate::sandbox::{NotReady, Outcome};
use crate::taskflow::Once;
use crate::workflow::engine::result::StepResult;
use crate::workflow::engine::summary::json_text;

/// From here on a status means that it did not work.
const FIRST_BAD_STATUS: u16 = 400;

pub(super) async fn run(work: &Work<'_>, file: &str, args: &Value) -> StepResult {
    let failed = |why: String| StepResult::failed("plugin", why);
    let Some(slot) = work.kit.plugins.get(&(work.plan.key().to_owned(), file.to_owned())) else {
        return failed(format!("the component {file} is not granted to this workflow"));
    };
    let admission = work.kit.admissions.admit_step(slot.budget()).await;
    // The same for the same step of the same run, in every attempt of it: what it changed is answered from its notes after a crash and after a
    // failure alike. What was refused is not noted, and so is asked for anew.
    let once = Once::delivery(&format!("workflow-step/{}", work.flow), work.path.as_str());
    match slot.run(admission, json_text(args), work.owner, once).await {
        Ok(Outcome::Replied(reply)) => {
            let json = value_lossy(reply.result.as_str());
            if reply.status < FIRST_BAD_STATUS {
                return StepResult::of_json(json);
            }
            let said = reply.error.or(reply.code).unwrap_or_default();
            StepResult { json, ..failed(format!("answered {}: {said}", reply.status)) }.told()
        }
        Ok(Outcome::InvalidRequest(why)) => failed(format!("takes no such arguments: {why}")),
        Ok(Outcome::Failed(failure)) => failed(failure.kind.sentence().to_owned()),
        Err(NotReady::Refused) => failed(format!("{file} was refused; `sandclaw plugins list` says why")),
        Err(NotReady::Resting { .. }) => failed(format!("{file} crashed too often and rests")),
    }
}
