//! What became of the trial of a hook transform, for people and for programs.

use serde_json::{Value, json};

use super::super::output::{self, BAD, GOOD, WARN};
use super::cost;
use super::text::pretty;
use crate::app::HookTried;
use crate::model::visible;
use crate::sandbox::HookOutcome;

/// For people.
pub(super) fn print(tried: &HookTried) {
    let (run, limits) = match tried {
        HookTried::Refused(reason) => return output::print(&format!("{BAD}refused{BAD:#}    {reason}")),
        HookTried::Ran { run, limits } => (run, limits),
    };
    match &run.outcome {
        HookOutcome::Unchanged => {
            output::print(&format!("{GOOD}unchanged{GOOD:#}  the mapping's action is carried out as it stands"));
        }
        HookOutcome::Skip => {
            output::print(&format!("{WARN}skip{WARN:#}       nothing is done; the sender is answered 204"))
        }
        HookOutcome::Override(members) => {
            let text = pretty(members.as_str()).unwrap_or_else(|| members.as_str().to_owned());
            output::print(&format!("{GOOD}override{GOOD:#}   of the mapping's action\n\n{}\n", visible(&text)));
        }
        HookOutcome::Failed(failure) => output::print(&format!("{BAD}failed{BAD:#}     {failure}")),
    }
    output::print(&format!("component  {}", run.digest));
    cost::print(&run.cost, limits);
}

/// For programs. `override` is JSON text: its strings may hold what not every reader takes.
pub(super) fn as_json(tried: &HookTried) -> Value {
    let (run, limits) = match tried {
        HookTried::Refused(reason) => return json!({ "outcome": "refused", "reason": reason }),
        HookTried::Ran { run, limits } => (run, limits),
    };
    let mut value = match &run.outcome {
        HookOutcome::Unchanged => json!({ "outcome": "unchanged" }),
        HookOutcome::Skip => json!({ "outcome": "skip" }),
        HookOutcome::Override(members) => json!({ "outcome": "override", "override": members.as_str() }),
        HookOutcome::Failed(failure) => {
            json!({ "outcome": "failed", "failure": failure.kind.as_str(), "reason": failure.detail })
        }
    };
    value["component"] = json!(run.digest.to_string());
    value["cost"] = cost::as_json(&run.cost, limits);
    value
}
