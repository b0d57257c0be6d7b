//! What callers see of a flow, written as JSON.

use super::Millis;
use super::view::Members;

/// What callers may see of a flow, borrowed: the store writes a row as JSON through this, without making a [`Flow`](super::Flow) of it.
/// The fields mean what those of [`Flow`](super::Flow) mean.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "they are the fields of `Flow`, borrowed")]
pub struct FlowView<'a> {
    pub id: &'a str,
    pub sync_mode: &'a str,
    /// Only ever set for the operator.
    pub owner: Option<&'a str>,
    pub controller: Option<&'a str>,
    pub current_step: Option<&'a str>,
    pub blocked_task: Option<&'a str>,
    pub blocked_summary: Option<&'a str>,
    pub revision: u64,
    pub status: &'a str,
    pub notify: &'a str,
    pub goal: &'a str,
    pub state: Option<&'a str>,
    pub wait: Option<&'a str>,
    pub cancel_requested_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub ended_at: Option<Millis>,
}

impl FlowView<'_> {
    /// Room for the names and the short values of a flow's object.
    const USUAL_BYTES: usize = 400;

    /// The JSON object, members in OpenClaw's order, unset ones absent.
    pub fn to_text(&self) -> String {
        let long = [Some(self.goal), self.state, self.wait, self.blocked_summary];
        let bytes: usize = long.into_iter().flatten().map(str::len).sum();
        let mut out = String::with_capacity(Self::USUAL_BYTES + bytes);
        self.write(&mut out);
        out
    }

    /// Appends the JSON object.
    pub fn write(&self, out: &mut String) {
        let mut members = Members::begin(out);
        members.text("flowId", self.id);
        members.text("syncMode", self.sync_mode);
        if let Some(owner) = self.owner {
            members.text("ownerKey", owner);
        }
        members.json("controllerId", self.controller);
        members.json("currentStep", self.current_step);
        members.json("blockedTaskId", self.blocked_task);
        members.json("blockedSummary", self.blocked_summary);
        members.number("revision", self.revision);
        members.text("status", self.status);
        members.text("notifyPolicy", self.notify);
        members.json("goal", Some(self.goal));
        members.json("stateJson", self.state);
        members.json("waitJson", self.wait);
        members.time("cancelRequestedAt", self.cancel_requested_at);
        members.time("createdAt", Some(self.created_at));
        members.time("updatedAt", Some(self.updated_at));
        members.time("endedAt", self.ended_at);
        members.end();
    }
}
